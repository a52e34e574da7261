import { bringProducts, bringUsers, findUsers, grantBalances, listOf, placeOrders, refundOrders } from "./bring-in.ts";
import type { Ways } from "./bring-in.ts";
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
  /** Names the sales in the shop, so that the same invoice is known again in a corrected file: `online-retail`, unless told. */
  batch?: string;
  concurrency?: number;
  out: (line: string) => void;
  /** Where the bar is drawn: standard error, unless told. */
  progress?: Progress;
  /** How long the sales statistics may lag behind the orders before they count as different. */
  patienceMs?: number;
};

/**
 * Brings the sales of an Online Retail file into a running shop, reads back what the shop then has, and says whether the two agree.
 * Can be run again within a day, after success or in the middle, also with a corrected file: keys are made of the batch and of what the file names, so
 * the shop does each thing once, and an invoice that it has with other contents is left as it is and named.
 * A `ReplayError` says why it could not run or go on.
 */
export async function replay(options: ReplayOptions): Promise<{ ok: boolean }> {
  const { out, batch = "online-retail", concurrency = 16, progress = progressOn(process.stderr) } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new ReplayError("The concurrency is a whole number from 1.");
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(batch))
    throw new ReplayError("A batch's name is 1 to 40 letters, digits, dots, underscores and hyphens.");

  const file = await readSalesFile(options.file);
  out(describeFile(file));
  const plan = planReplay(file);
  const faults = planFaults(plan, batch);
  if (faults.length > 0) refuseFile(options.file, faults);
  const shop = shopClient(askOf(options.url, options.token), batch);
  await shop.greet();

  const ways = { shop, batch, concurrency, progress };
  const { ids, speed, differing } = await bringIn(ways, plan, out);
  out("reading back from the shop");
  const found = await readBack(ways, plan, ids, options.patienceMs ?? 5_000);
  return conclude({ file: plan.sums, shop: found, speed, differing }, out);
}

type Speed = { placed: number; seconds: number };

async function bringIn(ways: Ways, plan: Plan, out: (line: string) => void) {
  const users = await bringUsers(ways, plan, await findUsers(ways));
  const catalogue = await bringProducts(ways, plan);
  out(`catalogue  ${n(catalogue.products.size)} products, ${n(catalogue.variants.size)} variants`);
  const otherGrants = await grantBalances(ways, plan, users);
  out(`users      ${n(users.size)}, granted ${n(plan.sums.revenue)} pence`);

  const begunAt = performance.now();
  const due = plan.orders.filter(({ invoice }) => !otherGrants.has(invoice));
  const { orders, alreadyThere, differing } = await placeOrders(ways, due, { ...catalogue, users });
  const speed: Speed = { placed: orders.size - alreadyThere, seconds: (performance.now() - begunAt) / 1000 };
  out(`orders     ${n(orders.size)}${alreadyThere > 0 ? `, ${n(alreadyThere)} of them there already` : ""}`);
  const otherRefunds = await refundOrders(ways, plan, { ...catalogue, orders });
  out(`refunds    ${n(plan.refunds.length)}`);
  return { ids: { ...catalogue, users }, speed, differing: { invoices: [...otherGrants, ...differing], cancellations: otherRefunds } };
}

type Outcome = { file: Sums; shop: Sums; speed: Speed; differing: Record<"invoices" | "cancellations", string[]> };

function conclude({ file, shop, speed: { placed, seconds }, differing }: Outcome, out: (line: string) => void): { ok: boolean } {
  out("");
  for (const line of tableOf(file, shop)) out(line);
  out("");
  if (placed > 0) out(`${n(placed)} orders placed in ${seconds.toFixed(1)} s: ${n(Math.round(placed / seconds))} orders/s`);
  const others = Object.entries(differing).filter(([, numbers]) => numbers.length > 0);
  for (const [what, numbers] of others)
    out(`The shop has these ${what} with other contents than the file, and they were left as they are: ${listOf(numbers)}.`);
  const different = differences(file, shop);
  if (different.length > 0) out(`The shop differs from the file in ${different.join("; ")}.`);
  const ok = different.length === 0 && others.length === 0;
  if (ok) out(placed === 0 ? "The shop had all of it already, and agrees with the file." : "The shop agrees with the file.");
  return { ok };
}

function describeFile(file: SalesFile): string {
  const leftOut = [...file.leftOut].map(([reason, count]) => `${n(count)} ${reason}`);
  const kept = `${n(file.lineCount)} lines: ${n(file.sales.length)} of sales, ${n(file.cancellations.length)} of cancellations`;
  return `file       ${[kept, ...leftOut].join(", ")}`;
}
