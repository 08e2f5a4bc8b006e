import { Button, ButtonGroup } from "@chakra-ui/react";
import type { Unit } from "../api/answers";

const NAMES: [Unit, string][] = [
  ["day", "Days"],
  ["week", "Weeks"],
  ["month", "Months"],
];

/** Whether a column is a day, a week or a month. */
export function UnitChoice({ unit, onChange }: { unit: Unit; onChange: (unit: Unit) => void }) {
  return (
    <ButtonGroup size="sm" attached variant="outline" aria-label="A column is">
      {NAMES.map(([value, name]) => (
        <Button
          key={value}
          aria-pressed={unit === value}
          variant={unit === value ? "solid" : "outline"}
          onClick={() => onChange(value)}
        >
          {name}
        </Button>
      ))}
    </ButtonGroup>
  );
}
