/**
 * `npm run campaign -- NAME [--option value …]`: runs one campaign. Exit code 1: the campaign found a fault; 2: wrong arguments.
 * Without a NAME, and with `--help`, it prints what there is.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { globalSetup, globalTeardown } from "../setup.ts";
import { type History, recordHistory } from "../support/history.ts";
import type { Campaign, Option } from "./campaign.ts";
import { judgeHistory, summaryOf } from "./checker/judge-history.ts";

const LINES_PRINTED = 20;

const MODULES: Record<string, () => Promise<{ default: Campaign }>> = {
  simulation: () => import("./simulation/campaign.ts"),
  model: () => import("./model/campaign.ts"),
  fuzz: () => import("./fuzz/campaign.ts"),
  mutations: () => import("./mutations/campaign.ts"),
  crash: () => import("./crash/campaign.ts"),
  chaos: () => import("./chaos/campaign.ts"),
  acidrain: () => import("./acidrain/campaign.ts"),
  overload: () => import("./overload/campaign.ts"),
  drop: () => import("./drop/campaign.ts"),
  upgrade: () => import("./upgrade/campaign.ts"),
  power: () => import("./power/campaign.ts"),
  restore: () => import("./restore/campaign.ts"),
  image: () => import("./image/campaign.ts"),
  clocks: () => import("./clocks/campaign.ts"),
  faults: () => import("./faults/campaign.ts"),
  network: () => import("./network/campaign.ts"),
  partitions: () => import("./partitions/campaign.ts"),
  export: () => import("./export/campaign.ts"),
  soak: () => import("./soak/campaign.ts"),
};

process.exit(await main(process.argv.slice(2))); // A failed campaign may leave handles open.

async function main([name, ...args]: string[]): Promise<number> {
  const load = MODULES[name ?? ""];
  if (name === undefined || load === undefined) {
    console.error(await usage());
    return name === undefined || name === "--help" ? 0 : 2;
  }
  const { default: campaign } = await load();
  if (args.includes("--help")) {
    console.log(usageOf(name, campaign));
    return 0;
  }
  let values: Record<string, unknown>;
  try {
    values = read(args, campaign.options);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usageOf(name, campaign)}`);
    return 2;
  }
  return (await run(name, campaign, values)) ? 0 : 1;
}

async function run(name: string, campaign: Campaign, values: Record<string, unknown>): Promise<boolean> {
  if (campaign.needsServer) {
    delete process.env.TEST_DATABASE_URL; // Faults are injected into a temporary server only.
    await globalSetup();
  }
  try {
    const history = campaign.hasHistory ? recordHistory() : undefined;
    const isGood = await campaign.run(values);
    return (history === undefined || (await judge(history, name))) && isGood;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  } finally {
    await globalTeardown();
  }
}

/** Writes the history of a campaign's requests, and judges it. */
async function judge(history: History, name: string): Promise<boolean> {
  const file = join(tmpdir(), `jangnal-history-${name}.ndjson`);
  await history.write(file);
  const report = judgeHistory(history);
  console.log(`${summaryOf(report)}\n${file}`);
  for (const line of [...report.anomalies, ...report.undecided].slice(0, LINES_PRINTED)) console.error(line);
  return report.anomalies.length + report.undecided.length === 0;
}

/** Errors: with the option that is unknown or has a wrong value. */
function read(args: string[], options: Record<string, Option>): Record<string, unknown> {
  const flags = Object.entries(options).map(([name, { type }]) => [name, { type: type === "flag" ? "boolean" : "string" }] as const);
  const { values } = parseArgs({ args, options: Object.fromEntries(flags) });
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      const given = values[name];
      if (option.type === "flag") return [name, given === true];
      if (given === undefined) return [name, option.default];
      if (option.type === "number" && !/^\d+$/.test(String(given))) throw new Error(`--${name} must be a whole number`);
      return [name, option.type === "number" ? Number(given) : given];
    }),
  );
}

async function usage(): Promise<string> {
  const all = await Promise.all(Object.entries(MODULES).map(async ([name, load]) => usageOf(name, (await load()).default)));
  return ["npm run campaign -- NAME [--option value …]", ...all].join("\n\n");
}

function usageOf(name: string, { summary, options }: Campaign): string {
  const rows = Object.entries(options).map(([option, spec]) => {
    const value = { number: " N", text: " TEXT", flag: "" }[spec.type];
    const standard = spec === options["seed"] || spec.type === "flag" || spec.default === undefined ? "" : ` (default: ${spec.default})`;
    return `  --${option}${value}`.padEnd(22) + spec.help + standard;
  });
  return [`${name}: ${summary}`, ...rows].join("\n");
}
