import { Box, Text } from "@chakra-ui/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from "react";
import type { ProductLine, Unit } from "../api/answers";
import { CELL, CellRow, cellId, type Shown } from "./CellRow";
import { heading, monthName, periodName, periodOf, today } from "./periods";
import { holds, moved, type Place, type Selection } from "./selection";
import type { Cells, Sight } from "./tiles";

const HEAD = 44;
/** How many cells beyond the edges are drawn. */
const SPARE = 6;

interface Props {
  cells: Cells;
  products: ProductLine[];
  unit: Unit;
  /** The first and last period there is. */
  reach: readonly [number, number];
  names: number;
  selection: Selection | null;
  /** A period to bring into sight, each time `turn` changes. */
  goTo: { period: number; turn: number };
  onSelect: (selection: Selection) => void;
  onSight: (sight: Sight) => void;
  onHover: (place: Place | null, at: DOMRect | null) => void;
}

/** Products down, periods across; only what is in sight is drawn. */
export function GridTable(props: Props) {
  const { cells, products, unit, reach, names, selection, goTo, onSelect, onSight } = props;
  const frame = useRef<HTMLDivElement>(null);
  const dragged = useRef(false);
  const columns = useVirtualizer({
    horizontal: true,
    count: reach[1] - reach[0] + 1,
    getScrollElement: () => frame.current,
    estimateSize: () => CELL.width,
    overscan: SPARE,
    scrollMargin: names,
    scrollPaddingStart: names,
  });
  const lines = useVirtualizer({
    count: products.length,
    getScrollElement: () => frame.current,
    estimateSize: () => CELL.height,
    overscan: SPARE,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
  });
  const shown = columns.getVirtualItems();
  const edge = (columns.scrollOffset ?? 0) + names;
  const inView = reach[0] + (shown.find((column) => column.end > edge)?.index ?? 0);
  const left = reach[0] + (shown[0]?.index ?? 0);
  const right = reach[0] + (shown.at(-1)?.index ?? 0);

  const drawn = lines.getVirtualItems();
  const top = drawn[0]?.index ?? 0;
  const bottom = drawn.at(-1)?.index ?? 0;

  useEffect(() => onSight({ top, bottom, left, right }), [onSight, top, bottom, left, right]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new turn moves the view
  useEffect(() => {
    columns.scrollToIndex(goTo.period - reach[0], { align: "end" });
  }, [goTo.turn, unit]);
  const chosenAny = selection !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the panel beside it opens
  useEffect(() => {
    if (!selection) return;
    const { row, period } = selection.focus;
    // The panel has taken its room by the frame after next.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        columns.scrollToIndex(period - reach[0]);
        lines.scrollToIndex(row);
      }),
    );
  }, [chosenAny]);

  const focus = (place: Place, extend: boolean) => {
    columns.scrollToIndex(place.period - reach[0]);
    lines.scrollToIndex(place.row);
    onSelect({ anchor: extend && selection ? selection.anchor : place, focus: place });
    requestAnimationFrame(() => document.getElementById(cellId(place.row, place.period))?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const from = placeOf(event.target);
    const to = from && moved(event.key, from, products.length, reach);
    if (!to) return;
    event.preventDefault();
    focus(to, event.shiftKey);
  };
  const onPointerDown = (event: PointerEvent) => {
    const place = placeOf(event.target);
    if (!place || event.button !== 0) return;
    dragged.current = event.pointerType === "mouse";
    onSelect({ anchor: event.shiftKey && selection ? selection.anchor : place, focus: place });
  };
  const onPointerMove = (event: PointerEvent) => {
    const place = placeOf(event.target);
    const element = place ? (event.target as HTMLElement) : null;
    props.onHover(place, element?.getBoundingClientRect() ?? null);
    if (dragged.current && place && selection) onSelect({ anchor: selection.anchor, focus: place });
  };
  const focusRow = selection?.focus.row ?? 0;
  const focusPeriod = selection?.focus.period ?? right;

  return (
    <Box
      ref={frame}
      role="grid"
      aria-label="Products by date"
      aria-multiselectable
      aria-rowcount={products.length + 1}
      aria-colcount={reach[1] - reach[0] + 2}
      position="relative"
      overflow="auto"
      flex="1"
      minHeight="160px"
      borderWidth="1px"
      borderRadius="md"
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        dragged.current = false;
      }}
      onPointerLeave={() => {
        dragged.current = false;
        props.onHover(null, null);
      }}
    >
      <Box
        position="relative"
        width={`${names + columns.getTotalSize()}px`}
        height={`${HEAD + lines.getTotalSize()}px`}
      >
        <Box role="row" position="sticky" top={0} zIndex={2} height={`${HEAD}px`} bg="bg.muted">
          <Corner width={names} month={monthName(inView, unit)} />
          {shown.map((column) => (
            <Heading
              key={column.index}
              period={reach[0] + column.index}
              unit={unit}
              left={column.start}
            />
          ))}
        </Box>
        {drawn.map((line) => {
          const product = products[line.index];
          if (!product) return null;
          const row: Shown[] = shown.map((column) => {
            const period = reach[0] + column.index;
            return {
              period,
              start: column.start,
              letter: cells.letter(line.index, period),
              counts: cells.counts(line.index, period),
              chosen: holds(selection, line.index, period),
              focused: line.index === focusRow && period === focusPeriod,
            };
          });
          return (
            <Box
              key={product.name}
              role="row"
              position="absolute"
              top={`${line.start}px`}
              height={`${CELL.height}px`}
              width="100%"
            >
              <ProductName product={product} width={names} />
              <CellRow row={line.index} product={product.name} unit={unit} cells={row} />
            </Box>
          );
        })}
      </Box>
    </Box>
  );
}

