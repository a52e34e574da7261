// Warns of environment variables that look like misspelled settings. A misspelled DATABASE_URL would silently open another shop.

import cluster from "node:cluster";
import { readConfig } from "../config.ts";

type Env = Record<string, string | undefined>;

const MIN_LENGTH = 6;
const MAX_EDITS = 2;
/** Settings of other programs. */
const FOREIGN: ReadonlySet<string> = new Set(["PGHOST", "PGPORT"]);

/** One warning for each variable of six letters or more within two edits of a setting's name. Workers return none: the primary process warns. */
export function misspeltSettings(env: Env): string[] {
  if (!cluster.isPrimary) return [];
  const settings = settingNames();
  const known = new Set([...settings, ...FOREIGN]);
  return Object.keys(env)
    .filter((name) => name.length >= MIN_LENGTH && !known.has(name))
    .flatMap((name) => {
      const distances = settings.map((setting) => ({ setting, edits: editDistance(name.toUpperCase(), setting) }));
      const [nearest] = distances.sort((a, b) => a.edits - b.edits);
      return nearest && nearest.edits <= MAX_EDITS ? [`${name} is not a setting; did you mean ${nearest.setting}?`] : [];
    });
}

/** The names of all variables that `readConfig` reads. */
function settingNames(): string[] {
  const names = new Set<string>();
  readConfig(new Proxy<Env>({}, { get: (_, name) => void names.add(String(name)) }));
  return [...names];
}

/** The Damerau–Levenshtein distance: insertions, deletions, substitutions, and swaps of neighbors. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_EDITS) return MAX_EDITS + 1;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cell = (up: number, left: number): number => (up === 0 ? row : (rows[i - up] as number[]))[j - left] as number;
      const isEqual = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(cell(1, 0) + 1, cell(0, 1) + 1, cell(1, 1) + (isEqual ? 0 : 1), isSwapped ? cell(2, 2) + 1 : Number.POSITIVE_INFINITY));
    }
    rows.push(row);
  }
  return (rows[a.length] as number[])[b.length] as number;
}
