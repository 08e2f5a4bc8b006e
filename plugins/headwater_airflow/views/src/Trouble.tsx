import { Alert } from "@chakra-ui/react";
import { ApiError, passes } from "./api/client";

/** One sentence about what went wrong, and whether it mends itself. */
export function Trouble({ error }: { error: unknown }) {
  if (!error) return null;
  const said = error instanceof ApiError ? error.message : String(error);
  return (
    <Alert.Root status={passes(error) ? "warning" : "error"} role="alert">
      <Alert.Indicator />
      <Alert.Title>
        {said}
        {passes(error) && " This page asks again by itself."}
      </Alert.Title>
    </Alert.Root>
  );
}
