import { Box, Button, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { useCallback, useMemo, useState } from "react";
import type { MissionLine, ProductLine } from "../api/answers";
import { missionPath } from "../api/client";
import { useAnswer } from "../queries";
import { SidePanel } from "../SidePanel";
import { Trouble } from "../Trouble";
import { ActionBar } from "./ActionBar";
import { CellDetails } from "./CellDetails";
import { DateField } from "./DateField";
import { GridTable } from "./GridTable";
import { HoverNote } from "./HoverNote";
import { Legend } from "./Legend";
import { dayNumber, isoDate, periodOf, today } from "./periods";
import { chosen, isSingle, type Place, type Selection } from "./selection";
import { type Cells, type Sight, useCells } from "./tiles";
import { UnitChoice } from "./UnitChoice";
import { cellWord, latestDay, placeOfWord, useView } from "./view";

/** The oldest day that can be scrolled to. */
const OLDEST = dayNumber("1970-01-01");
/** Days after today that are shown: files of the future are seen, too. */
const AHEAD = 14;
const NAMES = { wide: 220, narrow: 132 };

/** What there is of each product, date by date, and what can be done about it. */
export function GridPage({ mission }: { mission: MissionLine }) {
  const [view, change] = useView();
  const { unit } = view;
  const narrow = useNarrow();
  const { data, error } = useAnswer<ProductLine[]>(missionPath(mission.name, "products"));
  const products = useMemo(
    () => (data ?? []).filter((product) => product.name.includes(view.find)),
    [data, view.find],
  );
  const names = useMemo(() => products.map((product) => product.name), [products]);
  const reach = useMemo(
    () => [periodOf(OLDEST, unit), periodOf(today() + AHEAD, unit)] as const,
    [unit],
  );
  const day = view.day ?? latestDay(mission.last);
  const start = Math.min(periodOf(day, unit), reach[1]);
  const [sight, setSight] = useState<Sight>({ top: 0, bottom: 0, left: start - 40, right: start });
  const [turn, setTurn] = useState(0);
  const [hover, setHover] = useState<{ place: Place; at: DOMRect } | null>(null);
  const cells = useCells(mission.name, unit, names, sight);
  const selection = useMemo((): Selection | null => {
    const anchor = placeOfWord(view.from, names, unit);
    const focus = placeOfWord(view.to ?? view.from, names, unit);
    return anchor && focus ? { anchor, focus } : null;
  }, [view.from, view.to, names, unit]);

  const onSight = useCallback((next: Sight) => setSight(next), []);
  const onSelect = (next: Selection) => {
    const word = (place: Place) => cellWord(names[place.row] ?? "", place.period, unit);
    change({ from: word(next.anchor), to: isSingle(next) ? null : word(next.focus) });
  };
  const onHover = (place: Place | null, at: DOMRect | null) =>
    setHover(place && at ? { place, at } : null);
  const goTo = (to: number) => {
    change({ day: isoDate(to) });
    setTurn(turn + 1);
  };

  return (
    <Stack height="100%" gap={3} minHeight={0}>
      <HStack wrap="wrap" gap={2}>
        <UnitChoice unit={unit} onChange={(next) => change({ unit: next, from: null, to: null })} />
        <DateField day={day} onChange={goTo} />
        <Button size="sm" variant="outline" onClick={() => goTo(today())}>
          Today
        </Button>
        <Input
          size="sm"
          width="180px"
          placeholder="Find a product"
          aria-label="Find a product"
          value={view.find}
          onChange={(event) => change({ find: event.target.value, from: null, to: null })}
        />
      </HStack>
      <Legend tally={tally(cells, sight)} />
      <Trouble error={error ?? cells.error} />
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
          names={narrow ? NAMES.narrow : NAMES.wide}
          selection={selection}
          goTo={{ period: start, turn }}
          onSelect={onSelect}
          onSight={onSight}
          onHover={onHover}
        />
        {selection && (
          <Panel mission={mission} selection={selection} names={names} asOf={cells.asOf} />
        )}
      </Box>
      {hover && (
        <HoverNote
          mission={mission.name}
          unit={unit}
          product={names[hover.place.row] ?? ""}
          period={hover.place.period}
          letter={cells.letter(hover.place.row, hover.place.period)}
          at={hover.at}
        />
      )}
      {data && !products.length && (
        <Text color="fg.muted">
          {view.find ? `No product's name holds "${view.find}".` : "This mission has no product."}
        </Text>
      )}
    </Stack>
  );
}

interface PanelProps {
  mission: MissionLine;
  selection: Selection;
  names: readonly string[];
  asOf: number | null;
}

/** What can be done with the chosen cells; of a single day also all that is known of it. */
function Panel({ mission, selection, names, asOf }: PanelProps) {
  const [{ unit }] = useView();
  const wish = chosen(selection, names, unit);
  const one = unit === "day" && isSingle(selection);
  return (
    <SidePanel label="Selected cells">
      <Stack gap={4}>
        <ActionBar
          key={`${wish.products} ${wish.first} ${wish.last}`}
          mission={mission}
          chosen={wish}
          asOf={asOf}
        />
        {one && (
          <CellDetails mission={mission.name} product={wish.products[0] ?? ""} date={wish.first} />
        )}
      </Stack>
    </SidePanel>
  );
}

function tally(cells: Cells, sight: Sight): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (let row = sight.top; row <= sight.bottom; row += 1) {
    for (let period = sight.left; period <= sight.right; period += 1) {
      const letter = cells.letter(row, period);
      if (letter) found.set(letter, (found.get(letter) ?? 0) + 1);
    }
  }
  return found;
}

function useNarrow(): boolean {
  const [narrow] = useState(() => window.matchMedia("(max-width: 700px)").matches);
  return narrow;
}
