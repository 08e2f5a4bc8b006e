import { Heading, Link, Spinner, Stack, Text } from "@chakra-ui/react";
import { Link as RouterLink } from "react-router-dom";
import type { ArrivalPage } from "../api/answers";
import { missionPath } from "../api/client";
import { Facts } from "../Facts";
import { useAnswer } from "../queries";
import { SidePanel } from "../SidePanel";
import { Trouble } from "../Trouble";
import { bytes, moment } from "../times";

/** All that is known of one arrival. */
export function ArrivalDetails({ mission, arrival }: { mission: string; arrival: string }) {
  const { data, error } = useAnswer<ArrivalPage>(missionPath(mission, "arrivals", arrival));
  return (
    <SidePanel label="The chosen arrival">
      <Trouble error={error} />
      {!data && !error && <Spinner size="sm" />}
      {data && (
        <Stack gap={4}>
          <Heading as="h2" size="sm" wordBreak="break-all">
            {data.name}
          </Heading>
          <Text>
            <b>{data.disposition ?? "claimed"}</b>: {data.reason || "it is being taken in"}
          </Text>
          <Facts
            facts={{
              File: data.file && <FileLink file={data.file} />,
              Product: data.product,
              Size: bytes(data.size),
              Changed: moment(data.modified_at),
              Arrived: moment(data.arrived_at),
              Ended: moment(data.ended_at),
              "Taken by": data.claimed_by,
              Attempts: data.attempts,
              "Kept as": data.quarantine_path,
            }}
          />
        </Stack>
      )}
    </SidePanel>
  );
}

function FileLink({ file }: { file: number }) {
  return (
    <Link asChild>
      <RouterLink to={`../file/${file}`}>{file}</RouterLink>
    </Link>
  );
}
