import { Box, Text } from "@chakra-ui/react";
import { useEffect, useState } from "react";
import type { Cell, Unit } from "../api/answers";
import { missionPath } from "../api/client";
import { useAnswer } from "../queries";
import { firstDay, isoDate, periodName } from "./periods";
import { lookOf } from "./states";

const PATIENCE_MS = 250;
const WIDTH = 300;

interface Props {
  mission: string;
  unit: Unit;
  product: string;
  period: number;
  letter: string | undefined;
  at: DOMRect;
}

/** The state of the cell under the pointer, and its reason once the pointer has rested there. */
export function HoverNote({ mission, unit, product, period, letter, at }: Props) {
  const date = isoDate(firstDay(period, unit));
  const rested = useRested(`${product} ${date}`);
  const { data } = useAnswer<Cell>(
    rested && unit === "day" ? missionPath(mission, "grid", product, date) : null,
  );
  const left = Math.min(at.left, window.innerWidth - WIDTH - 8);
  const below = at.bottom + 120 < window.innerHeight;
  return (
    <Box
      role="tooltip"
      position="fixed"
      left={`${Math.max(8, left)}px`}
      {...(below
        ? { top: `${at.bottom + 6}px` }
        : { bottom: `${window.innerHeight - at.top + 6}px` })}
      maxWidth={`${WIDTH}px`}
      zIndex="tooltip"
      pointerEvents="none"
      bg="bg.inverted"
      color="fg.inverted"
      borderRadius="md"
      px={3}
      py={2}
      fontSize="sm"
    >
      <Text fontWeight="semibold">
        {product}, {periodName(period, unit)}: {lookOf(letter).word}
      </Text>
      {data && <Text wordBreak="break-word">{data.reason}</Text>}
    </Box>
  );
}

/** Whether the pointer has rested on the same thing for a moment. */
function useRested(what: string): boolean {
  const [rested, setRested] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setRested(what), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [what]);
  return rested === what;
}
