// A gateway that hangs or fails for many payments: no other buyer's payment waits for them. The limit of a call is a minute, so a look-up
// that waits for one of theirs would make its test fail.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { type Answer, type Client, good, openTestShop, type TestShop } from "../support/shop.ts";

const SECRET = "test_sk_of_the_tests";
/** More than all lanes of settlement. */
const HANGING = 60;
const MOST_LOOKS = 400;

let simulator: Simulator;
let shop: TestShop;
let user: Client;
beforeEach(async () => {
  simulator = new Simulator({ secret: SECRET });
  shop = await openTestShop({
    env: {
      PAYMENT_GATEWAY_URL: await simulator.listen(),
      PAYMENT_GATEWAY_SECRET: SECRET,
      PAYMENT_GATEWAY_TIMEOUT_MS: "60000",
      PAYMENT_GATEWAY_TRIES: "1",
      PAYMENT_GATEWAY_CONCURRENCY: "200",
      PAYMENT_GATEWAY_BREAKER_CALLS: "1000",
      PAYMENT_SETTLE_AFTER_MS: "600000",
    },
  });
  user = await shop.user({ balance: 1_000_000 });
});
afterEach(async () => {
  await simulator.close();
  await shop.close();
});

type Paid = { paymentId: string; paymentKey: string; orderId: string };

/** Orders whose payments are captured, and whose captures get no answer. */
async function unanswered(count: number, find: string[]): Promise<Paid[]> {
  const product = await shop.product({ price: 10, stock: 1000 });
  const orderItems = [{ productId: product.id, quantity: 1 }];
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { orderId } = good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }), 201);
      const paymentKey = keyFor({ confirm: ["cut*"], find, webhook: "never" }, randomUUID());
      const { paymentId } = good(await user.post("/payments", { orderId, method: "CARD", paymentKey }), 202);
      return { paymentId, paymentKey, orderId };
    }),
  );
}

const webhook = ({ paymentKey }: Paid): Promise<Answer> =>
  shop.anyone("POST", "/payments/webhooks/toss", { eventType: "PAYMENT_STATUS_CHANGED", data: { paymentKey } });
const statusOf = async ({ paymentId }: Paid): Promise<string> => good(await user.get(`/payments/${paymentId}`), 200).status;
const runJob = (): Promise<Answer> => shop.operator.post("/admin/jobs/settle-payments/run");

async function eventually(isTrue: () => Promise<boolean>, message: string): Promise<void> {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(message);
}

/** All look-ups of `hanging` wait for the gateway, which has not answered one of them. */
async function assertAllHang(hanging: Paid[]): Promise<void> {
  for (const one of hanging) assert.equal(await statusOf(one), "UNKNOWN");
}

test("webhooks of payments whose look-ups hang delay no other buyer's webhook", async () => {
  const hanging = await unanswered(HANGING, ["silent*"]);
  const [other] = (await unanswered(1, [])) as [Paid];
  for (const one of hanging) good(await webhook(one), 200);
  // Each is told again, and takes no second lane.
  for (const one of hanging) good(await webhook(one), 200);
  good(await webhook(other), 200);
  await eventually(async () => (await statusOf(other)) === "COMPLETED", "the other buyer's webhook waits for those that hang");
  await assertAllHang(hanging);
  // The other's payment is looked up for its outcome, and then for cancels.
  assert.equal(simulator.calls("find"), HANGING + 2);
});

test("due payments whose look-ups hang delay no other that is due", async () => {
  const hanging = await unanswered(HANGING, ["silent*"]);
  const [other] = (await unanswered(1, [])) as [Paid];
  const job = runJob();
  await eventually(async () => (await statusOf(other)) === "COMPLETED", "the job looks the other payment up after those that hang");
  await assertAllHang(hanging);
  await simulator.close();
  good(await job, 200);
});

test("a notified payment is due before the notification is answered", async () => {
  const [payment] = (await unanswered(1, ["silent*"])) as [Paid];
  const isDue = async (): Promise<boolean> =>
    (await shop.shop.database.pool.query("SELECT ask_at <= now() AS due FROM payments WHERE id = $1", [payment.paymentId])).rows[0].due;
  assert.equal(await isDue(), false);
  good(await webhook(payment), 200);
  assert.equal(await isDue(), true);
});

test("a cancel in the dashboard whose look-up hangs keeps no other from being booked", async () => {
  const product = await shop.product({ price: 10, stock: 1000 });
  const paid = async (find: string[]): Promise<Paid> => {
    const orderItems = [{ productId: product.id, quantity: 1 }];
    const { orderId } = good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }), 201);
    const paymentKey = keyFor({ find, webhook: "never" }, randomUUID());
    const { paymentId } = good(await user.post("/payments", { orderId, method: "CARD", paymentKey }), 201);
    return { paymentId, paymentKey, orderId };
  };
  const hanging = await Promise.all(Array.from({ length: 10 }, () => paid(["silent*"])));
  const other = await paid([]);
  for (const { paymentKey } of [...hanging, other]) simulator.cancelInDashboard(paymentKey);
  const job = runJob();
  await eventually(async () => (await statusOf(other)) === "REFUNDED", "the other cancel is booked after those that hang");
  for (const one of hanging) assert.equal(await statusOf(one), "COMPLETED");
  await simulator.close();
  good(await job, 200);
});
