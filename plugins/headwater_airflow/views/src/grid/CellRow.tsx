import { memo } from "react";
import type { Counts, Unit } from "../api/answers";
import { periodName } from "./periods";
import { lookOf } from "./states";

export const CELL = { width: 22, height: 26 } as const;

export interface Shown {
  period: number;
  start: number;
  letter: string | undefined;
  counts: Counts | undefined;
  chosen: boolean;
  focused: boolean;
}

interface Props {
  row: number;
  product: string;
  unit: Unit;
  cells: readonly Shown[];
}

/** One product's cells in sight. Events are handled by the grid around them. */
export const CellRow = memo(function CellRow({ row, product, unit, cells }: Props) {
  return cells.map((cell) => {
    const look = lookOf(cell.letter);
    return (
      // biome-ignore lint/a11y/useSemanticElements: a table of a million columns cannot be drawn; this one draws what is in sight
      <div
        key={cell.period}
        role="gridcell"
        id={cellId(row, cell.period)}
        tabIndex={cell.focused ? 0 : -1}
        aria-selected={cell.chosen}
        aria-label={`${product}, ${periodName(cell.period, unit)}: ${told(cell, look.word)}`}
        data-row={row}
        data-period={cell.period}
        style={{
          position: "absolute",
          left: cell.start + 1,
          top: 1,
          width: CELL.width - 2,
          height: CELL.height - 2,
          borderRadius: 3,
          background: look.background,
          color: look.ink,
          border: `1px solid ${look.border}`,
          outline: cell.chosen ? "2px solid var(--chakra-colors-fg)" : "none",
          outlineOffset: -1,
          font: "600 12px/22px system-ui, sans-serif",
          textAlign: "center",
          cursor: "pointer",
          userSelect: "none",
        }}
      >
        {look.sign}
      </div>
    );
  });
});

function told(cell: Shown, word: string): string {
  if (!cell.counts) return word;
  return Object.entries(cell.counts)
    .map(([letter, count]) => `${count} ${lookOf(letter).word}`)
    .join(", ");
}

export function cellId(row: number, period: number): string {
  return `headwater-cell-${row}-${period}`;
}
