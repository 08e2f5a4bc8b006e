/** The grid's data, fetched in blocks of periods as they come into sight. */

import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Counts, Grid, GridProduct, Unit } from "../api/answers";
import { type ApiError, get } from "../api/client";
import { firstDay, isoDate, lastDay } from "./periods";

/** Periods of one block: a screen's width of days, so that scrolling fetches one or two. */
export const BLOCK = 84;
const FRESH_MS = 10_000;

/** What is known of the cells, whichever blocks have come. */
export interface Cells {
  products: GridProduct[];
  /** The event up to which all of it is known; none while nothing is. */
  asOf: number | null;
  loading: boolean;
  error: ApiError | null;
  letter(product: string, period: number): string | undefined;
  counts(product: string, period: number): Counts | undefined;
}

function gridOf(mission: string, unit: Unit, block: number) {
  const first = isoDate(firstDay(block * BLOCK, unit));
  const last = isoDate(lastDay(block * BLOCK + BLOCK - 1, unit));
  return {
    queryKey: ["grid", mission, unit, block] as const,
    queryFn: () => get<Grid>(`missions/${encodeURIComponent(mission)}/grid`, { unit, first, last }),
    refetchInterval: FRESH_MS,
    placeholderData: keepPreviousData,
  };
}

/** The cells of the periods from `left` to `right`, and of blocks that were in sight before. */
export function useCells(mission: string, unit: Unit, left: number, right: number): Cells {
  const numbers = useMemo(() => {
    const first = Math.floor(left / BLOCK);
    const last = Math.floor(right / BLOCK);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  }, [left, right]);
  const answers = useQueries({ queries: numbers.map((block) => gridOf(mission, unit, block)) });
  const known = new Map(numbers.map((block, at) => [block, answers[at]?.data]));
  const grids = answers.flatMap((answer) => (answer.data ? [answer.data] : []));
  const of = (product: string, period: number): [GridProduct | undefined, number] => {
    const grid = known.get(Math.floor(period / BLOCK));
    const at = period - Math.floor(period / BLOCK) * BLOCK;
    return [grid?.products.find((one) => one.name === product), at];
  };
  return {
    products: grids[0]?.products ?? [],
    asOf: grids.length ? Math.min(...grids.map((grid) => grid.as_of)) : null,
    loading: answers.some((answer) => answer.isPending),
    error: (answers.find((answer) => answer.error)?.error as ApiError | undefined) ?? null,
    letter: (product, period) => {
      const [row, at] = of(product, period);
      return row?.states[at];
    },
    counts: (product, period) => {
      const [row, at] = of(product, period);
      return row?.counts?.[at];
    },
  };
}

/** One answer that is asked for again while it is looked at. */
export function useAnswer<T>(key: readonly unknown[], path: string | null) {
  return useQuery({
    queryKey: key,
    queryFn: () => get<T>(path ?? ""),
    enabled: path !== null,
    refetchInterval: FRESH_MS,
  });
}
