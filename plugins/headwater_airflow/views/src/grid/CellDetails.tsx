import { Box, HStack, Link, Spinner, Stack, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";
import type { Cell } from "../api/answers";
import { missionPath } from "../api/client";
import { BuildCard } from "../builds/BuildCard";
import { Part } from "../Part";
import { useAnswer } from "../queries";
import { Trouble } from "../Trouble";
import { moment } from "../times";
import { Sample } from "./Legend";
import { letterOf } from "./states";

/** Everything about one product of one date. */
export function CellDetails({
  mission,
  product,
  date,
}: Record<"mission" | "product" | "date", string>) {
  const { data, error, isPending } = useAnswer<Cell>(missionPath(mission, "grid", product, date));
  if (isPending) return <Spinner size="sm" />;
  if (!data) return <Trouble error={error} />;
  return (
    <Stack gap={4}>
      <HStack gap={2} alignItems="start">
        <Box pt={0.5}>
          <Sample letter={letterOf(data.state)} />
        </Box>
        <Text>
          <b>{data.state}</b>: {data.reason}
        </Text>
      </HStack>
      {data.lines.length > 0 && (
        <Box as="pre" fontSize="xs" whiteSpace="pre-wrap" bg="bg.muted" p={2} borderRadius="md">
          {data.lines.join("\n")}
        </Box>
      )}
      <Files cell={data} />
      <Quarantined cell={data} />
      {data.builds.length > 0 && (
        <Part title="Builds">
          {data.builds.map((build) => (
            <BuildCard key={build.id} mission={mission} build={build} />
          ))}
        </Part>
      )}
    </Stack>
  );
}

function Files({ cell }: { cell: Cell }) {
  if (!cell.files.length) return null;
  return (
    <Part title="Files">
      {cell.files.map((file) => (
        <Text key={file.id} fontSize="sm" wordBreak="break-all">
          <Link asChild>
            <RouterLink to={`../file/${file.id}`}>{file.name}</RouterLink>
          </Link>{" "}
          <Text as="span" color="fg.muted">
            version {file.version}, {moment(file.created_at)}
          </Text>
        </Text>
      ))}
    </Part>
  );
}

function Quarantined({ cell }: { cell: Cell }) {
  if (!cell.quarantined.length) return null;
  return (
    <Part title="In quarantine">
      {cell.quarantined.map((arrival) => (
        <Text key={arrival.id} fontSize="sm" wordBreak="break-all">
          {arrival.name}:{" "}
          <Text as="span" color="fg.muted">
            {arrival.reason}
          </Text>
        </Text>
      ))}
    </Part>
  );
}
