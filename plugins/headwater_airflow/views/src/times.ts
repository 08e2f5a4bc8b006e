/** How points in time and sizes are written. */

/** A time of the API, to the minute; it says that it is UTC. */
export function moment(time: string | null | undefined): string {
  return time ? `${time.slice(0, 16).replace("T", " ")} UTC` : "";
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** A size in the unit in which it has one to three digits before the point. */
export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return "unknown";
  let number = size;
  let unit = 0;
  while (number >= 1000 && unit < UNITS.length - 1) {
    number /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? number : number.toPrecision(3)} ${UNITS[unit]}`;
}
