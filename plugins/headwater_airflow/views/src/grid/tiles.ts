/** The grid's data, fetched in tiles of products and periods as they come into sight. */

import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Counts, Grid, GridRow, Unit } from "../api/answers";
import { type ApiError, get, missionPath } from "../api/client";
import { FRESH_MS } from "../queries";
import { firstDay, isoDate, lastDay } from "./periods";

/** Periods of a tile: a screen's width of days, half a year of weeks, a year of months. */
const ACROSS: Record<Unit, number> = { day: 84, week: 26, month: 12 };
/** Products of a tile; so none is larger than what the server tells at once. */
const DOWN = 40;

/** The rows and periods that are looked at, both ends included. */
export interface Sight {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** What is known of the cells, whichever tiles have come. */
export interface Cells {
  /** The event up to which all of it is known; none while nothing is. */
  asOf: number | null;
  error: ApiError | null;
  letter(row: number, period: number): string | undefined;
  counts(row: number, period: number): Counts | undefined;
}

interface Tile {
  down: number;
  across: number;
}

/** The tiles that a sight touches. */
export function tilesOf(sight: Sight, unit: Unit): Tile[] {
  const wide = ACROSS[unit];
  const found: Tile[] = [];
  for (let down = Math.floor(sight.top / DOWN); down <= sight.bottom / DOWN; down += 1) {
    for (let across = Math.floor(sight.left / wide); across <= sight.right / wide; across += 1) {
      found.push({ down, across });
    }
  }
  return found;
}

function query(mission: string, unit: Unit, names: readonly string[], tile: Tile) {
  const wide = ACROSS[unit];
  const product = names.slice(tile.down * DOWN, (tile.down + 1) * DOWN);
  const first = isoDate(firstDay(tile.across * wide, unit));
  const last = isoDate(lastDay((tile.across + 1) * wide - 1, unit));
  return {
    queryKey: ["grid", mission, unit, tile.across, product] as const,
    queryFn: () => get<Grid>(missionPath(mission, "grid"), { unit, first, last, product }),
    refetchInterval: FRESH_MS,
    placeholderData: keepPreviousData,
    enabled: product.length > 0,
  };
}

/** The cells in sight. */
export function useCells(
  mission: string,
  unit: Unit,
  names: readonly string[],
  sight: Sight,
): Cells {
  const { top, bottom, left, right } = sight;
  const tiles = useMemo(
    () => tilesOf({ top, bottom, left, right }, unit),
    [top, bottom, left, right, unit],
  );
  const answers = useQueries({ queries: tiles.map((tile) => query(mission, unit, names, tile)) });
  const known = new Map(
    tiles.map((tile, at) => [`${tile.down} ${tile.across}`, answers[at]?.data]),
  );
  const grids = answers.flatMap((answer) => (answer.data ? [answer.data] : []));
  const wide = ACROSS[unit];
  const find = (row: number, period: number): [GridRow | undefined, number] => {
    const across = Math.floor(period / wide);
    const grid = known.get(`${Math.floor(row / DOWN)} ${across}`);
    return [grid?.products.find((one) => one.name === names[row]), period - across * wide];
  };
  return {
    asOf: grids.length ? Math.min(...grids.map((grid) => grid.as_of)) : null,
    error: (answers.find((answer) => answer.error)?.error as ApiError | undefined) ?? null,
    letter: (row, period) => {
      const [found, at] = find(row, period);
      return found?.states[at];
    },
    counts: (row, period) => {
      const [found, at] = find(row, period);
      return found?.counts?.[at];
    },
  };
}
