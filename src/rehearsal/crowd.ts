// A rehearsal's crowd of buyers. It runs in its own process, so that its load does not slow the shop's thread. It receives one plan, and sends
// its progress and then its report.

import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { CrowdLine } from "./crowd-line.ts";
import type { CrowdMessage, CrowdPlan } from "./crowd-messages.ts";
import { type CrowdRequest, crowdReport } from "./crowd-report.ts";
import { Requests } from "./crowd-requests.ts";
import type { CrowdReport } from "./rehearsal.ts";

const MAX_CONNECTIONS = 512;
const PROGRESS_EVERY_MS = 250;

process.once("message", (plan: CrowdPlan) => {
  void run(plan)
    .catch((error: Error) => send({ broken: error.message }))
    .finally(() => process.disconnect());
});
// The shop's process has ended.
process.once("disconnect", () => process.exit());

const send = (message: CrowdMessage): Promise<void> => new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));

async function run({ url, opensAtMs, arriveWithinMs, couponId, product, drop, tokens, persons }: CrowdPlan): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  const requests = new Requests(agent, url);
  const line = drop === null || drop.mode === "DIRECT" ? null : new CrowdLine(requests, drop);
  const claims: CrowdRequest[] | null = couponId === null ? null : [];
  const orders: CrowdRequest[] | null = product === null ? null : [];
  const units = new Map<number, number>();
  const progress = { arrived: 0, claimed: 0, sold: 0, refused: 0, done: 0 };
  const openedAt = performance.now() + (opensAtMs - Date.now());
  const reporting = setInterval(() => void send({ progress }), PROGRESS_EVERY_MS);

  async function claim(token: string): Promise<string | null> {
    const { text: _, ...sent } = await requests.send({
      token,
      path: `/coupons/${couponId}/issue`,
      body: {},
      key: `claim-${couponId}`,
      id: "userCouponId",
    });
    claims?.push(sent);
    progress[sent.refusal === null ? "claimed" : "refused"]++;
    return sent.id;
  }

  async function order(token: string, n: number, variantId: string, userCouponId: string | null): Promise<void> {
    if (!product) return;
    const body = { orderItems: [{ productId: product.id, variantId, quantity: 1 }], ...(userCouponId === null ? {} : { userCouponId }) };
    const { text: _, ...sent } = await requests.send({ token, path: "/orders", body, key: `order-${product.id}` });
    orders?.push(sent);
    progress[sent.refusal === null ? "sold" : "refused"]++;
    const person = persons[n] as number;
    if (sent.refusal === null) units.set(person, (units.get(person) ?? 0) + 1);
  }

  async function buy(token: string, n: number): Promise<void> {
    // Half of the crowd arrives in the first quarter of the time.
    await pause(Math.max(0, openedAt + arriveWithinMs * (n / tokens.length) ** 2 - performance.now()));
    progress.arrived++;
    const userCouponId = couponId === null ? null : await claim(token);
    const wanted = product?.variantIds[n % product.variantIds.length];
    if (wanted !== undefined && line) {
      const entered = await line.enter({ token, buy: (variantId) => order(token, n, variantId, userCouponId) }, wanted);
      if (!entered) progress.refused++;
    } else if (wanted !== undefined) await order(token, n, wanted, userCouponId);
    progress.done++;
  }

  await Promise.all(tokens.map(buy));
  await line?.follow(tokens[0] as string);
  clearInterval(reporting);
  agent.destroy();
  await send({ progress });
  await send({
    report: crowdReport(openedAt, { claims, orders, entries: line?.entries ?? null, manyAccounts: drop && manyAccountsOf(persons, units) }),
  });
}

/** The accounts and units of people with several accounts. */
function manyAccountsOf(persons: number[], units: ReadonlyMap<number, number>): CrowdReport["manyAccounts"] {
  const accounts = new Map<number, number>();
  for (const person of persons) accounts.set(person, (accounts.get(person) ?? 0) + 1);
  const many = [...accounts].filter(([, count]) => count > 1);
  const got = many.map(([person]) => units.get(person) ?? 0);
  return {
    people: many.length,
    accounts: many.reduce((sum, [, count]) => sum + count, 0),
    units: got.reduce((sum, count) => sum + count, 0),
    mostUnits: Math.max(0, ...got),
  };
}
