import { Box, Button, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { useCallback, useMemo, useState } from "react";
import type { Unit } from "../api/answers";
import { Trouble } from "../Trouble";
import { ActionBar } from "./ActionBar";
import { type Cells, useCells } from "./blocks";
import { CellDetails } from "./CellDetails";
import { DateField } from "./DateField";
import { GridTable } from "./GridTable";
import { HoverNote } from "./HoverNote";
import { Legend } from "./Legend";
import { dayNumber, isoDate, periodOf, today } from "./periods";
import { chosen, isSingle, type Place, type Selection } from "./selection";
import { UnitChoice } from "./UnitChoice";
import { cellWord, placeOfWord, useView } from "./view";

/** The oldest day that can be scrolled to. */
const OLDEST = dayNumber("1970-01-01");
/** Days after today that are shown: files of the future are seen, too. */
const AHEAD = 14;

/** What there is of each product, date by date, and what can be done about it. */
export function GridPage({ mission }: { mission: string }) {
  const [view, change] = useView();
  const { unit } = view;
  const narrow = useNarrow();
  const reach = useMemo(
    () => [periodOf(OLDEST, unit), periodOf(today() + AHEAD, unit)] as const,
    [unit],
  );
  const start = periodOf(view.day, unit);
  const [sight, setSight] = useState({ left: start - 40, right: start });
  const [turn, setTurn] = useState(0);
  const [hover, setHover] = useState<{ place: Place; at: DOMRect } | null>(null);
  const cells = useCells(mission, unit, sight.left, sight.right);
  const products = useMemo(
    () => cells.products.filter((product) => product.name.includes(view.find)),
    [cells.products, view.find],
  );
  const names = useMemo(() => products.map((product) => product.name), [products]);
  const selection = useMemo((): Selection | null => {
    const anchor = placeOfWord(view.from, names, unit);
    const focus = placeOfWord(view.to ?? view.from, names, unit);
    return anchor && focus ? { anchor, focus } : null;
  }, [view.from, view.to, names, unit]);

  const onSight = useCallback((left: number, right: number) => setSight({ left, right }), []);
  const onSelect = (next: Selection) => {
    const word = (place: Place) => cellWord(names[place.row] ?? "", place.period, unit);
    change({ from: word(next.anchor), to: isSingle(next) ? null : word(next.focus) });
  };
  const onHover = (place: Place | null, at: DOMRect | null) =>
    setHover(place && at ? { place, at } : null);
  const goTo = (day: number) => {
    change({ day: isoDate(day) });
    setTurn(turn + 1);
  };

  return (
    <Stack height="100%" gap={3} minHeight={0}>
      <HStack wrap="wrap" gap={3} justifyContent="space-between">
        <HStack wrap="wrap" gap={2}>
          <UnitChoice
            unit={unit}
            onChange={(next) => change({ unit: next, from: null, to: null })}
          />
          <DateField day={view.day} onChange={goTo} />
          <Button size="sm" variant="outline" onClick={() => goTo(today())}>
            Today
          </Button>
          <Input
            size="sm"
            width="180px"
            placeholder="Find a product"
            aria-label="Find a product"
            value={view.find}
            onChange={(event) => change({ find: event.target.value })}
          />
        </HStack>
        <Legend tally={tally(cells, names, sight)} />
      </HStack>
      <Trouble error={cells.error} />
      <Box
        display="flex"
        flexDirection={{ base: "column", lg: "row" }}
        flex="1"
        minHeight={0}
        gap={3}
      >
        <GridTable
          cells={cells}
          products={products}
          unit={unit}
          reach={reach}
          names={narrow ? 116 : 220}
          selection={selection}
          goTo={{ period: Math.min(start, reach[1]), turn }}
          onSelect={onSelect}
          onSight={onSight}
          onHover={onHover}
        />
        {selection && (
          <Box
            as="aside"
            aria-label="Selected cells"
            width={{ base: "100%", lg: "400px" }}
            maxHeight={{ base: "45vh", lg: "none" }}
            overflow="auto"
            borderWidth="1px"
            borderRadius="md"
            p={4}
          >
            <Chosen
              mission={mission}
              unit={unit}
              cells={cells}
              selection={selection}
              names={names}
            />
          </Box>
        )}
      </Box>
      {hover && (
        <HoverNote
          mission={mission}
          unit={unit}
          product={names[hover.place.row] ?? ""}
          period={hover.place.period}
          letter={cells.letter(names[hover.place.row] ?? "", hover.place.period)}
          at={hover.at}
        />
      )}
      {!cells.loading && !products.length && !cells.error && (
        <Text color="fg.muted">
          {view.find ? `No product's name holds "${view.find}".` : "This mission has no product."}
        </Text>
      )}
    </Stack>
  );
}

interface ChosenProps {
  mission: string;
  unit: Unit;
  cells: Cells;
  selection: Selection;
  names: readonly string[];
}

function Chosen({ mission, unit, cells, selection, names }: ChosenProps) {
  const products = cells.products.filter((product) => names.includes(product.name));
  const wish = chosen(selection, products, unit);
  const one = unit === "day" && isSingle(selection);
  return (
    <Stack gap={4}>
      <ActionBar
        key={`${wish.products} ${wish.first} ${wish.last}`}
        mission={mission}
        chosen={wish}
        asOf={cells.asOf}
      />
      {one && <CellDetails mission={mission} product={wish.products[0] ?? ""} date={wish.first} />}
    </Stack>
  );
}

function tally(
  cells: Cells,
  names: readonly string[],
  sight: { left: number; right: number },
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of names) {
    for (let period = sight.left; period <= sight.right; period += 1) {
      const letter = cells.letter(name, period);
      if (letter) found.set(letter, (found.get(letter) ?? 0) + 1);
    }
  }
  return found;
}

function useNarrow(): boolean {
  const [narrow] = useState(() => window.matchMedia("(max-width: 700px)").matches);
  return narrow;
}