function placeOf(target: EventTarget): Place | null {
  const cell = (target as HTMLElement).closest<HTMLElement>("[data-period]");
  if (!cell) return null;
  return { row: Number(cell.dataset.row), period: Number(cell.dataset.period) };
}

function Corner({ width, month }: { width: number; month: string }) {
  return (
    <Box
      role="columnheader"
      position="sticky"
      left={0}
      zIndex={1}
      width={`${width}px`}
      height="100%"
      bg="bg.muted"
      borderRightWidth="1px"
      px={2}
      pb={0.5}
      display="flex"
      alignItems="end"
      justifyContent="space-between"
      fontSize="xs"
    >
      <Text color="fg.muted">Product</Text>
      <Text fontWeight="semibold">{month}</Text>
    </Box>
  );
}

function Heading({ period, unit, left }: { period: number; unit: Unit; left: number }) {
  const { small, large } = heading(period, unit);
  const now = period === periodOf(today(), unit);
  return (
    <Box
      role="columnheader"
      aria-label={now ? `${periodName(period, unit)}, today` : periodName(period, unit)}
      position="absolute"
      top={0}
      left={`${left}px`}
      width={`${CELL.width}px`}
      height="100%"
      borderLeftWidth={large ? "1px" : 0}
      borderColor="border.emphasized"
    >
      <Text fontSize="xs" fontWeight="semibold" whiteSpace="nowrap" pl={1} height="22px">
        {large}
      </Text>
      <Text
        fontSize="11px"
        color={now ? "fg.inverted" : "fg.muted"}
        bg={now ? "bg.inverted" : undefined}
        borderRadius="sm"
        mx="1px"
        textAlign="center"
      >
        {small}
      </Text>
    </Box>
  );
}

function ProductName({ product, width }: { product: ProductLine; width: number }) {
  const made = product.made_by.length ? `made by ${product.made_by.join(", ")}` : "arrives";
  return (
    <Box
      role="rowheader"
      title={`${product.name}, level ${product.level}, ${made}`}
      position="sticky"
      left={0}
      zIndex={1}
      width={`${width}px`}
      height="100%"
      bg="bg"
      borderRightWidth="1px"
      borderBottomWidth="1px"
      px={2}
      display="flex"
      gap={2}
      alignItems="center"
    >
      <Text fontSize="xs" color="fg.muted" flexShrink={0}>
        L{product.level}
      </Text>
      <Text fontSize="sm" truncate>
        {product.name}
      </Text>
    </Box>
  );
}
