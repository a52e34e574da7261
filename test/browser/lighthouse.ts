/**
 * Measures the storefront's pages with Lighthouse as on a phone: simulated throttling, the median of three runs by performance. Prints a table
 * and exits with 1 if a score is below 95 or a layout shift is not below 0.05. `npm run lighthouse [-- PATTERN]` measures the pages whose name
 * matches PATTERN. LIGHTHOUSE is the path of Lighthouse's command; without it `npx` gets the version below.
 *
 * On a busy machine a task takes longer than the work in it, and Lighthouse counts the difference as blocking. The column "TBT of CPU" counts
 * processor time only: the same sum as it would be on an idle machine.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openShop } from "../../src/app/app.ts";
import { readConfig } from "../../src/config.ts";
import { SECRET } from "../support/shop.ts";
import { debuggedBrowser } from "./browser.ts";
import { measuredPages, type Screenshot } from "./storefront-pages.ts";

const VERSION = "12.8.2";
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"] as const;
const LEAST_SCORE = 95;
const MOST_SHIFT = 0.05;
/** Of the simulated phone. */
const SLOWDOWN = 4;
const LONG_TASK_MS = 50;
const RUNS = Number(process.env["RUNS"] ?? 3);

type Audit = {
  score: number | null;
  numericValue?: number;
  title: string;
  displayValue?: string;
  details?: { items?: { score?: number; node?: { selector: string } }[] };
};
type Report = {
  categories: Record<string, { score: number | null; auditRefs: { id: string; weight: number }[] }>;
  audits: Record<string, Audit>;
  runtimeError?: { message: string };
};
type TraceEvent = { name: string; ph: string; pid: number; tid: number; ts: number; tdur?: number; args: { name?: string } };
type Measured = { report: Report; cpuBlockingMs: number };

const pattern = new RegExp(process.argv[2] ?? "");
const folder = mkdtempSync(join(tmpdir(), "jangnal-lighthouse-"));
const open = await openShop(readConfig({ DATA_DIR: join(folder, "data"), PORT: "0", DEMO: "on", AUTH_JWT_SECRET: SECRET, LOG_LEVEL: "error" }));
try {
  console.log(["page", ...CATEGORIES, "LCP ms", "TBT ms", "TBT of CPU", "CLS", "load"].join(" | "));
  for (const page of await measuredPages(open.url)) if (pattern.test(page.name)) await measure(page);
} finally {
  await open.close();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(page: Screenshot): Promise<void> {
  const runs: Measured[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await reportOf(page));
  const scoreOf = (report: Report, category: string): number => Math.round((report.categories[category]?.score ?? 0) * 100);
  const [middle] = runs.toSorted((a, b) => scoreOf(a.report, "performance") - scoreOf(b.report, "performance")).slice(Math.floor(RUNS / 2));
  if (middle === undefined) return;
  const { report: median, cpuBlockingMs } = middle;
  const valueOf = (id: string): number => median.audits[id]?.numericValue ?? Number.NaN;
  const scores = CATEGORIES.map((category) => scoreOf(median, category));
  const shift = valueOf("cumulative-layout-shift");
  const times = [
    valueOf("largest-contentful-paint").toFixed(0),
    valueOf("total-blocking-time").toFixed(0),
    cpuBlockingMs.toFixed(0),
    shift.toFixed(3),
  ];
  console.log([page.name, ...scores, ...times, loadavg()[0]?.toFixed(1)].join(" | "));
  for (const finding of findings(median)) console.log(`  ${finding}`);
  if (scores.some((score) => score < LEAST_SCORE) || !(shift < MOST_SHIFT)) process.exitCode = 1;
}

/** The audits with weight that are not perfect, and the elements that moved. */
function findings({ categories, audits }: Report): string[] {
  const shifted = (audits["layout-shifts"]?.details?.items ?? []).map(({ score = 0, node }) => `shifted by ${score.toFixed(3)}: ${node?.selector}`);
  const imperfect = CATEGORIES.flatMap((category) =>
    (categories[category]?.auditRefs ?? []).flatMap(({ id, weight }) => {
      const { score, title, displayValue = "" } = audits[id] ?? { score: 1, title: "" };
      return weight > 0 && score !== null && score < 0.9 ? [`${category}: ${id} ${score} ${title} ${displayValue}`] : [];
    }),
  );
  return [...imperfect, ...shifted];
}

async function reportOf({ name, address, as, user }: Screenshot): Promise<Measured> {
  const profile = await debuggedBrowser(open.url, as && { as, name: user ?? "" });
  const path = join(folder, `${name}.json`);
  try {
    const options = [
      open.url + address.replace("/#/", "/store/"),
      `--port=${profile.port}`,
      "--disable-storage-reset",
      "--form-factor=mobile",
      "--throttling-method=simulate",
      `--only-categories=${CATEGORIES.join(",")}`,
      "--output=json",
      `--output-path=${path}`,
      "--quiet",
      "--save-assets",
    ];
    const command = process.env["LIGHTHOUSE"];
    const [program, first] = command === undefined ? ["npx", ["--yes", `lighthouse@${VERSION}`]] : [process.execPath, [command]];
    await promisify(execFile)(program, [...first, ...options], { timeout: 180_000 });
    const text = readFileSync(path, "utf8");
    const report = JSON.parse(text) as Report;
    if (report.runtimeError) throw new Error(report.runtimeError.message);
    const trace = readFileSync(join(folder, `${name}-0.trace.json`), "utf8");
    return { report, cpuBlockingMs: blockingOf((JSON.parse(trace) as { traceEvents: TraceEvent[] }).traceEvents) };
  } finally {
    await profile.close();
  }
}

/** The blocking part of the page's tasks after its first paint, on the processor that Lighthouse simulates. */
function blockingOf(events: readonly TraceEvent[]): number {
  const paint = events.findLast(({ name }) => name === "firstContentfulPaint");
  const tasks = events.filter(
    ({ name, ph, pid, tid, ts }) => name.endsWith("RunTask") && ph === "X" && pid === paint?.pid && tid === paint.tid && ts > paint.ts,
  );
  return tasks.reduce((sum, { tdur = 0 }) => sum + Math.max(0, (tdur / 1000) * SLOWDOWN - LONG_TASK_MS), 0);
}
