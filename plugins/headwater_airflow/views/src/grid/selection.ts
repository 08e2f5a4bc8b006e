/** A rectangle of cells: from where it was begun to where it has come. */

import type { Unit } from "../api/answers";
import { firstDay, isoDate, lastDay, periodName } from "./periods";

/** A cell by the number of its row and of its period. */
export interface Place {
  row: number;
  period: number;
}

export interface Selection {
  anchor: Place;
  focus: Place;
}

/** A selection as the API and people know it. */
export interface Chosen {
  products: string[];
  first: string;
  last: string;
  cells: number;
  name: string;
}

export function rows(selection: Selection): [number, number] {
  return ordered(selection.anchor.row, selection.focus.row);
}

export function periods(selection: Selection): [number, number] {
  return ordered(selection.anchor.period, selection.focus.period);
}

function ordered(one: number, other: number): [number, number] {
  return one <= other ? [one, other] : [other, one];
}

export function holds(selection: Selection | null, row: number, period: number): boolean {
  if (!selection) return false;
  const [top, bottom] = rows(selection);
  const [left, right] = periods(selection);
  return top <= row && row <= bottom && left <= period && period <= right;
}

export function isSingle(selection: Selection): boolean {
  return (
    selection.anchor.row === selection.focus.row &&
    selection.anchor.period === selection.focus.period
  );
}

export function chosen(selection: Selection, all: readonly string[], unit: Unit): Chosen {
  const [top, bottom] = rows(selection);
  const [left, right] = periods(selection);
  const names = all.slice(top, bottom + 1);
  const span =
    left === right
      ? periodName(left, unit)
      : `${periodName(left, unit)} to ${periodName(right, unit)}`;
  const what = names.length === 1 ? names[0] : `${names.length} products`;
  return {
    products: names,
    first: isoDate(firstDay(left, unit)),
    last: isoDate(lastDay(right, unit)),
    cells: names.length * (right - left + 1),
    name: `${what}, ${span}`,
  };
}

const MOVES: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [0, -28],
  PageDown: [0, 28],
};

/** Where a key leads, kept inside the grid; none for a key that moves nothing. */
export function moved(
  key: string,
  from: Place,
  rowCount: number,
  reach: readonly [number, number],
): Place | null {
  if (key === "Home") return { row: from.row, period: reach[0] };
  if (key === "End") return { row: from.row, period: reach[1] };
  const move = MOVES[key];
  if (!move) return null;
  return {
    row: Math.min(Math.max(from.row + move[0], 0), rowCount - 1),
    period: Math.min(Math.max(from.period + move[1], reach[0]), reach[1]),
  };
}
