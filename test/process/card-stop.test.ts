// A shop is stopped or killed while the gateway has not answered: the next start settles the attempts.

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { chargeByCard } from "../support/charge.ts";
import { freshDatabase } from "../support/database.ts";
import { serve } from "../support/process.ts";
import { type Answer, Client, good } from "../support/shop.ts";

const GATEWAY_SECRET = "test_sk_of_the_stop";
const folder = mkdtempSync(join(tmpdir(), "jangnal-card-stop-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The gateway captures the payment but never answers, so the shop must query it. */
const capturedWithoutAnswer = (name: string): string => keyFor({ confirm: ["timeout*"] }, name);
/** The gateway does nothing and never answers. */
const lost = (name: string): string => keyFor({ confirm: ["silent"] }, name);

const STOPS = {
  // Fails without `gateway.stop()` in `close` (src/app/app.ts): requests wait for the gateway until the process exits with 1.
  SIGTERM: { isAnswered: true },
  SIGKILL: { isAnswered: false },
} as const;

/** The next start asks about the attempts of a killed shop after the gateway's timeout: makes them due. */
async function passTimeouts(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const table of ["payments", "refunds", "card_charges"]) await client.query(`UPDATE ${table} SET ask_at = now() WHERE ask_at IS NOT NULL`);
  await client.end();
}

for (const [signal, { isAnswered }] of Object.entries(STOPS)) {
  test(`after ${signal} while two payments, a charge and a refund wait for the gateway, the next start settles each of them once`, async () => {
    const database = await freshDatabase();
    const simulator = new Simulator({ secret: GATEWAY_SECRET });
    const gateway = { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: GATEWAY_SECRET };
    const env = {
      DATABASE_URL: database.url,
      DATA_DIR: join(folder, signal),
      BALANCE_FUNDING: "gateway",
      PAYMENT_SETTLE_AFTER_MS: "1",
      PAYMENT_GATEWAY_BREAKER_CALLS: "1000",
      ...gateway,
    };
    const running: ChildProcess[] = [];
    try {
      const shop = await serve({ ...env, PAYMENT_GATEWAY_TIMEOUT_MS: "60000" });
      running.push(shop.child);
      const operator = new Client(shop.url, "an-operator", "operator");
      const [{ id }] = (good(await operator.post("/admin/users", { users: [{ name: "손님" }] }), 201) as { users: [{ id: string }] }).users;
      const user = new Client(shop.url, id, "shopper");
      const product = good(await operator.post("/admin/products", { name: "사과", price: 1000, stock: 10 }), 201) as { id: string };
      const order = async (): Promise<string> =>
        good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "DEFERRED" } }), 201).orderId;
      const pay = (orderId: string, paymentKey: string): Promise<Answer> => user.post("/payments", { orderId, method: "CARD", paymentKey });
      const [taken, untouched, refunded] = [await order(), await order(), await order()];
      good(await pay(refunded, keyFor({ cancel: ["timeout"] }, "refunded")), 201);

      const waiting = [
        pay(taken, capturedWithoutAnswer("taken")),
        pay(untouched, lost("untouched")),
        chargeByCard(user, { amount: 500, paymentKey: capturedWithoutAnswer("charge") }),
        operator.post(`/admin/orders/${refunded}/refunds`, { reason: "test" }),
      ].map((sent) => sent.catch(() => undefined));
      for (const deadline = Date.now() + 60_000; simulator.calls("confirm") < 4 || simulator.calls("cancel") < 1; await pause(5))
        assert.ok(Date.now() < deadline, "the gateway did not receive all requests");
      shop.child.kill(signal as NodeJS.Signals);
      const answers = await Promise.all(waiting);
      assert.equal((await shop.ended).code, isAnswered ? 0 : null);
      assert.deepEqual(
        answers.map((answer) => answer?.status),
        answers.map(() => (isAnswered ? 202 : undefined)),
      );
      if (!isAnswered) await passTimeouts(database.url);

      const again = await serve({ ...env, PAYMENT_GATEWAY_TIMEOUT_MS: "300" });
      running.push(again.child);
      const [auditor, buyer] = [new Client(again.url, operator.id, "operator"), new Client(again.url, id, "shopper")];
      const statusOf = async (orderId: string): Promise<string> => good(await buyer.get(`/orders/${orderId}`), 200).status;
      const state = async (): Promise<unknown[]> => {
        good(await auditor.post("/admin/jobs/settle-payments/run"), 200);
        const { balance } = good(await buyer.get(`/users/${id}/balance`), 200);
        return [await statusOf(taken), await statusOf(untouched), await statusOf(refunded), balance];
      };
      const settled = ["COMPLETED", "COMPLETED", "REFUNDED", 500];
      for (const deadline = Date.now() + 90_000; ;) {
        const now = await state();
        if (now.every((value, i) => value === settled[i])) break;
        if (Date.now() > deadline) assert.deepEqual(now, settled);
      }
      const held = [...simulator.ledger.payments.values()].map(({ left }) => left).sort((a, b) => a - b);
      assert.deepEqual(held, [0, 500, 1000, 1000]);
      assert.deepEqual(good(await auditor.get("/admin/reconciliation"), 200).differences, []);
      assert.deepEqual(good(await auditor.get("/admin/audit"), 200).violations, []);
      again.child.kill("SIGTERM");
      await again.ended;
    } finally {
      for (const child of running) child.kill("SIGKILL");
      await simulator.close();
      await database.drop();
    }
  });
}
