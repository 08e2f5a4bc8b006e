/** What the grid shows, kept in the address, so that a link brings it back. */

import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";
import type { Unit } from "../api/answers";
import { dayNumber, firstDay, isoDate, periodOf, today } from "./periods";

const UNITS: readonly Unit[] = ["day", "week", "month"];
/** A mission whose last file is older by so many days is of the past. */
const LONG_AGO = 60;
const AFTER_IT = 7;

export interface View {
  mission: string | null;
  unit: Unit;
  /** The day at the right edge when the page was opened, or was gone to; none for the latest. */
  day: number | null;
  /** Part of the names of the products to show. */
  find: string;
  /** The chosen cells: `product@date`, from and to. */
  from: string | null;
  to: string | null;
}

export function useView(): [View, (changes: Partial<Record<keyof View, string | null>>) => void] {
  const [words, setWords] = useSearchParams();
  const view = useMemo(() => read(words), [words]);
  const change = useCallback(
    (changes: Partial<Record<keyof View, string | null>>) => {
      setWords(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value) after.set(name, value);
            else after.delete(name);
          }
          return after;
        },
        { replace: true },
      );
    },
    [setWords],
  );
  return [view, change];
}

function read(words: URLSearchParams): View {
  const unit = UNITS.find((one) => one === words.get("unit")) ?? "day";
  return {
    mission: words.get("mission"),
    unit,
    day: dayOrNone(words.get("day")),
    find: words.get("find") ?? "",
    from: words.get("from"),
    to: words.get("to"),
  };
}

/** The latest day worth a look: today, or, of a mission of the past, soon after its last file. */
export function latestDay(last: string | null): number {
  const now = today();
  return last && now - dayNumber(last) > LONG_AGO ? dayNumber(last) + AFTER_IT : now;
}

function dayOrNone(text: string | null): number | null {
  const day = dayOr(text, Number.NaN);
  return Number.isNaN(day) ? null : day;
}

export function dayOr(text: string | null, otherwise: number): number {
  if (!text) return otherwise;
  try {
    return dayNumber(text);
  } catch {
    return otherwise;
  }
}

/** A cell as the address names it. */
export function cellWord(product: string, period: number, unit: Unit): string {
  return `${product}@${isoDate(firstDay(period, unit))}`;
}

/** The row and period that an address names, if the product is among `names`. */
export function placeOfWord(word: string | null, names: readonly string[], unit: Unit) {
  const at = word?.lastIndexOf("@") ?? -1;
  if (!word || at < 0) return null;
  const row = names.indexOf(word.slice(0, at));
  const day = dayOr(word.slice(at + 1), Number.NaN);
  return row < 0 || Number.isNaN(day) ? null : { row, period: periodOf(day, unit) };
}
