/** What the pages have fetched, and how they ask again. */

import { QueryClient, useQuery } from "@tanstack/react-query";
import { get, passes, type Values } from "./api/client";

/** What is looked at is asked for again so often. */
export const FRESH_MS = 10_000;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (_, error) => passes(error),
      retryDelay: 5_000,
    },
  },
});

/** One answer that is asked for again while it is looked at; none is asked for without a path. */
export function useAnswer<T>(path: string | null, values: Values = {}) {
  return useQuery({
    queryKey: ["answer", path, values],
    queryFn: () => get<T>(path ?? "", values),
    enabled: path !== null,
    refetchInterval: FRESH_MS,
  });
}
