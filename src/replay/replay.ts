import { bringProducts, bringUsers, grantBalances, placeOrders, refundOrders } from "./bring-in.ts";
import type { Ways } from "./bring-in.ts";
import { askOf } from "./ask.ts";
import { planReplay } from "./plan.ts";
import type { Plan, Sums } from "./plan.ts";
import { progressOn } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { readBack } from "./read-back.ts";
import { ReplayError } from "./replay-error.ts";
import { differences, formatCount as n, tableOf } from "./report.ts";
import { readSalesFile } from "./sales-file.ts";
import type { SalesFile } from "./sales-file.ts";
import { shopClient } from "./shop-client.ts";

export { ReplayError };

type ReplayOptions = {
  file: string;
  url: string;
  token: string;
  concurrency?: number;
  out: (line: string) => void;
  /** Where the bar is drawn: standard error, unless told. */
  progress?: Progress;
  /** How long the sales statistics may lag behind the orders before they count as different. */
  patienceMs?: number;
};

/**
 * Brings the sales of an Online Retail file into a running shop, reads back what the shop then has, and says whether the two agree.
 * Can be run again, after success or in the middle: the requests are the same with the same keys, and the shop does each once.
 * A `ReplayError` says in a sentence why it could not run or go on.
 */
export async function replay(options: ReplayOptions): Promise<{ ok: boolean }> {
  const { out, concurrency = 16, progress = progressOn(process.stderr) } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new ReplayError("The concurrency is a whole number from 1.");

  const file = await readSalesFile(options.file);
  out(describeFile(file));
  const plan = planReplay(file);
  const shop = shopClient(askOf(options.url, options.token), `replay:${plan.digest.slice(0, 32)}`);
  await shop.greet();

  const ways = { shop, concurrency, progress };
  const { ids, speed } = await bringIn(ways, plan, out);
  out("reading back from the shop");
  const found = await readBack(ways, plan, ids, options.patienceMs ?? 5_000);
  return conclude(plan.sums, found, speed, out);
}

type Speed = { placed: number; seconds: number };

async function bringIn(ways: Ways, plan: Plan, out: (line: string) => void) {
  const users = await bringUsers(ways, plan);
  await grantBalances(ways, plan, users);
  out(`users      ${n(users.size)}, granted ${n(plan.sums.revenue)} pence`);
  const catalogue = await bringProducts(ways, plan);
  out(`catalogue  ${n(catalogue.products.size)} products, ${n(catalogue.variants.size)} variants`);

  const begunAt = performance.now();
  const { orders, alreadyThere } = await placeOrders(ways, plan, { ...catalogue, users });
  const speed: Speed = { placed: orders.size - alreadyThere, seconds: (performance.now() - begunAt) / 1000 };
  out(`orders     ${n(orders.size)}${alreadyThere > 0 ? `, ${n(alreadyThere)} of them there already` : ""}`);
  await refundOrders(ways, plan, { ...catalogue, orders });
  out(`refunds    ${n(plan.refunds.length)}`);
  return { ids: { ...catalogue, users }, speed };
}

function conclude(file: Sums, shop: Sums, { placed, seconds }: Speed, out: (line: string) => void): { ok: boolean } {
  out("");
  for (const line of tableOf(file, shop)) out(line);
  out("");
  if (placed > 0) out(`${n(placed)} orders placed in ${seconds.toFixed(1)} s: ${n(Math.round(placed / seconds))} orders/s`);
  const different = differences(file, shop);
  out(different.length === 0 ? "The shop agrees with the file." : `The shop differs from the file in ${different.join("; ")}.`);
  return { ok: different.length === 0 };
}

function describeFile(file: SalesFile): string {
  const leftOut = [...file.leftOut].map(([reason, count]) => `${n(count)} ${reason}`);
  const kept = `${n(file.lineCount)} lines: ${n(file.sales.length)} of sales, ${n(file.cancellations.length)} of cancellations`;
  return `file       ${[kept, ...leftOut].join(", ")}`;
}
