import { describe, expect, it } from "vitest";
import type { Provenance } from "../api/answers";
import { graphOf } from "./layout";

function file(id: number, product: string, level: number, date = "2026-01-01") {
  const version = "1.0.0";
  const name = `${product}_${date}`;
  const made = level > 0;
  return {
    id, product, level, date, version, name, newest: true, on_disk: true,
    build: made ? id : null, code: made ? `mk_${product}.py` : null,
    code_version: made ? "1.0.0" : null,
  }; // biome-ignore format: one file in few lines
}

const small: Provenance = {
  file: 2,
  files: [file(1, "l0", 0), file(2, "l1", 1), file(3, "l2", 2)],
  links: [
    [1, 2],
    [2, 3],
  ],
  more: false,
};

describe("a graph of provenance", () => {
  it("stands from what arrived on the left to the last product on the right", () => {
    const graph = graphOf(small);
    const at = Object.fromEntries(graph.boxes.map((box) => [box.title.slice(0, 2), box.x]));
    expect(at.l0).toBeLessThan(at.l1 ?? 0);
    expect(at.l1).toBeLessThan(at.l2 ?? 0);
    expect(graph.lines).toHaveLength(2);
    expect(graph.boxes.filter((box) => box.asked).map((box) => box.file)).toEqual([2]);
    expect(graph.boxes[0]?.lines).toEqual(["version 1.0.0", "arrived"]);
  });

  it("shows a year of inputs as one box, and the file that was asked for alone", () => {
    const days = Array.from({ length: 60 }, (_, at) => file(at + 10, "l0", 0, `2026-01-${at}`));
    const many: Provenance = {
      file: 2,
      files: [...days, file(2, "l1", 1)],
      links: days.map((day) => [day.id, 2]),
      more: false,
    };
    const graph = graphOf(many);
    expect(graph.boxes.map((box) => box.key).sort()).toEqual(["2", "l0"]);
    expect(graph.lines).toHaveLength(1);
    expect(graph.boxes.find((box) => box.key === "l0")?.lines[0]).toBe("60 files");
  });

  it("of a file without relatives is that file", () => {
    const alone = graphOf({ file: 1, files: [file(1, "l0", 0)], links: [], more: false });
    expect(alone.boxes).toHaveLength(1);
    expect(alone.lines).toEqual([]);
  });
});
