import { Alert, Box, Button, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link as RouterLink } from "react-router-dom";
import type { Action, ActionAnswer, MissionLine } from "../api/answers";
import { missionPath, newKey, post } from "../api/client";
import { Trouble } from "../Trouble";
import type { Chosen } from "./selection";

type Right = MissionLine["rights"][number];

interface Offer {
  action: Action;
  label: string;
  title: string;
  right: Right;
}

const OFFERS: Offer[] = [
  {
    action: "plan",
    label: "Plan",
    title: "Say what would be made and why; changes nothing",
    right: "look",
  },
  {
    action: "build",
    label: "Build",
    title: "Plan it, and start the runs that make it",
    right: "trigger",
  },
  {
    action: "retry",
    label: "Retry",
    title: "Have made again what failed, or is held after failures",
    right: "trigger",
  },
  {
    action: "hold",
    label: "Hold",
    title: "Make none of it until a person lifts the hold",
    right: "operate",
  },
  { action: "lift", label: "Lift", title: "Let go what persons hold", right: "operate" },
];
const SHOWN = 50;

interface Props {
  mission: MissionLine;
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
      post<ActionAnswer>(
        missionPath(mission.name, "actions"),
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
    act.mutate({ action, key: newKey() });
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
        {OFFERS.filter(({ right }) => mission.rights.includes(right)).map((offer) => (
          <Button
            key={offer.action}
            size="sm"
            variant={offer.action === "build" ? "solid" : "outline"}
            title={offer.title}
            loading={act.isPending && act.variables.action === offer.action}
            disabled={act.isPending || (offer.action !== "plan" && !reason.trim())}
            onClick={() => ask(offer.action)}
          >
            {offer.label}
          </Button>
        ))}
      </HStack>
      <Trouble error={act.error} />
      {act.data && <Answer answer={act.data} />}
    </Stack>
  );
}

function Answer({ answer }: { answer: ActionAnswer }) {
  const notes = [
    ...answer.not_started.map((one) => `${one.dag_id} ${one.key}: ${one.reason}`),
    ...answer.not_made.map((one) => `${one.process}: ${one.builds} not made, ${one.reason}`),
    ...answer.running.map((build) => `build ${build} is running, and ends as it does`),
    ...answer.arriving.map((product) => `${product} arrives: nothing makes it`),
  ];
  const told = answer.plan.map(
    (one) => `${one.product} ${one.interval_key}: ${one.action}, ${one.reason}`,
  );
  return (
    <Alert.Root status="info" role="status" alignItems="start">
      <Alert.Content>
        <Alert.Title>{answer.summary}</Alert.Title>
        {answer.runs.map((run) => (
          <RunLink key={`${run.dag_id} ${run.key}`} run={run} />
        ))}
        <Lines lines={notes} />
        <Lines lines={told} />
      </Alert.Content>
    </Alert.Root>
  );
}

function RunLink({ run }: { run: ActionAnswer["runs"][number] }) {
  return (
    <RouterLink to={`/dags/${run.dag_id}/runs/${encodeURIComponent(run.run_id)}`}>
      <Text fontSize="sm" textDecoration="underline">
        {run.dag_id} {run.key}
      </Text>
    </RouterLink>
  );
}

function Lines({ lines }: { lines: string[] }) {
  if (!lines.length) return null;
  return (
    <Box as="ul" fontSize="sm" maxHeight="240px" overflow="auto" pl={4}>
      {lines.slice(0, SHOWN).map((line) => (
        <li key={line}>{line}</li>
      ))}
      {lines.length > SHOWN && <li>and {lines.length - SHOWN} more</li>}
    </Box>
  );
}
