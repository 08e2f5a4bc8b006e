import { Badge, Box, Button, HStack, Link, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link as RouterLink } from "react-router-dom";
import type { CellBuild } from "../api/answers";
import { getText, missionPath } from "../api/client";
import { Trouble } from "../Trouble";
import { moment } from "../times";

const PALETTES: Record<string, string> = {
  pending: "cyan",
  waiting: "cyan",
  running: "blue",
  built: "green",
  failed: "red",
  held: "purple",
};

/** One build: its state, why, its log, and its task in Airflow. */
export function BuildCard({ mission, build }: { mission: string; build: CellBuild }) {
  const [log, setLog] = useState(false);
  return (
    <Box borderWidth="1px" borderRadius="md" p={3}>
      <HStack wrap="wrap" gap={2}>
        <Badge colorPalette={PALETTES[build.state] ?? "gray"}>{build.state}</Badge>
        <Text fontSize="sm" fontWeight="semibold">
          {build.process} {build.interval_key}
        </Text>
        {build.version && <Text fontSize="sm">v{build.version}</Text>}
        <Text fontSize="sm" color="fg.muted">
          {told(build)}
        </Text>
      </HStack>
      <Text fontSize="sm" mt={1} wordBreak="break-word">
        {build.reason}
      </Text>
      <HStack mt={2} gap={3}>
        {build.has_log && (
          <Button size="xs" variant="outline" aria-expanded={log} onClick={() => setLog(!log)}>
            {log ? "Hide log" : "Show log"}
          </Button>
        )}
        {build.airflow_dag_id && (
          <Link asChild fontSize="sm">
            <RouterLink to={taskPage(build)}>Task in Airflow</RouterLink>
          </Link>
        )}
      </HStack>
      {log && <BuildLog mission={mission} id={build.id} />}
    </Box>
  );
}

/** What its code wrote, the last part of it. */
export function BuildLog({ mission, id }: { mission: string; id: number }) {
  const path = missionPath(mission, "builds", id, "log");
  const { data, error } = useQuery({
    queryKey: ["log", mission, id],
    queryFn: () => getText(path),
  });
  if (error) return <Trouble error={error} />;
  return (
    <Stack mt={2}>
      <Box
        as="pre"
        tabIndex={0}
        aria-label={`Log of build ${id}`}
        fontSize="xs"
        bg="bg.muted"
        p={2}
        borderRadius="md"
        maxHeight="320px"
        overflow="auto"
        whiteSpace="pre-wrap"
      >
        {data ?? "..."}
      </Box>
    </Stack>
  );
}

function told(build: CellBuild): string {
  const attempts = build.attempts > 1 ? `attempt ${build.attempts}` : "";
  const ended = build.ended_at ? `ended ${moment(build.ended_at)}` : "";
  const code = build.code && `${build.code} ${build.code_version ?? ""}`;
  return [code, attempts, ended].filter(Boolean).join(", ");
}

function taskPage(build: CellBuild): string {
  const parts = [
    "dags",
    build.airflow_dag_id,
    "runs",
    build.airflow_run_id,
    "tasks",
    build.airflow_task_id,
  ];
  if (build.airflow_map_index !== null && build.airflow_map_index >= 0) {
    parts.push("mapped", String(build.airflow_map_index));
  }
  return `/${parts.map((part) => encodeURIComponent(part ?? "")).join("/")}`;
}
