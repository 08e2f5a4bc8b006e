/** How the pages speak to `/headwater/api`, and how trouble is told. */

/** An answer that is no success; `message` is the server's one sentence. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** Status of a request that no server answered. */
const NO_ANSWER = 0;
/** What a foreign page cannot send with the cookie of a person who is logged in. */
const OURS = { "X-Headwater": "1" };

export type Values = Record<string, string | number | readonly string[] | null | undefined>;

/** The address of a path below `/headwater/api`, also where Airflow lies below a path itself. */
export function address(path: string, values: Values = {}): string {
  const url = new URL(`headwater/api/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      url.searchParams.append(name, String(one));
    }
  }
  return url.href;
}

/** A path of a mission, whatever characters its parts hold. */
export function missionPath(mission: string, ...parts: (string | number)[]): string {
  return ["missions", mission, ...parts].map((part) => encodeURIComponent(part)).join("/");
}

export function get<T>(path: string, values: Values = {}): Promise<T> {
  return send<T>(address(path, values), { headers: OURS });
}

export async function getText(path: string): Promise<string> {
  const response = await reach(address(path), { headers: OURS });
  return response.text();
}

/** A name that no other request has; `crypto.randomUUID` is there on https only. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Ask for something to be done; the same `key` twice is done once. */
export function post<T>(path: string, body: unknown, key: string): Promise<T> {
  return send<T>(address(path), {
    method: "POST",
    headers: { ...OURS, "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(body),
  });
}

async function send<T>(url: string, how: RequestInit): Promise<T> {
  const response = await reach(url, how);
  return (await response.json()) as T;
}

async function reach(url: string, how: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...how });
  } catch {
    throw new ApiError("Airflow's API server does not answer.", NO_ANSWER);
  }
  if (response.ok) return response;
  throw new ApiError(await reason(response), response.status);
}

async function reason(response: Response): Promise<string> {
  try {
    const said = (await response.json()) as { error?: string; detail?: unknown };
    return said.error ?? (typeof said.detail === "string" ? said.detail : response.statusText);
  } catch {
    return response.statusText || `status ${response.status}`;
  }
}

/** Whether asking again by itself may help: the catalog or the server was away. */
export function passes(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === NO_ANSWER || error.status >= 500;
}
