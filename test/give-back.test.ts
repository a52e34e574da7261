// Money that goes back to a card goes back once, whatever becomes of the call.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gateway, GatewayPayment } from "../src/gateway/gateway.ts";
import { giveMoneyBack } from "../src/gateway/give-back.ts";

const REFUND = { id: "r-1", paymentKey: "k", amount: 5, reason: "broken" };

/** A gateway that remembers what was cancelled, and forgets every idempotency key. */
function forgetful(): { gateway: Gateway; cancels: { reason: string; idempotencyKey: string }[] } {
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

// Goes red without `again && …` in giveMoneyBack: a gateway that has forgotten the key would give it back twice.
test("what may have been sent before is looked for before it is sent again", async () => {
  const { gateway, cancels } = forgetful();
  for (const again of [false, true, true]) assert.deepEqual(await giveMoneyBack(gateway, REFUND, again), { kind: "done" });
  assert.equal(cancels.length, 1);
});

// Goes red with any other key: whoever sends it again would give it back again.
test("it is sent under the refund's own id, which stands in the reason too", async () => {
  const { gateway, cancels } = forgetful();
  await giveMoneyBack(gateway, REFUND, false);
  assert.deepEqual([cancels[0]?.idempotencyKey, cancels[0]?.reason], ["r-1", "broken [r-1]"]);
});
