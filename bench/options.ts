// Command-line options of the bench.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Duration } from "./baselines/baseline.ts";

export type Options = {
  /** Checks that the bench works. Its figures mean nothing. */
  quick: boolean;
  turns: number;
  duration: Duration;
  /** Sections to run; empty for all. */
  only: string[];
  /** Sizes of the tables in the section `growth`, in millions of orders. */
  millions: number[];
  /** Directory for results. */
  results: string;
  log: (line: string) => void;
};

export const RESULTS = fileURLToPath(new URL("./results/", import.meta.url));

export const USAGE = `npm run bench -- [--quick] [--only counter,…] [--turns 3] [--seconds 1.5] [--millions 1,10] [--results bench/results]`;

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      turns: { type: "string" },
      seconds: { type: "string" },
      millions: { type: "string", default: "1" },
      results: { type: "string" },
    },
  });
  const { quick } = values;
  const ms = Number(values.seconds ?? (quick ? 0.3 : 1.5)) * 1000;
  const turns = Number(values.turns ?? (quick ? 1 : 3));
  if (!(ms > 0) || !Number.isInteger(turns) || turns < 1) throw new Error(USAGE);
  return {
    quick,
    turns,
    duration: { ms, warmUpMs: quick ? 100 : 500 },
    only: values.only?.split(",") ?? [],
    millions: values.millions.split(",").map(Number),
    results: values.results ?? (quick ? join(RESULTS, "tmp") : RESULTS),
    log: (line) => process.stderr.write(`${line}\n`),
  };
}
