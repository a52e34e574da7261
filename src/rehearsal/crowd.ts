// A crowd in a process of its own, so that what it takes is not taken from the shop's thread. It gets one plan, says how far it is, and what came of it.

import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { exponentialMs } from "../backoff.ts";
import type { CrowdPlan, CrowdSays } from "./crowd-plan.ts";
import { type Asked, crowdReport } from "./crowd-report.ts";

const MOST_CONNECTIONS = 512;
const MOST_TRIES = 5;
const LONGEST_PAUSE_MS = 5000;
const ANSWER_WITHIN_MS = 30_000;
const TELL_EVERY_MS = 250;
/** Beside these a refusal is the shop's last word. */
const PASSING = new Set(["BUSY", "UNAVAILABLE", "TOO_MANY_REQUESTS", "NO_ANSWER"]);

process.once("message", (plan: CrowdPlan) => {
  void visit(plan)
    .catch((error: Error) => say({ broken: error.message }))
    .finally(() => process.disconnect());
});
// Without the shop there is nobody to tell, and nothing to rehearse.
process.once("disconnect", () => process.exit());

const say = (words: CrowdSays): Promise<void> => new Promise((resolve) => process.send?.(words, undefined, undefined, () => resolve()));

async function visit({ url, opensAtMs, arriveWithinMs, couponId, product, tokens }: CrowdPlan): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
  const claims: Asked[] | null = couponId === null ? null : [];
  const orders: Asked[] | null = product === null ? null : [];
  const progress = { arrived: 0, claimed: 0, sold: 0, refused: 0, done: 0 };
  const openedAt = performance.now() + (opensAtMs - Date.now());
  const telling = setInterval(() => void say({ progress }), TELL_EVERY_MS);

  async function buy(token: string, n: number): Promise<void> {
    // The most impatient first: half of the crowd comes in the first quarter of the time.
    await pause(Math.max(0, openedAt + arriveWithinMs * (n / tokens.length) ** 2 - performance.now()));
    progress.arrived++;
    let userCouponId: string | null = null;
    if (claims && couponId !== null) {
      const claim = await ask({ agent, url, token, path: `/coupons/${couponId}/issue`, body: {}, key: `claim-${couponId}`, id: "userCouponId" });
      claims.push(claim);
      userCouponId = claim.id;
      if (claim.refusal === null) progress.claimed++;
      else progress.refused++;
    }
    if (orders && product) {
      const variantId = product.variantIds[n % product.variantIds.length] as string;
      const body = { orderItems: [{ productId: product.id, variantId, quantity: 1 }], ...(userCouponId === null ? {} : { userCouponId }) };
      const order = await ask({ agent, url, token, path: "/orders", body, key: `order-${product.id}`, id: null });
      orders.push(order);
      if (order.refusal === null) progress.sold++;
      else progress.refused++;
    }
    progress.done++;
  }

  await Promise.all(tokens.map(buy));
  clearInterval(telling);
  agent.destroy();
  await say({ progress });
  await say({ report: crowdReport(openedAt, claims, orders) });
}

type Ask = { agent: Agent; url: string; token: string; path: string; body: unknown; key: string; id: string | null };

/** One request until it is answered for good: a busy shop is asked again, a bounded number of times. */
async function ask(wanted: Ask): Promise<Asked> {
  const sentAt = performance.now();
  for (let tries = 1; ; tries++) {
    const { status, text, retryAfterMs } = await once(wanted);
    const refusal = status >= 200 && status < 300 ? null : (/"code":"(\w+)"/.exec(text)?.[1] ?? "NO_ANSWER");
    if (refusal !== null && PASSING.has(refusal) && tries < MOST_TRIES) {
      await pause(Math.min(LONGEST_PAUSE_MS, retryAfterMs ?? exponentialMs(200, LONGEST_PAUSE_MS, tries)));
      continue;
    }
    const id = refusal === null && wanted.id !== null ? (new RegExp(`"${wanted.id}":"([^"]+)"`).exec(text)?.[1] ?? null) : null;
    return { sentAt, answeredAt: performance.now(), refusal, tries, id };
  }
}

function once({ agent, url, token, path, body, key }: Ask): Promise<{ status: number; text: string; retryAfterMs: number | undefined }> {
  const text = JSON.stringify(body);
  return new Promise((resolve) => {
    const lost = (): void => resolve({ status: 0, text: "", retryAfterMs: undefined });
    const sent = request(
      new URL(path, url),
      {
        method: "POST",
        agent,
        timeout: ANSWER_WITHIN_MS,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(text)),
          "idempotency-key": key,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", lost);
        response.on("end", () => {
          const retryAfter = response.headers["retry-after"];
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString("utf8"),
            retryAfterMs: retryAfter === undefined ? undefined : Number(retryAfter) * 1000,
          });
        });
      },
    );
    sent.on("error", lost);
    sent.on("timeout", () => sent.destroy(new Error("the shop did not answer")));
    sent.end(text);
  });
}
