import { QueryClient } from "@tanstack/react-query";
import { passes } from "./api/client";

/** What the pages have fetched; asked for again by itself where that may help. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (_, error) => passes(error),
      retryDelay: 5_000,
    },
  },
});
