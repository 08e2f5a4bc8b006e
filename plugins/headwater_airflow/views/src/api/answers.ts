/** What `/headwater/api` answers, by the names of its own description. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type MissionLine = Schemas["MissionLine"];
export type MissionPage = Schemas["MissionPage"];
export type ProductLine = Schemas["ProductLine"];
export type BuildLine = Schemas["BuildLine"];
export type ArrivalLine = Schemas["ArrivalLine"];
export type ArrivalCounts = Schemas["ArrivalCounts"];
export type ArrivalPage = Schemas["ArrivalPage"];
export type FilePage = Schemas["FilePage"];
export type FileVersion = Schemas["FileVersion"];
export type Provenance = Schemas["Provenance"];
export type CampaignLine = Schemas["CampaignLine"];
export type CampaignPage = Schemas["CampaignPage"];
export type EventLine = Schemas["EventLine"];
export type Grid = Schemas["GridPage"];
export type GridRow = Schemas["GridRow"];
export type Cell = Schemas["CellPage"];
export type CellBuild = Schemas["CellBuildLine"];
export type Action = Schemas["ActionName"];
export type ActionAnswer = Schemas["ActionAnswer"];

export type Unit = "day" | "week" | "month";

/** Of a period: how many of its days are in each state, by letter. */
export type Counts = Record<string, number>;
