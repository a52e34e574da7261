import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { OrderItem } from "../order.ts";
import { refundShares, taxFreeShare, taxFreeTotal } from "./refund-shares.ts";

type Case = { lines: { unitPrice: number; quantity: number; taxFree: number }[]; discount: number; steps: number[] };

const cases: fc.Arbitrary<Case> = fc.record({
  lines: fc.array(
    fc
      .record({
        unitPrice: fc.integer({ min: 0, max: 10_000 }),
        quantity: fc.integer({ min: 1, max: 6 }),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      })
      .map(({ part, ...line }) => ({ ...line, taxFree: Math.round(line.unitPrice * part) })),
    { minLength: 1, maxLength: 5 },
  ),
  discount: fc.double({ min: 0, max: 1, noNaN: true }),
  steps: fc.array(fc.nat(), { maxLength: 40 }),
});

/** An order, and its refunds in a random order and size until no unit is left: the amount and the tax-free part of each. */
function refundsOf({ lines, discount, steps }: Case, atGateway: (total: number) => number) {
  let items = lines.map(({ unitPrice, quantity, taxFree }, i): OrderItem => {
    const id = String(i);
    return { variantId: id, productId: id, sku: null, name: id, options: {}, unitPrice, quantity, refundedQuantity: 0, taxFreeAmount: taxFree };
  });
  const totalAmount = items.reduce((sum, item) => sum + item.unitPrice * item.quantity, 0);
  const order = { totalAmount, discountAmount: Math.floor(totalAmount * discount), refundedAmount: 0, items };
  const known = atGateway(taxFreeTotal(order));
  const parts: [amount: number, taxFree: number][] = [];
  for (const step of [...steps, ...items.map((_, i) => i)]) {
    const i = step % items.length;
    const isLast = parts.length >= steps.length;
    const after = items.map((item, j) => {
      const units = i !== j ? 0 : isLast ? item.quantity - item.refundedQuantity : Math.min(1 + (step % 3), item.quantity - item.refundedQuantity);
      return { ...item, refundedQuantity: item.refundedQuantity + units };
    });
    const amount = refundShares(order, items, after).reduce((sum, share) => sum + share, 0);
    parts.push([amount, taxFreeShare(order, items, after, known)]);
    order.refundedAmount += amount;
    items = after;
  }
  return { known, paid: totalAmount - order.discountAmount, parts };
}

for (const [words, atGateway] of [
  ["as the order has it", (total: number) => total],
  ["another at the gateway", (total: number) => Math.floor(total / 2) + 1],
  ["none at the gateway", () => 0],
] as const)
  test(`tax-free parts of refunds add up to the payment's, and none is above its refund (${words})`, () => {
    fc.assert(
      fc.property(cases, (given) => {
        const { known, paid, parts } = refundsOf(given, atGateway);
        fc.pre(known <= paid);
        assert.equal(
          parts.reduce((sum, [amount]) => sum + amount, 0),
          paid,
        );
        assert.equal(
          parts.reduce((sum, [, taxFree]) => sum + taxFree, 0),
          known,
        );
        for (const [amount, taxFree] of parts) assert.ok(taxFree >= 0 && taxFree <= amount, `${taxFree} of ${amount}`);
      }),
      { numRuns: 300 },
    );
  });

test("the tax-free part of a refund is that of its units", () => {
  const line = (unitPrice: number, taxFreeAmount: number): OrderItem => {
    const id = String(unitPrice);
    return { variantId: id, productId: id, sku: null, name: id, options: {}, unitPrice, quantity: 2, refundedQuantity: 0, taxFreeAmount };
  };
  const items = [line(1000, 0), line(300, 300)];
  const order = { totalAmount: 2600, discountAmount: 0, refundedAmount: 0 };
  const refunded = (i: number): OrderItem[] => items.map((item, j) => (i === j ? { ...item, refundedQuantity: 1 } : item));
  assert.deepEqual([taxFreeShare(order, items, refunded(0), 600), taxFreeShare(order, items, refunded(1), 600)], [0, 300]);
});
