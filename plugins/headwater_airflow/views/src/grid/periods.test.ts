import { describe, expect, it } from "vitest";
import { dayNumber, firstDay, heading, isoDate, lastDay, periodName, periodOf } from "./periods";

describe("a period", () => {
  it.each([
    ["day", "2026-03-01", "2026-03-01", "2026-03-01"],
    ["week", "2026-03-01", "2026-02-23", "2026-03-01"],
    ["week", "2026-03-02", "2026-03-02", "2026-03-08"],
    ["week", "1970-01-01", "1969-12-29", "1970-01-04"],
    ["month", "2024-02-29", "2024-02-01", "2024-02-29"],
    ["month", "2026-12-31", "2026-12-01", "2026-12-31"],
  ] as const)("of unit %s that holds %s begins on %s and ends on %s", (unit, day, first, last) => {
    const period = periodOf(dayNumber(day), unit);
    expect(isoDate(firstDay(period, unit))).toBe(first);
    expect(isoDate(lastDay(period, unit))).toBe(last);
  });

  it("is followed by the next without a gap, over leap years and their ends", () => {
    for (const unit of ["day", "week", "month"] as const) {
      const start = periodOf(dayNumber("2023-11-15"), unit);
      for (let period = start; period < start + 60; period += 1) {
        expect(periodOf(firstDay(period, unit), unit)).toBe(period);
        expect(lastDay(period, unit) + 1).toBe(firstDay(period + 1, unit));
      }
    }
  });

  it("has the name that people use", () => {
    const day = dayNumber("2026-03-05");
    expect(periodName(periodOf(day, "day"), "day")).toBe("2026-03-05");
    expect(periodName(periodOf(day, "week"), "week")).toBe("week of 2026-03-02");
    expect(periodName(periodOf(day, "month"), "month")).toBe("2026-03");
  });

  it("names the month above its first day or week, and the year above January", () => {
    const first = dayNumber("2026-03-01");
    expect(heading(first, "day")).toEqual({ small: "1", large: "Mar 2026" });
    expect(heading(first + 1, "day").large).toBe("");
    expect(heading(periodOf(dayNumber("2026-01-10"), "month"), "month").large).toBe("2026");
  });
});

it("refuses what is no date", () => {
  for (const word of ["", "2026-13-01", "today", "2026-02-30x"]) {
    expect(() => dayNumber(word)).toThrow(RangeError);
  }
});
