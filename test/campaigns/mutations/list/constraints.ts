// Each CHECK, UNIQUE and key of the schema, found in the migrations: a new one is a guard by itself.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Edit, Mutation } from "../mutation.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const RED = { file: "test/database/constraints.test.ts", tests: "refuses" };

/** A number that nothing of the shop's refers to. */
const ALONE = /^  id +bigint GENERATED/;
/** What another check implies: only without both does anything get in. */
const IMPLIED = [
  [
    "  total_quantity   integer NOT NULL CHECK (total_quantity >= 0)",
    "  issued_quantity  integer NOT NULL DEFAULT 0 CHECK (issued_quantity BETWEEN 0 AND total_quantity)",
  ],
  [
    "  total_amount    bigint NOT NULL CHECK (total_amount >= 0)",
    "  discount_amount bigint NOT NULL CHECK (discount_amount BETWEEN 0 AND total_amount)",
  ],
] as const;

export const CONSTRAINTS: Mutation[] = globSync("src/database/migrations/*.sql", { cwd: ROOT })
  .sort()
  .flatMap((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    return constraintsOf(text).map(({ line, table, altered, constraint }): Mutation => {
      const pair = IMPLIED.find(([implied]) => line.startsWith(implied));
      const edits: Edit[] = (pair ?? [line]).map((one) => edit(file, altered ? undefined : table, one, pair ? checkIn(one) : constraint));
      return {
        what: `${constraint}, ${table} (${(/\w+/.exec(line.replace("CREATE UNIQUE INDEX ", "")) ?? [""])[0]})${pair ? " (either alone is held by the other)" : ""}`,
        edits,
        red: RED,
      };
    });
  });

/** `altered`: it was added to a table that was there. */
type Constraint = { line: string; table: string; altered: boolean; constraint: string };

function constraintsOf(text: string): Constraint[] {
  const found: Constraint[] = [];
  let table = "";
  let altered = false;
  for (const line of text.split("\n")) {
    const [, statement, name] = /^(CREATE TABLE|ALTER TABLE|CREATE UNIQUE INDEX \w+ ON) (\w+)/.exec(line) ?? [];
    if (statement !== undefined && name !== undefined) [table, altered] = [name, statement === "ALTER TABLE"];
    if (line.startsWith("--") || ALONE.test(line)) continue;
    for (const [constraint] of line.matchAll(/PRIMARY KEY(?: \([^)]*\))?|\bUNIQUE(?! INDEX)(?: \([^)]*\))?|UNIQUE INDEX|REFERENCES \w+ \(\w+\)/g))
      // Without the products' key the variants, which refer to it, could not even be made.
      if (table !== "products" || constraint !== "PRIMARY KEY") found.push({ line, table, altered, constraint });
    if (line.includes("CHECK (")) found.push({ line, table, altered, constraint: checkIn(line) });
  }
  return found;
}

/** With its parentheses. */
function checkIn(line: string): string {
  const from = line.indexOf("CHECK (");
  let depth = 0;
  for (let at = from; at < line.length; at++) {
    if (line[at] === "(") depth++;
    if (line[at] === ")" && --depth === 0) return line.slice(from, at + 1);
  }
  throw new Error(`a CHECK over several lines: ${line}`);
}

/** A column keeps its place; a line of its own becomes one that refuses nothing. @param table in whose making the line is looked for */
function edit(file: string, table: string | undefined, line: string, constraint: string): Edit {
  if (/^ALTER TABLE \w+ ADD CONSTRAINT .*;$/.test(line)) return { file, find: line, put: "" };
  const after = table === undefined || line.startsWith("CREATE") ? undefined : `CREATE TABLE ${table} (`;
  const put =
    constraint === "UNIQUE INDEX"
      ? line.replace("UNIQUE INDEX", "INDEX")
      : line.trim().startsWith(constraint)
        ? line.replace(constraint, "CHECK (true)")
        : line.replace(constraint, constraint === "PRIMARY KEY" ? "NOT NULL" : "");
  return { file, ...(after === undefined ? {} : { after }), find: line, put };
}
