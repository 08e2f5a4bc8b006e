/** Airflow's UI imports this script, and looks for each page by its name. */

import { BuildsTab } from "./builds/BuildsTab";
import { Console } from "./Console";

Object.assign(globalThis, { Headwater: Console, Builds: BuildsTab });
