import { Spinner, Stack, Text } from "@chakra-ui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import type { Build } from "../api/answers";
import { useAnswer } from "../grid/blocks";
import { queries } from "../queries";
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

interface RunBuilds {
  mission: string | null;
  builds: Build[];
}

function Builds({ dagId = "", runId = "", taskId, mapIndex }: Where) {
  const query = new URLSearchParams();
  if (taskId) query.set("task_id", taskId);
  if (mapIndex && Number(mapIndex) >= 0) query.set("map_index", mapIndex);
  const path = `runs/${encodeURIComponent(dagId)}/${encodeURIComponent(runId)}/builds?${query}`;
  const { data, error, isPending } = useAnswer<RunBuilds>(["run", path], path);
  if (isPending) return <Spinner m={4} />;
  if (!data) return <Trouble error={error} />;
  if (!data.builds.length) return <Text m={4}>This makes no build of a product.</Text>;
  return (
    <Stack gap={3} p={4}>
      {data.builds.map((build) => (
        <BuildCard key={build.id} mission={data.mission ?? ""} build={build} />
      ))}
    </Stack>
  );
}
