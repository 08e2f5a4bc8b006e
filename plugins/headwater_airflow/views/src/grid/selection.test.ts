import { describe, expect, it } from "vitest";
import { dayNumber, isoDate, periodOf, today } from "./periods";
import { chosen, holds, isSingle, moved } from "./selection";
import { cellWord, latestDay, placeOfWord } from "./view";

const products = ["l0", "l1", "l2"];
const day = dayNumber("2026-03-01");
const backwards = { anchor: { row: 2, period: day + 3 }, focus: { row: 1, period: day } };

describe("a rectangle of cells", () => {
  it("is the same in whichever direction it was drawn", () => {
    expect(chosen(backwards, products, "day")).toEqual({
      products: ["l1", "l2"],
      first: "2026-03-01",
      last: "2026-03-04",
      cells: 8,
      name: "2 products, 2026-03-01 to 2026-03-04",
    });
    expect(holds(backwards, 1, day + 2)).toBe(true);
    expect(holds(backwards, 0, day + 2)).toBe(false);
    expect(holds(null, 0, day)).toBe(false);
  });

  it("of months reaches to the last day of the last one", () => {
    const month = periodOf(dayNumber("2024-01-15"), "month");
    const two = { anchor: { row: 0, period: month }, focus: { row: 0, period: month + 1 } };
    const found = chosen(two, products, "month");
    expect([found.first, found.last, found.cells]).toEqual(["2024-01-01", "2024-02-29", 2]);
    expect(isSingle(two)).toBe(false);
  });
});

describe("the keys", () => {
  const reach = [day - 100, day + 10] as const;
  it.each([
    ["ArrowRight", 1, day + 1],
    ["ArrowLeft", 1, day - 1],
    ["ArrowUp", 0, day],
    ["ArrowDown", 2, day],
    ["Home", 1, day - 100],
    ["End", 1, day + 10],
    ["PageDown", 1, day + 10],
  ])("%s lead to the next cell, and not out of the grid", (key, row, period) => {
    expect(moved(key, { row: 1, period: day }, 3, reach)).toEqual({ row, period });
  });

  it("stop at the edges, and leave other keys alone", () => {
    expect(moved("ArrowUp", { row: 0, period: day }, 3, reach)).toEqual({ row: 0, period: day });
    expect(moved("a", { row: 0, period: day }, 3, reach)).toBeNull();
  });
});

describe("an address", () => {
  const names = ["l0", "odd@name"];
  it("brings a cell back, also of a product with an @", () => {
    const word = cellWord("odd@name", day, "day");
    expect(placeOfWord(word, names, "day")).toEqual({ row: 1, period: day });
  });
  it.each([null, "", "l0", "l9@2026-01-01", "l0@soon"])("that says %s selects nothing", (word) => {
    expect(placeOfWord(word, names, "day")).toBeNull();
  });
});

describe("the grid of a mission", () => {
  it("begins today while files come, or none has come yet", () => {
    expect(latestDay(null)).toBe(today());
    expect(latestDay(isoDate(today() - 3))).toBe(today());
  });
  it("of the past begins where its last files are in sight", () => {
    expect(isoDate(latestDay("2022-03-25"))).toBe("2022-04-01");
  });
});
