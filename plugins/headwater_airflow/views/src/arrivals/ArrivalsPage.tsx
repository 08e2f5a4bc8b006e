import { Badge, Box, Button, HStack, Input, Link, Stack, Table, Text } from "@chakra-ui/react";
import { useState } from "react";
import { Link as RouterLink, useSearchParams } from "react-router-dom";
import type { ArrivalCounts, ArrivalLine, MissionLine } from "../api/answers";
import { missionPath } from "../api/client";
import { useAnswer } from "../queries";
import { Trouble } from "../Trouble";
import { bytes, moment } from "../times";
import { ArrivalDetails } from "./ArrivalDetails";

const PALETTES: Record<string, string> = {
  claimed: "blue",
  adopted: "green",
  superseded: "cyan",
  duplicate: "gray",
  quarantined: "orange",
  ignored: "gray",
};
const KINDS = Object.keys(PALETTES);
const PAGE = 50;

/** What came, what became of it, and why. */
export function ArrivalsPage({ mission }: { mission: MissionLine }) {
  const [words, setWords] = useSearchParams();
  const became = words.get("became");
  const name = words.get("name");
  const open = words.get("arrival");
  const [before, setBefore] = useState<(number | null)[]>([null]);
  const counts = useAnswer<ArrivalCounts>(missionPath(mission.name, "arrivals", "counts"), {
    name,
  });
  const list = useAnswer<ArrivalLine[]>(missionPath(mission.name, "arrivals"), {
    became,
    name,
    before: before.at(-1),
    limit: PAGE,
  });
  const set = (key: string, value: string | null) => {
    const after = new URLSearchParams(words);
    if (value) after.set(key, value);
    else after.delete(key);
    setWords(after, { replace: true });
    if (key !== "arrival") setBefore([null]);
  };
  const rows = list.data ?? [];
  return (
    <Stack height="100%" gap={3} minHeight={0}>
      <Kinds counts={counts.data} chosen={became} onChoose={(kind) => set("became", kind)} />
      <Input
        size="sm"
        maxWidth="320px"
        placeholder="Part of a name"
        aria-label="Part of a name"
        value={name ?? ""}
        onChange={(event) => set("name", event.target.value)}
      />
      <Trouble error={counts.error ?? list.error} />
      <Box
        display="flex"
        flexDirection={{ base: "column", lg: "row" }}
        flex="1"
        minHeight={0}
        gap={3}
      >
        <Box flex="1" minHeight="160px" overflow="auto" borderWidth="1px" borderRadius="md">
          <Rows rows={rows} open={open} onOpen={(id) => set("arrival", String(id))} />
          {list.data && !rows.length && (
            <Text p={4} color="fg.muted">
              {became || name ? "Nothing that arrived is so." : "Nothing has arrived yet."}
            </Text>
          )}
          <HStack p={2}>
            <Button
              size="xs"
              variant="outline"
              disabled={before.length < 2}
              onClick={() => setBefore(before.slice(0, -1))}
            >
              Later
            </Button>
            <Button
              size="xs"
              variant="outline"
              disabled={rows.length < PAGE}
              onClick={() => setBefore([...before, rows.at(-1)?.id ?? null])}
            >
              Earlier
            </Button>
          </HStack>
        </Box>
        {open && <ArrivalDetails key={open} mission={mission.name} arrival={open} />}
      </Box>
    </Stack>
  );
}

interface KindsProps {
  counts: ArrivalCounts | undefined;
  chosen: string | null;
  onChoose: (kind: string | null) => void;
}

/** How many became what; they sum to all that arrived. */
function Kinds({ counts, chosen, onChoose }: KindsProps) {
  return (
    <HStack wrap="wrap" gap={2} aria-label="What became of the arrivals">
      <Button
        size="sm"
        variant={chosen ? "outline" : "solid"}
        aria-pressed={!chosen}
        onClick={() => onChoose(null)}
      >
        all {counts?.total ?? ""}
      </Button>
      {KINDS.map((kind) => (
        <Button
          key={kind}
          size="sm"
          variant={chosen === kind ? "solid" : "outline"}
          aria-pressed={chosen === kind}
          colorPalette={PALETTES[kind]}
          onClick={() => onChoose(kind)}
        >
          {kind} {counts?.counts[kind] ?? 0}
        </Button>
      ))}
    </HStack>
  );
}

interface RowsProps {
  rows: ArrivalLine[];
  open: string | null;
  onOpen: (id: number) => void;
}

function Rows({ rows, open, onOpen }: RowsProps) {
  return (
    <Table.Root size="sm" stickyHeader interactive>
      <Table.Header>
        <Table.Row>
          <Table.ColumnHeader>Name</Table.ColumnHeader>
          <Table.ColumnHeader>Became</Table.ColumnHeader>
          <Table.ColumnHeader hideBelow="md">Why</Table.ColumnHeader>
          <Table.ColumnHeader hideBelow="md">Product</Table.ColumnHeader>
          <Table.ColumnHeader hideBelow="md">Size</Table.ColumnHeader>
          <Table.ColumnHeader hideBelow="md">Arrived</Table.ColumnHeader>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {rows.map((row) => {
          const kind = row.disposition ?? "claimed";
          return (
            <Table.Row key={row.id} aria-selected={String(row.id) === open}>
              <Table.Cell maxWidth="300px" wordBreak="break-all">
                <Link as="button" textAlign="start" onClick={() => onOpen(row.id)}>
                  {row.name}
                </Link>
              </Table.Cell>
              <Table.Cell>
                {row.file ? (
                  <RouterLink to={`../file/${row.file}`}>
                    <Badge colorPalette={PALETTES[kind]}>{kind}</Badge>
                  </RouterLink>
                ) : (
                  <Badge colorPalette={PALETTES[kind]}>{kind}</Badge>
                )}
              </Table.Cell>
              <Table.Cell hideBelow="md">{row.reason}</Table.Cell>
              <Table.Cell hideBelow="md">{row.product}</Table.Cell>
              <Table.Cell hideBelow="md" whiteSpace="nowrap">
                {bytes(row.size)}
              </Table.Cell>
              <Table.Cell hideBelow="md" whiteSpace="nowrap">
                {moment(row.arrived_at)}
              </Table.Cell>
            </Table.Row>
          );
        })}
      </Table.Body>
    </Table.Root>
  );
}
