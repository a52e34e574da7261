// One mutation for each statement that checks its row count, read from the *.sql.ts files.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutation } from "../mutation.ts";

const ROOT = join(import.meta.dirname, "../../../..");

export const COUNTS: Mutation[] = globSync("src/**/*.sql.ts", { cwd: ROOT })
  .sort()
  .flatMap((file) => {
    const statements = readFileSync(join(ROOT, file), "utf8").split(/(?=\bname: ")/);
    return statements.flatMap((statement): Mutation[] => {
      const rows = /(?:^ *|, )rows: [\w.]+,?/m.exec(statement)?.[0];
      const name = /^name: "([^"]+)"/.exec(statement)?.[1];
      if (rows === undefined || name === undefined) return [];
      return [
        {
          what: `the statement “${name}” checks its row count`,
          edits: [{ file, after: `name: "${name}"`, find: rows, put: "" }],
          red: { file: "test/database/row-counts.test.ts", tests: `${name} rejects the round if a row is missing` },
        },
      ];
    });
  });
