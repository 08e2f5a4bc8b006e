import { Box, HStack, Text } from "@chakra-ui/react";
import { LETTERS, lookOf } from "./states";

/** What each colour and sign means, with how many of the cells in sight are so. */
export function Legend({ tally }: { tally: ReadonlyMap<string, number> }) {
  return (
    <HStack
      as="ul"
      listStyleType="none"
      wrap="wrap"
      gap={3}
      aria-label="States of the cells in sight"
    >
      {LETTERS.map((letter) => (
        <HStack as="li" key={letter} gap={1.5}>
          <Sample letter={letter} />
          <Text fontSize="sm">{lookOf(letter).word}</Text>
          <Text fontSize="sm" color="fg.muted">
            {tally.get(letter) ?? 0}
          </Text>
        </HStack>
      ))}
    </HStack>
  );
}

/** A cell of a state, alone. */
export function Sample({ letter }: { letter: string | undefined }) {
  const look = lookOf(letter);
  return (
    <Box
      aria-hidden
      width="16px"
      height="16px"
      borderRadius="3px"
      fontSize="11px"
      lineHeight="14px"
      textAlign="center"
      style={{ background: look.background, color: look.ink, border: `1px solid ${look.border}` }}
    >
      {look.sign}
    </Box>
  );
}
