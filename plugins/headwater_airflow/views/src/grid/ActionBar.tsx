import { Alert, Box, Button, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link as RouterLink } from "react-router-dom";
import type { Action, Done } from "../api/answers";
import { post } from "../api/client";
import { Trouble } from "../Trouble";
import type { Chosen } from "./selection";

const ACTIONS: { action: Action; label: string; title: string }[] = [
  { action: "plan", label: "Plan", title: "Say what would be made and why; changes nothing" },
  { action: "build", label: "Build", title: "Plan it and start the runs that make it" },
  { action: "retry", label: "Retry", title: "Have made again what failed or is held" },
  { action: "hold", label: "Hold", title: "Make none of it until a person lifts the hold" },
  { action: "lift", label: "Lift", title: "Let go what persons hold" },
];
const SHOWN = 50;

interface Props {
  mission: string;
  chosen: Chosen;
  asOf: number | null;
}

/** What can be done with the chosen cells, why, and what came of it. */
export function ActionBar({ mission, chosen, asOf }: Props) {
  const [reason, setReason] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const queries = useQueryClient();
  const act = useMutation({
    mutationFn: (wish: { action: Action; key: string }) =>
      post<Done>(
        `missions/${encodeURIComponent(mission)}/actions`,
        {
          action: wish.action,
          products: chosen.products,
          first: chosen.first,
          last: chosen.last,
          reason,
          as_of: asOf,
        },
        wish.key,
      ),
    onSettled: () => queries.invalidateQueries(),
  });
  const ask = (action: Action) => {
    if (action !== "plan" && !reason.trim()) {
      input.current?.focus();
      return;
    }
    act.mutate({ action, key: crypto.randomUUID() });
  };
  return (
    <Stack gap={2}>
      <Text fontSize="sm" color="fg.muted">
        {chosen.cells} {chosen.cells === 1 ? "cell" : "cells"} selected: {chosen.name}
      </Text>
      <Input
        ref={input}
        size="sm"
        placeholder="Reason, for the log of events"
        aria-label="Reason"
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <HStack wrap="wrap" gap={2}>
        {ACTIONS.map(({ action, label, title }) => (
          <Button
            key={action}
            size="sm"
            variant={action === "build" ? "solid" : "outline"}
            title={title}
            loading={act.isPending && act.variables.action === action}
            disabled={act.isPending || (action !== "plan" && !reason.trim())}
            onClick={() => ask(action)}
          >
            {label}
          </Button>
        ))}
      </HStack>
      <Trouble error={act.error} />
      {act.data && <Answer done={act.data} />}
    </Stack>
  );
}

function Answer({ done }: { done: Done }) {
  return (
    <Alert.Root status="info" role="status" alignItems="start">
      <Alert.Content>
        <Alert.Title>{done.summary}</Alert.Title>
        {done.runs.map((run) => (
          <RouterLink
            key={run.run_id}
            to={`/dags/${run.dag_id}/runs/${encodeURIComponent(run.run_id)}`}
          >
            <Text fontSize="sm" textDecoration="underline">
              {run.dag_id}: {run.run_id}
            </Text>
          </RouterLink>
        ))}
        {done.plan.length > 0 && (
          <Box as="ul" fontSize="sm" maxHeight="240px" overflow="auto" pl={4}>
            {done.plan.slice(0, SHOWN).map((one) => (
              <li key={`${one.process} ${one.interval_key}`}>
                {one.process} {one.interval_key}: {one.action}, {one.reason}
              </li>
            ))}
            {done.plan.length > SHOWN && <li>and {done.plan.length - SHOWN} more</li>}
          </Box>
        )}
      </Alert.Content>
    </Alert.Root>
  );
}
