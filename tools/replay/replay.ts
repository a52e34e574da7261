import { findUsers, grantBalances, importProducts, importUsers, listOf, placeOrders, refundOrders } from "./import-sales.ts";
import type { ImportOptions } from "./import-sales.ts";
import { askOf } from "./ask.ts";
import { planFaults } from "./check-plan.ts";
import { planReplay } from "./plan.ts";
import type { Plan, Sums } from "./plan.ts";
import { progressOn } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { readBack } from "./read-back.ts";
import { refuseFile, ReplayError } from "./replay-error.ts";
import { differences, formatCount as n, tableOf } from "./report.ts";
import { readSalesFile } from "./sales-file.ts";
import type { SalesFile } from "./sales-file.ts";
import { shopClient } from "./shop-client.ts";

export { ReplayError };

type ReplayOptions = {
  file: string;
  url: string;
  token: string;
  /** Part of names and idempotency keys, so that a corrected file is recognized. Default `online-retail`. */
  batch?: string;
  concurrency?: number;
  out: (line: string) => void;
  /** Default: a progress bar on standard error. */
  progress?: Progress;
  /** How long to wait for the sales statistics before they count as different. Default 5 s. */
  statisticsTimeoutMs?: number;
};

/**
 * Imports the sales of an Online Retail file into a running shop, reads the totals back, and reports whether they agree.
 * Can be repeated within a day, after success or failure, also with a corrected file. Idempotency keys consist of the batch and of
 * names in the file, so nothing is done twice. Invoices that the shop has with different contents are reported, not changed.
 * Errors: `ReplayError` if the replay cannot run or continue.
 */
export async function replay(options: ReplayOptions): Promise<{ ok: boolean }> {
  const { out, batch = "online-retail", concurrency = 16, progress = progressOn(process.stderr) } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new ReplayError("The concurrency must be a whole number from 1.");
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(batch))
    throw new ReplayError("A batch name must have 1 to 40 letters, digits, dots, underscores and hyphens.");

  const file = await readSalesFile(options.file);
  out(describeFile(file));
  const plan = planReplay(file);
  const faults = planFaults(plan, batch);
  if (faults.length > 0) refuseFile(options.file, faults);
  const shop = shopClient(askOf(options.url, options.token), batch);
  await shop.checkAccess();

  const into = { shop, batch, concurrency, progress };
  const { ids, speed, differing } = await importSales(into, plan, out);
  out("reading back from the shop");
  const found = await readBack(into, plan, ids, options.statisticsTimeoutMs ?? 5_000);
  return conclude({ file: plan.sums, shop: found, speed, differing }, out);
}

type Speed = { placed: number; seconds: number };

async function importSales(into: ImportOptions, plan: Plan, out: (line: string) => void) {
  const users = await importUsers(into, plan, await findUsers(into));
  const catalog = await importProducts(into, plan);
  out(`catalog    ${n(catalog.products.size)} products, ${n(catalog.variants.size)} variants`);
  const otherGrants = await grantBalances(into, plan, users);
  out(`users      ${n(users.size)}, granted ${n(plan.sums.revenue)} pence`);

  const startedAt = performance.now();
  const due = plan.orders.filter(({ invoice }) => !otherGrants.has(invoice));
  const { orders, alreadyThere, differing } = await placeOrders(into, due, { ...catalog, users });
  const speed: Speed = { placed: orders.size - alreadyThere, seconds: (performance.now() - startedAt) / 1000 };
  out(`orders     ${n(orders.size)}${alreadyThere > 0 ? `, ${n(alreadyThere)} of them by an earlier run` : ""}`);
  const otherRefunds = await refundOrders(into, plan, { ...catalog, orders });
  out(`refunds    ${n(plan.refunds.length)}`);
  return { ids: { ...catalog, users }, speed, differing: { invoices: [...otherGrants, ...differing], cancellations: otherRefunds } };
}

type Outcome = { file: Sums; shop: Sums; speed: Speed; differing: Record<"invoices" | "cancellations", string[]> };

function conclude({ file, shop, speed: { placed, seconds }, differing }: Outcome, out: (line: string) => void): { ok: boolean } {
  out("");
  for (const line of tableOf(file, shop)) out(line);
  out("");
  if (placed > 0) out(`${n(placed)} orders placed in ${seconds.toFixed(1)} s: ${n(Math.round(placed / seconds))} orders/s`);
  const others = Object.entries(differing).filter(([, numbers]) => numbers.length > 0);
  for (const [what, numbers] of others) out(`The shop has these ${what} with different contents, which were not changed: ${listOf(numbers)}.`);
  const different = differences(file, shop);
  if (different.length > 0) out(`The shop differs from the file in ${different.join("; ")}.`);
  const ok = different.length === 0 && others.length === 0;
  if (ok) out(placed === 0 ? "The shop already had all orders and agrees with the file." : "The shop agrees with the file.");
  return { ok };
}

function describeFile(file: SalesFile): string {
  const leftOut = [...file.leftOut].map(([reason, count]) => `${n(count)} ${reason}`);
  const kept = `${n(file.lineCount)} lines: ${n(file.sales.length)} of sales, ${n(file.cancellations.length)} of cancellations`;
  return `file       ${[kept, ...leftOut].join(", ")}`;
}
