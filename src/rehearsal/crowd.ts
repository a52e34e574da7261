// A rehearsal's crowd of buyers. It runs in its own process, so that its load does not slow the shop's thread. It receives one plan, and sends
// its progress and then its report.

import { Agent, request as httpRequest } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { exponentialMs } from "../backoff.ts";
import type { CrowdMessage, CrowdPlan } from "./crowd-messages.ts";
import { type CrowdRequest, crowdReport } from "./crowd-report.ts";

const MAX_CONNECTIONS = 512;
const MAX_TRIES = 5;
const LONGEST_PAUSE_MS = 5000;
const RESPONSE_TIMEOUT_MS = 30_000;
const PROGRESS_EVERY_MS = 250;
/** Refusals that are retried. All others are final. */
const TEMPORARY = new Set(["BUSY", "UNAVAILABLE", "TOO_MANY_REQUESTS", "NO_ANSWER"]);

process.once("message", (plan: CrowdPlan) => {
  void run(plan)
    .catch((error: Error) => send({ broken: error.message }))
    .finally(() => process.disconnect());
});
// The shop's process has ended.
process.once("disconnect", () => process.exit());

const send = (message: CrowdMessage): Promise<void> => new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));

async function run({ url, opensAtMs, arriveWithinMs, couponId, product, tokens }: CrowdPlan): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  const claims: CrowdRequest[] | null = couponId === null ? null : [];
  const orders: CrowdRequest[] | null = product === null ? null : [];
  const progress = { arrived: 0, claimed: 0, sold: 0, refused: 0, done: 0 };
  const openedAt = performance.now() + (opensAtMs - Date.now());
  const reporting = setInterval(() => void send({ progress }), PROGRESS_EVERY_MS);

  async function buy(token: string, n: number): Promise<void> {
    // Half of the crowd arrives in the first quarter of the time.
    await pause(Math.max(0, openedAt + arriveWithinMs * (n / tokens.length) ** 2 - performance.now()));
    progress.arrived++;
    let userCouponId: string | null = null;
    if (claims && couponId !== null) {
      const claim = await request({ agent, url, token, path: `/coupons/${couponId}/issue`, body: {}, key: `claim-${couponId}`, id: "userCouponId" });
      claims.push(claim);
      userCouponId = claim.id;
      if (claim.refusal === null) progress.claimed++;
      else progress.refused++;
    }
    if (orders && product) {
      const variantId = product.variantIds[n % product.variantIds.length] as string;
      const body = { orderItems: [{ productId: product.id, variantId, quantity: 1 }], ...(userCouponId === null ? {} : { userCouponId }) };
      const order = await request({ agent, url, token, path: "/orders", body, key: `order-${product.id}`, id: null });
      orders.push(order);
      if (order.refusal === null) progress.sold++;
      else progress.refused++;
    }
    progress.done++;
  }

  await Promise.all(tokens.map(buy));
  clearInterval(reporting);
  agent.destroy();
  await send({ progress });
  await send({ report: crowdReport(openedAt, claims, orders) });
}

type Call = { agent: Agent; url: string; token: string; path: string; body: unknown; key: string; id: string | null };

/** Sends a request, and retries it a bounded number of times while the refusal is temporary. */
async function request(call: Call): Promise<CrowdRequest> {
  const sentAt = performance.now();
  for (let tries = 1; ; tries++) {
    const { status, text, retryAfterMs } = await requestOnce(call);
    const refusal = status >= 200 && status < 300 ? null : (/"code":"(\w+)"/.exec(text)?.[1] ?? "NO_ANSWER");
    if (refusal !== null && TEMPORARY.has(refusal) && tries < MAX_TRIES) {
      await pause(Math.min(LONGEST_PAUSE_MS, retryAfterMs ?? exponentialMs(200, LONGEST_PAUSE_MS, tries)));
      continue;
    }
    const id = refusal === null && call.id !== null ? (new RegExp(`"${call.id}":"([^"]+)"`).exec(text)?.[1] ?? null) : null;
    return { sentAt, answeredAt: performance.now(), refusal, tries, id };
  }
}

function requestOnce({ agent, url, token, path, body, key }: Call): Promise<{ status: number; text: string; retryAfterMs: number | undefined }> {
  const text = JSON.stringify(body);
  return new Promise((resolve) => {
    const fail = (): void => resolve({ status: 0, text: "", retryAfterMs: undefined });
    const sent = httpRequest(
      new URL(path, url),
      {
        method: "POST",
        agent,
        timeout: RESPONSE_TIMEOUT_MS,
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
        response.on("error", fail);
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
    sent.on("error", fail);
    sent.on("timeout", () => sent.destroy(new Error("the shop did not answer in time")));
    sent.end(text);
  });
}
