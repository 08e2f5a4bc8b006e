import { Input } from "@chakra-ui/react";
import { useEffect, useState } from "react";
import { isoDate } from "./periods";
import { dayOr } from "./view";

/** A date as scientists write it; the browser's own field would show it in its own order. */
export function DateField({ day, onChange }: { day: number; onChange: (day: number) => void }) {
  const [text, setText] = useState(isoDate(day));
  useEffect(() => setText(isoDate(day)), [day]);
  const wanted = dayOr(text, Number.NaN);
  const go = () => (Number.isNaN(wanted) ? setText(isoDate(day)) : onChange(wanted));
  return (
    <Input
      size="sm"
      width="120px"
      aria-label="Go to date (YYYY-MM-DD)"
      aria-invalid={Number.isNaN(wanted)}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => event.key === "Enter" && go()}
      onBlur={go}
    />
  );
}
