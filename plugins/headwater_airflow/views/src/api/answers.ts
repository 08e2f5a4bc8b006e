/** What `/headwater/api` answers; see docs/reference/api.md. */

export type Unit = "day" | "week" | "month";

export interface MissionRow {
  name: string;
  slug: string;
}

/** Of a period: how many of its days are in each state, by letter. */
export type Counts = Record<string, number>;

export interface GridProduct {
  name: string;
  level: number;
  made_by: string[];
  /** One letter a period, from the first to the last. */
  states: string;
  counts: Counts[] | null;
}

export interface Grid {
  mission: string;
  unit: Unit;
  first: string;
  last: string;
  as_of: number;
  legend: Record<string, string>;
  products: GridProduct[];
}

export interface CellFile {
  id: number;
  name: string;
  version: string;
  created_at: string;
}

export interface Build {
  id: number;
  process: string;
  interval_key: string;
  state: string;
  reason: string;
  attempts: number;
  version: string | null;
  code: string | null;
  started_at: string | null;
  ended_at: string | null;
  airflow_dag_id: string | null;
  airflow_run_id: string | null;
  airflow_task_id: string | null;
  airflow_map_index: number | null;
}

export interface CellArrival {
  id: number;
  name: string;
  reason: string;
}

export interface Cell {
  state: string;
  reason: string;
  lines: string[];
  files: CellFile[];
  builds: Build[];
  quarantined: CellArrival[];
}

export type Action = "plan" | "build" | "retry" | "hold" | "lift";

export interface PlannedBuild {
  process: string;
  interval_key: string;
  action: string;
  reason: string;
}

export interface Run {
  dag_id: string;
  run_id: string;
}

export interface Done {
  summary: string;
  builds: number;
  plan: PlannedBuild[];
  runs: Run[];
}
