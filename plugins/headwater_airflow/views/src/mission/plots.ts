/** The plots of the mission's page: what arrived, and how builds ended. */

import type { EChartsOption } from "echarts/types/dist/shared";
import type { Colors } from "./Chart";

/** A piece of time: see `/throughput` of the API. */
export interface Piece {
  start: string;
  arrived: Record<string, number>;
  arrived_bytes: number;
  ended: Record<string, number>;
}

interface Series {
  name: string;
  color: string;
  of: (piece: Piece) => number;
}

export const ARRIVED: Series[] = (
  [
    ["adopted", "green-600"],
    ["superseded", "cyan-600"],
    ["duplicate", "gray-400"],
    ["ignored", "gray-300"],
    ["quarantined", "orange-600"],
  ] as const
).map(([name, color]) => ({ name, color, of: (piece) => piece.arrived[name] ?? 0 }));

export const ENDED: Series[] = (
  [
    ["built", "green-600"],
    ["failed", "red-600"],
    ["held", "purple-600"],
  ] as const
).map(([name, color]) => ({ name, color, of: (piece) => piece.ended[name] ?? 0 }));

/** Stacked bars, one a piece of time. */
export function bars(
  pieces: Piece[],
  series: Series[],
  hours: boolean,
  colors: Colors,
): EChartsOption {
  const ink = colors("fg-muted");
  const line = { lineStyle: { color: colors("border") } };
  return {
    aria: { enabled: true },
    animation: false,
    grid: { left: 44, right: 8, top: 36, bottom: 28 },
    legend: {
      type: "scroll",
      top: 0,
      left: 0,
      itemWidth: 12,
      itemHeight: 12,
      textStyle: { color: ink },
    },
    tooltip: {
      trigger: "axis",
      backgroundColor: colors("bg-panel"),
      borderColor: colors("border"),
      textStyle: { color: colors("fg") },
    },
    xAxis: {
      type: "category",
      data: pieces.map((piece) => label(piece.start, hours)),
      axisLabel: { color: ink },
      axisLine: line,
    },
    yAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: line },
    series: series.map(({ name, color, of }) => ({
      name,
      type: "bar",
      stack: "all",
      color: colors(color),
      data: pieces.map(of),
    })),
  };
}

function label(start: string, hours: boolean): string {
  return hours ? `${start.slice(5, 10)} ${start.slice(11, 16)}` : start.slice(0, 10);
}
