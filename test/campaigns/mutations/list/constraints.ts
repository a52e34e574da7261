// One mutation for each CHECK, UNIQUE and key of the schema, read from the migrations, new ones included.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Edit, Mutation } from "../mutation.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const RED = { file: "test/database/constraints.test.ts", tests: "refuses" };

/** A generated id that no other table refers to. */
const ALONE = /^  id +bigint GENERATED/;
/** Tables without whose primary key a later migration fails: a foreign key refers to products, and 0084 inserts ON CONFLICT into the settings. */
const KEYS_OF_MIGRATIONS = new Set(["products", "stored_settings"]);
/** Statements of a function; their mutations are in orders.ts. */
const IN_FUNCTION = /^ +(CREATE|ALTER) /;
/** Pairs of checks of which either suffices, so that the mutation removes both. */
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
    return constraintsOf(text)
      .filter((one) => !isReplaced(one))
      .map(({ line, table, altered, constraint }): Mutation => {
        const pair = IMPLIED.find(([implied]) => line.startsWith(implied));
        const edits: Edit[] = (pair ?? [line]).map((one) => edit(file, altered ? undefined : table, one, pair ? checkIn(one) : constraint));
        return {
          what: `${constraint}, ${table} (${(/\w+/.exec(line.replace("CREATE UNIQUE INDEX ", "")) ?? [""])[0]})${pair ? " (either suffices)" : ""}`,
          edits,
          red: RED,
        };
      });
  });

/** `altered`: an ALTER TABLE added it. */
type Constraint = { line: string; table: string; altered: boolean; constraint: string };

function constraintsOf(text: string): Constraint[] {
  const found: Constraint[] = [];
  let table = "";
  let altered = false;
  for (const line of text.split("\n")) {
    const [, statement, name] = /^(CREATE TABLE|ALTER TABLE|CREATE UNIQUE INDEX \w+ ON) (\w+)/.exec(line) ?? [];
    if (statement !== undefined && name !== undefined) [table, altered] = [name, statement === "ALTER TABLE"];
    if (line.startsWith("--") || ALONE.test(line) || IN_FUNCTION.test(line)) continue;
    for (const [constraint] of line.matchAll(/PRIMARY KEY(?: \([^)]*\))?|\bUNIQUE(?! INDEX)(?: \([^)]*\))?|UNIQUE INDEX|REFERENCES \w+ \(\w+\)/g))
      if (!KEYS_OF_MIGRATIONS.has(table) || constraint !== "PRIMARY KEY") found.push({ line, table, altered, constraint });
    if (line.includes("CHECK (")) found.push({ line, table, altered, constraint: checkIn(line) });
  }
  return found;
}

/** Whether a later migration drops the column's CHECK. That migration would fail without it. */
function isReplaced({ line, table, altered, constraint }: Constraint): boolean {
  if (altered || !constraint.startsWith("CHECK")) return false;
  const name = `${table}_${(/\w+/.exec(line) ?? [""])[0]}_check`;
  return globSync("src/database/migrations/*.sql", { cwd: ROOT }).some((file) =>
    new RegExp(`DROP CONSTRAINT ${name}\\b`).test(readFileSync(join(ROOT, file), "utf8")),
  );
}

/** Returns the CHECK clause of the line, with its parentheses. */
function checkIn(line: string): string {
  const from = line.indexOf("CHECK (");
  let depth = 0;
  for (let at = from; at < line.length; at++) {
    if (line[at] === "(") depth++;
    if (line[at] === ")" && --depth === 0) return line.slice(from, at + 1);
  }
  throw new Error(`a CHECK over several lines: ${line}`);
}

/** Removes a constraint. A column stays; a constraint that has a name, or a line of its own, becomes CHECK (true). @param table whose CREATE TABLE has the line */
function edit(file: string, table: string | undefined, line: string, constraint: string): Edit {
  if (/^ALTER TABLE \w+ ADD CONSTRAINT .*;$/.test(line)) return { file, find: line, put: "" };
  const after = table === undefined || line.startsWith("CREATE") ? undefined : `CREATE TABLE ${table} (`;
  const put =
    constraint === "UNIQUE INDEX"
      ? line.replace("UNIQUE INDEX", "INDEX")
      : line.trim().startsWith(constraint) || /CONSTRAINT \w+ $/.test(line.slice(0, line.indexOf(constraint)))
        ? line.replace(constraint, "CHECK (true)").replace(" DEFERRABLE INITIALLY IMMEDIATE", "")
        : line.replace(constraint, constraint === "PRIMARY KEY" ? "NOT NULL" : "");
  return { file, ...(after === undefined ? {} : { after }), find: line, put };
}
