import { Box, Heading, HStack, NativeSelect, Spinner, Stack, Text } from "@chakra-ui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { Navigate, Route, Routes } from "react-router-dom";
import type { MissionRow } from "./api/answers";
import { useAnswer } from "./grid/blocks";
import { GridPage } from "./grid/GridPage";
import { useView } from "./grid/view";
import { queries } from "./queries";
import { Trouble } from "./Trouble";

/** All pages of the operator, below one entry of Airflow's navigation. */
export function Console() {
  return (
    <QueryClientProvider client={queries}>
      <Routes>
        <Route path="grid" element={<OfMission />} />
        <Route path="*" element={<Navigate replace to="grid" />} />
      </Routes>
    </QueryClientProvider>
  );
}

function OfMission() {
  const [view, change] = useView();
  const { data, error, isPending } = useAnswer<MissionRow[]>(["missions"], "missions");
  if (isPending) return <Spinner m={4} />;
  if (!data) return <Trouble error={error} />;
  const mission = data.find((one) => one.name === view.mission) ?? data[0];
  if (!mission) {
    return (
      <Text m={4}>
        There is no mission yet, or none that you may see: 'headwater mission apply' makes one.
      </Text>
    );
  }
  return (
    <Stack height="100%" p={{ base: 2, md: 4 }} gap={3} minHeight={0}>
      <HStack gap={4}>
        <Heading as="h1" size="lg">
          Grid
        </Heading>
        <NativeSelect.Root size="sm" width="auto">
          <NativeSelect.Field
            aria-label="Mission"
            value={mission.name}
            onChange={(event) => change({ mission: event.target.value, from: null, to: null })}
          >
            {data.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      </HStack>
      <Box flex="1" minHeight={0}>
        <GridPage key={mission.name} mission={mission.name} />
      </Box>
    </Stack>
  );
}
