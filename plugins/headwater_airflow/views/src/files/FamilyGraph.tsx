import { Box, Text } from "@chakra-ui/react";
import { type ReactNode, useMemo } from "react";
import { Link as RouterLink } from "react-router-dom";
import type { Provenance } from "../api/answers";
import { BOX, type GraphBox, graphOf } from "./layout";

/** What a file was made from, and what was made from it, each with its code. */
export function FamilyGraph({ family }: { family: Provenance }) {
  const graph = useMemo(() => graphOf(family), [family]);
  return (
    <Box overflow="auto" borderWidth="1px" borderRadius="md" maxHeight="420px" flexShrink={0}>
      <Box position="relative" width={`${graph.width}px`} height={`${graph.height}px`}>
        <svg width={graph.width} height={graph.height} aria-hidden="true">
          {graph.lines.map((line) => (
            <polyline
              key={line.key}
              points={line.points.map(({ x, y }) => `${x},${y}`).join(" ")}
              fill="none"
              stroke="var(--chakra-colors-border-emphasized)"
              strokeWidth="1.5"
            />
          ))}
        </svg>
        {graph.boxes.map((box) => (
          <Placed key={box.key} box={box} />
        ))}
      </Box>
      {family.more && <Text p={2}>There are more relatives than are shown.</Text>}
    </Box>
  );
}

function Placed({ box }: { box: GraphBox }) {
  return (
    <Box
      position="absolute"
      left={`${box.x}px`}
      top={`${box.y}px`}
      width={`${BOX.width}px`}
      height={`${BOX.height}px`}
      borderWidth={box.asked ? "2px" : "1px"}
      borderColor={box.asked ? "fg" : "border.emphasized"}
      borderStyle={box.old ? "dashed" : "solid"}
      borderRadius="md"
      bg="bg"
      px={2}
      py={1}
      overflow="hidden"
    >
      <Leading file={box.asked ? null : box.file}>
        <Text fontSize="sm" fontWeight="semibold" truncate title={box.title}>
          {box.title}
        </Text>
      </Leading>
      {box.lines.map((line) => (
        <Text key={line} fontSize="xs" color="fg.muted" truncate title={line}>
          {line}
        </Text>
      ))}
    </Box>
  );
}

function Leading({ file, children }: { file: number | null; children: ReactNode }) {
  return file === null ? children : <RouterLink to={`../file/${file}`}>{children}</RouterLink>;
}
