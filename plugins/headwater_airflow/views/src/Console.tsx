import { Box, Flex, NativeSelect, Spinner, Stack, Text } from "@chakra-ui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Navigate, NavLink, Route, Routes, useParams } from "react-router-dom";
import type { MissionLine } from "./api/answers";
import { ArrivalsPage } from "./arrivals/ArrivalsPage";
import { FileView } from "./files/FileView";
import { GridPage } from "./grid/GridPage";
import { useView } from "./grid/view";
import { MissionView } from "./mission/MissionView";
import { queries, useAnswer } from "./queries";
import { Trouble } from "./Trouble";

const PAGES = [
  ["grid", "Grid"],
  ["arrivals", "Arrivals"],
  ["mission", "Mission"],
] as const;

/** All pages of the operator, below one entry of Airflow's navigation. */
export function Console() {
  return (
    <QueryClientProvider client={queries}>
      <Routes>
        <Route path="grid" element={<Page>{(mission) => <GridPage mission={mission} />}</Page>} />
        <Route
          path="arrivals"
          element={<Page>{(mission) => <ArrivalsPage mission={mission} />}</Page>}
        />
        <Route
          path="mission"
          element={<Page>{(mission) => <MissionView mission={mission} />}</Page>}
        />
        <Route
          path="file/:file"
          element={<Page>{(mission) => <OneFile mission={mission.name} />}</Page>}
        />
        <Route path="*" element={<Navigate replace to="grid" />} />
      </Routes>
    </QueryClientProvider>
  );
}

function OneFile({ mission }: { mission: string }) {
  const { file } = useParams();
  return <FileView key={file} mission={mission} file={file ?? ""} />;
}

/** A page of the mission that is chosen, below what leads to the others. */
function Page({ children }: { children: (mission: MissionLine) => ReactNode }) {
  const [view, change] = useView();
  const { data, error, isPending } = useAnswer<MissionLine[]>("missions");
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
      <Flex as="nav" aria-label="Headwater" wrap="wrap" gap={4} alignItems="center">
        {PAGES.map(([path, name]) => (
          <Tab key={path} path={path} name={name} mission={mission.name} />
        ))}
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
        {mission.ingest_pause && <Text color="fg.warning">{mission.ingest_pause}</Text>}
      </Flex>
      <Box flex="1" minHeight={0} key={mission.name}>
        {children(mission)}
      </Box>
    </Stack>
  );
}

function Tab({ path, name, mission }: { path: string; name: string; mission: string }) {
  return (
    <NavLink to={{ pathname: `../${path}`, search: `mission=${encodeURIComponent(mission)}` }}>
      {({ isActive }) => (
        <Text
          fontWeight="semibold"
          borderBottomWidth="2px"
          borderColor={isActive ? "fg" : "transparent"}
          color={isActive ? "fg" : "fg.muted"}
        >
          {name}
        </Text>
      )}
    </NavLink>
  );
}
