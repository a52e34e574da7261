// Variables that were probably meant to be settings. A misspelt DATABASE_URL would silently open another shop.

import cluster from "node:cluster";
import { readConfig } from "../config.ts";

type Env = Record<string, string | undefined>;

const FEWEST_LETTERS = 6;
const MOST_EDITS = 2;
/** Other programs' own. */
const NOT_MEANT: ReadonlySet<string> = new Set(["PGHOST", "PGPORT"]);

/** One line for each variable of six letters or more that is one or two letters from a setting's name. Workers leave it to the process above. */
export function misspeltSettings(env: Env): string[] {
  if (!cluster.isPrimary) return [];
  const settings = settingNames();
  const known = new Set([...settings, ...NOT_MEANT]);
  return Object.keys(env)
    .filter((name) => name.length >= FEWEST_LETTERS && !known.has(name))
    .flatMap((name) => {
      const distances = settings.map((setting) => ({ setting, edits: editsBetween(name.toUpperCase(), setting) }));
      const [nearest] = distances.sort((a, b) => a.edits - b.edits);
      return nearest && nearest.edits <= MOST_EDITS ? [`${name} is not a setting; did you mean ${nearest.setting}?`] : [];
    });
}

/** Every variable that `readConfig` asks for. */
function settingNames(): string[] {
  const names = new Set<string>();
  readConfig(new Proxy<Env>({}, { get: (_, name) => void names.add(String(name)) }));
  return [...names];
}

/** How many letters must be put in, left out, changed or swapped with the next one (Damerau and Levenshtein). */
function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_EDITS) return MOST_EDITS + 1;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (up: number, left: number): number => (up === 0 ? row : (rows[i - up] as number[]))[j - left] as number;
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(at(1, 0) + 1, at(0, 1) + 1, at(1, 1) + (same ? 0 : 1), swapped ? at(2, 2) + 1 : Number.POSITIVE_INFINITY));
    }
    rows.push(row);
  }
  return (rows[a.length] as number[])[b.length] as number;
}
