import { Spinner, Stack, Text } from "@chakra-ui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import type { BuildLine } from "../api/answers";
import { queries, useAnswer } from "../queries";
import { Trouble } from "../Trouble";
import { BuildCard } from "./BuildCard";

/** What Airflow tells a page of a run or of a task. */
interface Where {
  dagId?: string;
  runId?: string;
  taskId?: string;
  mapIndex?: string;
}

/** The builds of a run, or of one of its tasks. */
export function BuildsTab(where: Where) {
  return (
    <QueryClientProvider client={queries}>
      <Builds {...where} />
    </QueryClientProvider>
  );
}

function Builds({ dagId = "", runId = "", taskId, mapIndex }: Where) {
  const path = `runs/${encodeURIComponent(dagId)}/${encodeURIComponent(runId)}/builds`;
  const { data, error, isPending } = useAnswer<BuildLine[]>(path, {
    task_id: taskId,
    map_index: mapIndex,
  });
  if (isPending) return <Spinner m={4} />;
  if (!data) return <Trouble error={error} />;
  if (!data.length) return <Text m={4}>This makes no build of a product.</Text>;
  return (
    <Stack gap={3} p={4}>
      {data.map((build) => (
        <BuildCard key={build.id} mission={build.mission} build={build} />
      ))}
    </Stack>
  );
}
