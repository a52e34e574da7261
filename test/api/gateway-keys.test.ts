// The idempotency keys of gateway calls: money is captured once and refunded once, even if calls
// fail.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gateway, GatewayPayment } from "../../src/gateway/gateway.ts";
import { refundAtGateway } from "../../src/settlement/gateway-refund.ts";
import type { Database } from "../../src/database/pool.ts";
import type { OrderCache } from "../../src/order/order-cache.ts";
import { createSettlers } from "../../src/settlement/settlement.ts";
import type { Till } from "../../src/till/till.ts";

const REFUND = { id: "r-1", keyNumber: 0, paymentKey: "k", amount: 5, reason: "broken" };

/** A gateway that remembers its cancels but forgets every idempotency key. */
function forgetfulGateway(): { gateway: Gateway; cancels: { reason: string; idempotencyKey: string }[] } {
  const cancels: { reason: string; idempotencyKey: string }[] = [];
  const payment = (): GatewayPayment => ({ cancels: cancels.map(({ reason }) => ({ reason })) }) as unknown as GatewayPayment;
  const gateway = {
    find: () => Promise.resolve(payment()),
    cancel(wanted: { reason: string; idempotencyKey: string }) {
      cancels.push(wanted);
      return Promise.resolve({ kind: "payment", payment: payment() });
    },
  } as unknown as Gateway;
  return { gateway, cancels };
}

// Without the look-up before the request, a gateway that has forgotten the key would refund twice.
test("a refund that may have been sent is looked up before it is sent again", async () => {
  const { gateway, cancels } = forgetfulGateway();
  for (const again of [false, true, true]) assert.deepEqual(await refundAtGateway(gateway, REFUND, again), { kind: "done" });
  assert.equal(cancels.length, 1);
});

// With any other key, a repeated call would refund again.
test("a refund is sent under its own id, which is also in its reason", async () => {
  const { gateway, cancels } = forgetfulGateway();
  await refundAtGateway(gateway, REFUND, false);
  assert.deepEqual([cancels[0]?.idempotencyKey, cancels[0]?.reason], ["r-1", "broken [r-1]"]);
});

// With any other key, a repeated confirm would be a second payment.
test("a payment is confirmed under its own id, in every repeat", async () => {
  const keys: string[] = [];
  const row = { id: "p-1", orderId: "o-1", method: "CARD", status: "PENDING", amount: 5, steps: null, createdAt: Date.now(), paidAt: null };
  const gateway = {
    find: () => Promise.resolve(undefined),
    confirm({ idempotencyKey }: { idempotencyKey: string }) {
      keys.push(idempotencyKey);
      return Promise.resolve({ kind: "refused", code: "NOT_NOW", repeated: false });
    },
  } as unknown as Gateway;
  const { payments } = createSettlers({
    database: {
      rows: () => Promise.resolve([{ ...row, payment_key: "k", ask_at: null, asked: 0, key_number: 0, userId: "u", expiresAt: null }]),
    } as unknown as Database,
    till: { finish: () => Promise.resolve(null) } as unknown as Till,
    gateway,
    background: gateway,
    orderCache: {} as OrderCache,
    settings: { timeoutMs: 1, settleAfterMs: 1000, giveUpAfterMs: 1000 },
    now: Date.now,
    balanceMax: 1000,
  });
  await payments.settle("p-1", true);
  await payments.settle("p-1");
  assert.deepEqual(keys, ["p-1", "p-1"]);
});
