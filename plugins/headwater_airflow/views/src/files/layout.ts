/** Where the boxes of a graph of provenance stand: sources to the left, what was made to the right. */

import dagre from "@dagrejs/dagre";
import type { Provenance } from "../api/answers";

export const BOX = { width: 210, height: 64 } as const;
/** More files than this are shown as one box a product. */
const MOST_BOXES = 40;

export interface GraphBox {
  key: string;
  /** The file that it leads to; none for a box of several. */
  file: number | null;
  title: string;
  lines: string[];
  asked: boolean;
  old: boolean;
  x: number;
  y: number;
}

export interface Graph {
  boxes: GraphBox[];
  /** Each link as the points of its line. */
  lines: { key: string; points: { x: number; y: number }[] }[];
  width: number;
  height: number;
}

type Relative = Provenance["files"][number];
type Unplaced = Omit<GraphBox, "x" | "y">;

export function graphOf(family: Provenance): Graph {
  const group = family.files.length > MOST_BOXES;
  const boxes = new Map<string, Unplaced>();
  const boxOf = new Map<number, string>();
  for (const [product, files] of byProduct(family.files)) {
    const alone = files.filter((file) => !group || files.length === 1 || file.id === family.file);
    for (const file of alone) {
      boxes.set(String(file.id), single(file, family.file));
      boxOf.set(file.id, String(file.id));
    }
    const rest = files.filter((file) => !alone.includes(file));
    if (rest.length) boxes.set(product, several(product, rest));
    for (const file of rest) boxOf.set(file.id, product);
  }
  const links = new Map<string, [string, string]>();
  for (const [source, made] of family.links) {
    const from = boxOf.get(source);
    const to = boxOf.get(made);
    if (from && to && from !== to) links.set(`${from} ${to}`, [from, to]);
  }
  return place(boxes, links);
}

function byProduct(files: readonly Relative[]): Map<string, Relative[]> {
  const found = new Map<string, Relative[]>();
  for (const file of files) found.set(file.product, [...(found.get(file.product) ?? []), file]);
  return found;
}

function single(file: Relative, asked: number): Unplaced {
  const code = file.code ? `${file.code} ${file.code_version ?? ""}` : "arrived";
  return {
    key: String(file.id),
    file: file.id,
    title: `${file.product} ${file.date}`,
    lines: [`version ${file.version}${file.newest ? "" : ", superseded"}`, code],
    asked: file.id === asked,
    old: !file.newest,
  };
}

function several(product: string, files: readonly Relative[]): Unplaced {
  const dates = files.map((file) => file.date).sort();
  return {
    key: product,
    file: null,
    title: product,
    lines: [`${files.length} files`, `${dates[0]} to ${dates.at(-1)}`],
    asked: false,
    old: files.every((file) => !file.newest),
  };
}

function place(boxes: Map<string, Unplaced>, links: Map<string, [string, string]>): Graph {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 56, marginx: 4, marginy: 4 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const key of boxes.keys()) graph.setNode(key, { ...BOX });
  for (const [from, to] of links.values()) graph.setEdge(from, to);
  dagre.layout(graph);
  const placed = [...boxes].map(([key, box]) => {
    const { x = 0, y = 0 } = graph.node(key);
    return { ...box, x: x - BOX.width / 2, y: y - BOX.height / 2 };
  });
  const lines = [...links].map(([key, [from, to]]) => ({
    key,
    points: graph.edge(from, to)?.points ?? [],
  }));
  const { width = 0, height = 0 } = graph.graph();
  return { boxes: placed, lines, width, height };
}
