import { Badge, Box, Heading, HStack, Spinner, Stack, Table, Text } from "@chakra-ui/react";
import { useState } from "react";
import { Link as RouterLink } from "react-router-dom";
import type { FilePage, FileVersion, Provenance } from "../api/answers";
import { missionPath } from "../api/client";
import { BuildLog } from "../builds/BuildCard";
import { Facts } from "../Facts";
import { Part } from "../Part";
import { useAnswer } from "../queries";
import { Trouble } from "../Trouble";
import { bytes, moment } from "../times";
import { FamilyGraph } from "./FamilyGraph";

/** Every fact of a file: what it is, its versions, where it came from and what came of it. */
export function FileView({ mission, file }: { mission: string; file: string }) {
  const path = missionPath(mission, "files", file);
  const { data, error, isPending } = useAnswer<FilePage>(path);
  const versions = useAnswer<FileVersion[]>(`${path}/versions`);
  const family = useAnswer<Provenance>(`${path}/provenance`);
  if (isPending) return <Spinner />;
  if (!data) return <Trouble error={error} />;
  return (
    <Stack gap={6} height="100%" overflow="auto">
      <HStack wrap="wrap" gap={3}>
        <Heading as="h1" size="md" wordBreak="break-all">
          {data.name}
        </Heading>
        <Badge colorPalette={data.newest ? "green" : "gray"}>
          {data.newest ? "newest" : "superseded"}
        </Badge>
        {!data.on_disk && <Badge colorPalette="red">not on disk</Badge>}
        {data.qa && <Badge colorPalette={data.qa === "ok" ? "green" : "orange"}>{data.qa}</Badge>}
      </HStack>
      <Part title="Where it came from, and what came of it">
        {family.data && <FamilyGraph family={family.data} />}
        <Trouble error={family.error} />
      </Part>
      <Part title="Versions">
        <Versions rows={versions.data ?? []} shown={data.id} />
      </Part>
      <Part title="Facts">
        <Facts facts={factsOf(data)} />
      </Part>
      {data.command && (
        <Part title="The command that made it">
          <Box as="pre" fontSize="xs" bg="bg.muted" p={2} borderRadius="md" whiteSpace="pre-wrap">
            {data.command}
          </Box>
          {data.build && <Log mission={mission} build={data.build} />}
        </Part>
      )}
    </Stack>
  );
}

function Log({ mission, build }: { mission: string; build: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Log of build {build}</summary>
      {open && <BuildLog mission={mission} id={build} />}
    </details>
  );
}

function factsOf(file: FilePage): Record<string, string | null | undefined> {
  return {
    Product: `${file.product}, level ${file.level}`,
    Date: file.date,
    Data: `${moment(file.start)} to ${moment(file.stop)}`,
    Version: file.version,
    Keywords: file.keywords,
    Path: file.full_path,
    Size: bytes(file.size),
    sha256: file.sha256,
    sha1: file.sha1,
    Process: file.process,
    Code: file.code && `${file.code} ${file.code_version ?? ""}`,
    Inspector: file.inspector && `${file.inspector} ${file.inspector_version ?? ""}`,
    Filed: moment(file.created_at),
    "Changed on disk": moment(file.file_changed_at),
    "Bytes read again": moment(file.scrubbed_at),
    Releases: file.releases.join(", "),
    Check: [file.qa, file.quality_comment].filter(Boolean).join(": "),
    Caveats: file.caveats,
    Note: file.note,
  };
}

function Versions({ rows, shown }: { rows: FileVersion[]; shown: number }) {
  return (
    <Box overflow="auto">
      <Table.Root size="sm">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader>Version</Table.ColumnHeader>
            <Table.ColumnHeader>Filed</Table.ColumnHeader>
            <Table.ColumnHeader>Code</Table.ColumnHeader>
            <Table.ColumnHeader>Why</Table.ColumnHeader>
            <Table.ColumnHeader>Size</Table.ColumnHeader>
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {rows.map((row) => (
            <Table.Row key={row.id} aria-current={row.id === shown}>
              <Table.Cell whiteSpace="nowrap">
                <RouterLink to={`../file/${row.id}`}>
                  <Text
                    as="span"
                    fontWeight={row.id === shown ? "bold" : "normal"}
                    textDecoration="underline"
                  >
                    {row.version}
                  </Text>
                </RouterLink>{" "}
                {row.newest && <Badge colorPalette="green">newest</Badge>}
                {!row.on_disk && <Badge colorPalette="red">not on disk</Badge>}
              </Table.Cell>
              <Table.Cell whiteSpace="nowrap">{moment(row.created_at)}</Table.Cell>
              <Table.Cell>
                {row.code ? `${row.code} ${row.code_version ?? ""}` : "arrived"}
              </Table.Cell>
              <Table.Cell>{row.reason}</Table.Cell>
              <Table.Cell whiteSpace="nowrap">{bytes(row.size)}</Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
}
