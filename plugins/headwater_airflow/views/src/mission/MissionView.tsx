import {
  Badge,
  Box,
  Button,
  ButtonGroup,
  SimpleGrid,
  Spinner,
  Stack,
  Table,
  Text,
} from "@chakra-ui/react";
import { useCallback, useState } from "react";
import { Link as RouterLink } from "react-router-dom";
import type { MissionLine, MissionPage } from "../api/answers";
import { missionPath } from "../api/client";
import { Facts } from "../Facts";
import { Part } from "../Part";
import { useAnswer } from "../queries";
import { Trouble } from "../Trouble";
import { bytes } from "../times";
import { Chart, type Colors } from "./Chart";
import { ARRIVED, bars, ENDED, type Piece } from "./plots";

type Lately = "day" | "week" | "month";
const LATELY: Lately[] = ["day", "week", "month"];

interface DiskRoom {
  folder: string;
  free_bytes: number;
  total_bytes: number;
}

/** What the mission is, what it did lately, and how much room there is. */
export function MissionView({ mission }: { mission: MissionLine }) {
  const { data, error, isPending } = useAnswer<MissionPage>(missionPath(mission.name));
  const room = useAnswer<DiskRoom[]>(missionPath(mission.name, "disk"));
  if (isPending) return <Spinner />;
  if (!data) return <Trouble error={error} />;
  return (
    <Stack gap={6} height="100%" overflow="auto">
      <Plots mission={mission.name} />
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap={6}>
        <Part title="Folders and room">
          <Facts
            facts={{
              Archive: data.rootdir,
              Incoming: data.incoming_dir,
              Ingest: data.ingest_pause ?? "goes on",
              Files: data.first ? `${data.first} to ${data.last}` : "none yet",
              ...roomFacts(room.data ?? []),
            }}
          />
          <Trouble error={room.error} />
        </Part>
      </SimpleGrid>
      <Products page={data} />
      <Processes page={data} />
    </Stack>
  );
}

function roomFacts(rooms: DiskRoom[]): Record<string, string> {
  return Object.fromEntries(
    rooms.map((room) => [
      `Room in ${room.folder}`,
      `${bytes(room.free_bytes)} free of ${bytes(room.total_bytes)}`,
    ]),
  );
}

function Plots({ mission }: { mission: string }) {
  const [lately, setLately] = useState<Lately>("day");
  const { data, error } = useAnswer<Piece[]>(missionPath(mission, "throughput"), { lately });
  const hours = lately !== "month";
  const arrived = useCallback(
    (colors: Colors) => bars(data ?? [], ARRIVED, hours, colors),
    [data, hours],
  );
  const ended = useCallback(
    (colors: Colors) => bars(data ?? [], ENDED, hours, colors),
    [data, hours],
  );
  return (
    <Stack gap={3}>
      <ButtonGroup size="sm" attached aria-label="How far back">
        {LATELY.map((one) => (
          <Button
            key={one}
            variant={lately === one ? "solid" : "outline"}
            aria-pressed={lately === one}
            onClick={() => setLately(one)}
          >
            last {one}
          </Button>
        ))}
      </ButtonGroup>
      <Trouble error={error} />
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap={6}>
        <Part title="Arrivals, by what became of them">
          <Chart title={`Arrivals of the last ${lately}`} option={arrived} />
        </Part>
        <Part title="Builds, by how they ended">
          <Chart title={`Ends of builds of the last ${lately}`} option={ended} />
        </Part>
      </SimpleGrid>
    </Stack>
  );
}

function Products({ page }: { page: MissionPage }) {
  return (
    <Part title="Products">
      <Box overflow="auto">
        <Table.Root size="sm">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>Product</Table.ColumnHeader>
              <Table.ColumnHeader>Level</Table.ColumnHeader>
              <Table.ColumnHeader>Made by</Table.ColumnHeader>
              <Table.ColumnHeader>Read by</Table.ColumnHeader>
              <Table.ColumnHeader>Files</Table.ColumnHeader>
              <Table.ColumnHeader>Description</Table.ColumnHeader>
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {page.products.map((product) => (
              <Table.Row key={product.name}>
                <Table.Cell>
                  <RouterLink to={{ pathname: "../grid", search: gridOf(page.name, product.name) }}>
                    <Text as="span" textDecoration="underline">
                      {product.name}
                    </Text>
                  </RouterLink>
                </Table.Cell>
                <Table.Cell>L{product.level}</Table.Cell>
                <Table.Cell>{product.made_by.join(", ") || "arrives"}</Table.Cell>
                <Table.Cell>{product.read_by.join(", ")}</Table.Cell>
                <Table.Cell whiteSpace="nowrap">
                  {product.first ? `${product.first} to ${product.last}` : "none yet"}
                </Table.Cell>
                <Table.Cell>{product.description}</Table.Cell>
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
    </Part>
  );
}

function gridOf(mission: string, product: string): string {
  return new URLSearchParams({ mission, find: product }).toString();
}

function Processes({ page }: { page: MissionPage }) {
  return (
    <Part title="Processes and their codes">
      <Box overflow="auto">
        <Table.Root size="sm">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>Process</Table.ColumnHeader>
              <Table.ColumnHeader>Makes</Table.ColumnHeader>
              <Table.ColumnHeader>From</Table.ColumnHeader>
              <Table.ColumnHeader>Each</Table.ColumnHeader>
              <Table.ColumnHeader>Codes</Table.ColumnHeader>
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {page.processes.map((process) => (
              <Table.Row key={process.name}>
                <Table.Cell>
                  <RouterLink to={`/dags/${process.dag_id}`}>
                    <Text as="span" textDecoration="underline">
                      {process.name}
                    </Text>
                  </RouterLink>
                </Table.Cell>
                <Table.Cell>{process.outputs.join(", ")}</Table.Cell>
                <Table.Cell>
                  {process.inputs.map((input) => input.product + windowOf(input)).join(", ")}
                </Table.Cell>
                <Table.Cell>{process.timebase}</Table.Cell>
                <Table.Cell>
                  {process.codes.map((code) => (
                    <Text key={`${code.version} ${code.first}`} whiteSpace="nowrap">
                      {code.filename} {code.version}{" "}
                      <Badge colorPalette={code.in_use ? "green" : "gray"}>
                        {code.in_use ? "in use" : "off"}
                      </Badge>
                    </Text>
                  ))}
                </Table.Cell>
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
    </Part>
  );
}

function windowOf(input: { days_before: number; days_after: number }): string {
  const words = [
    input.days_before && `${input.days_before} days before`,
    input.days_after && `${input.days_after} days after`,
  ].filter(Boolean);
  return words.length ? ` (and ${words.join(", ")})` : "";
}
