/** Days, ISO weeks and months as whole numbers, so that columns are counted and not dated. */

import type { Unit } from "../api/answers";

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: so many days after the Monday of its week. */
const THURSDAY = 3;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The number of days from 1970-01-01 to an ISO date, UTC. */
export function dayNumber(date: string): number {
  const day = Date.parse(`${date}T00:00:00Z`) / DAY_MS;
  if (!Number.isInteger(day)) throw new RangeError(`${date} is no date`);
  return day;
}

export function isoDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function today(): number {
  return Math.floor(Date.now() / DAY_MS);
}

/** The number of the period that holds a day. */
export function periodOf(day: number, unit: Unit): number {
  if (unit === "day") return day;
  if (unit === "week") return Math.floor((day + THURSDAY) / 7);
  const date = new Date(day * DAY_MS);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** The first day of a period. */
export function firstDay(period: number, unit: Unit): number {
  if (unit === "day") return period;
  if (unit === "week") return period * 7 - THURSDAY;
  return Date.UTC(Math.floor(period / 12), period % 12) / DAY_MS;
}

export function lastDay(period: number, unit: Unit): number {
  return firstDay(period + 1, unit) - 1;
}

/** What a person calls a period. */
export function periodName(period: number, unit: Unit): string {
  const first = isoDate(firstDay(period, unit));
  if (unit === "day") return first;
  if (unit === "week") return `week of ${first}`;
  return first.slice(0, 7);
}

/** The month of a period's first day, or its year where columns are months. */
export function monthName(period: number, unit: Unit): string {
  const date = new Date(firstDay(period, unit) * DAY_MS);
  const year = date.getUTCFullYear();
  return unit === "month" ? `${year}` : `${MONTHS[date.getUTCMonth()]} ${year}`;
}

/** The short text above a column, and the larger one where a new month or year begins. */
export function heading(period: number, unit: Unit): { small: string; large: string } {
  const date = new Date(firstDay(period, unit) * DAY_MS);
  const year = date.getUTCFullYear();
  const month = MONTHS[date.getUTCMonth()] ?? "";
  const day = date.getUTCDate();
  if (unit === "month")
    return { small: month.slice(0, 1), large: month === "Jan" ? `${year}` : "" };
  const begins = unit === "day" ? day === 1 : day <= 7;
  return { small: String(day), large: begins ? `${month} ${year}` : "" };
}
