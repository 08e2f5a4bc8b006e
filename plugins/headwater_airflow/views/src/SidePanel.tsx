import { Box } from "@chakra-ui/react";
import type { ReactNode } from "react";

/** What stands beside a list or a grid on a wide screen, and below it on a narrow one. */
export function SidePanel({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Box
      as="aside"
      aria-label={label}
      width={{ base: "100%", lg: "400px" }}
      flexShrink={0}
      maxHeight={{ base: "45vh", lg: "none" }}
      overflow="auto"
      borderWidth="1px"
      borderRadius="md"
      p={4}
    >
      {children}
    </Box>
  );
}
