// Which units can be shipped, refunded and returned. Turn red without: `Math.max` in
// `fulfilmentAfterRefund` (unshipped units first), the subtraction of `refunded` in
// `returnablePieces`, the comparison with the end of the window there, `taken`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../../test/support/random.ts";
import type { OrderItem } from "../order/order.ts";
import { refundShares } from "../order/refund/refund-shares.ts";
import { type Fulfilment, fulfilmentAfterRefund, fulfilmentStatus, type Shipment, unitsByVariant } from "../order/fulfilment.ts";
import { choosePieces, type Piece, returnablePieces, returnableUntil, unitsOfPieces } from "./returnable.ts";

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

function item(variantId: string, quantity: number, { unitPrice = 1000, refundedQuantity = 0 } = {}): OrderItem {
  return { variantId, productId: "p", sku: null, name: variantId, options: {}, unitPrice, quantity, refundedQuantity };
}

function parcel(id: string, variantId: string, quantity: number, shippedAt: number, deliveredAt: number | null = null): Shipment {
  return { id, items: [{ variantId, quantity }], carrier: "CJ대한통운", trackingNumber: "1", trackingUrl: null, shippedAt, deliveredAt };
}

test("a refund takes unshipped units first, and a return takes shipped ones only", () => {
  const order = { items: [item("a", 5)], fulfilment: { shipments: [parcel("1", "a", 3, 1)] } };
  const refundOf = (units: number, returned: boolean, restock: boolean) => {
    const fulfilment = fulfilmentAfterRefund(order, new Map([["a", units]]), { returned, restock }) as Fulfilment;
    return { ...unitsByVariant({ items: [item("a", 5, { refundedQuantity: units })], fulfilment }).get("a"), writtenOff: fulfilment.writtenOff };
  };
  assert.deepEqual(refundOf(3, false, true), { unshipped: 0, kept: 2, writtenOff: undefined });
  assert.deepEqual(refundOf(2, true, false), { unshipped: 2, kept: 1, writtenOff: { a: 2 } });
});

test("a refund before shipment stores nothing unless its units are written off", () => {
  const order = { items: [item("a", 2)], fulfilment: null };
  assert.equal(fulfilmentAfterRefund(order, new Map([["a", 1]]), { returned: false, restock: true }), null);
  assert.deepEqual(fulfilmentAfterRefund(order, new Map([["a", 1]]), { returned: false, restock: false }), { shipments: [], writtenOff: { a: 1 } });
});

test("the fulfilment status is of the units that were not refunded before shipment", () => {
  const refunded = (refundedQuantity: number): OrderItem => item("a", 2, { refundedQuantity });
  const two = refunded(0);
  const cases: [string, OrderItem, Fulfilment | null, number | null][] = [
    ["NONE", two, null, null],
    ["PREPARING", two, null, 1],
    ["NONE", refunded(2), null, 1],
    ["PARTIALLY_SHIPPED", two, { shipments: [parcel("1", "a", 1, 1)] }, 1],
    ["SHIPPED", two, { shipments: [parcel("1", "a", 2, 1)] }, 1],
    ["SHIPPED", refunded(1), { shipments: [parcel("1", "a", 1, 1)] }, null],
    ["PARTIALLY_SHIPPED", two, { shipments: [parcel("1", "a", 1, 1, 2)] }, null],
    ["SHIPPED", two, { shipments: [parcel("1", "a", 1, 1, 2), parcel("2", "a", 1, 1)] }, null],
    ["DELIVERED", two, { shipments: [parcel("1", "a", 1, 1, 2), parcel("2", "a", 1, 1, 3)] }, null],
    ["DELIVERED", refunded(2), { shipments: [parcel("1", "a", 2, 1, 2)], returned: { a: 2 } }, null],
  ];
  for (const [expected, line, fulfilment, preparingAt] of cases) assert.equal(fulfilmentStatus({ items: [line], fulfilment, preparingAt }), expected);
});

test("the return window counts from the delivery, or from 14 days after shipment if none was reported", () => {
  assert.equal(returnableUntil(parcel("1", "a", 1, 1000, 5000), WEEK_MS), 5000 + WEEK_MS);
  assert.equal(returnableUntil(parcel("1", "a", 1, 1000), WEEK_MS), 1000 + 14 * DAY_MS + WEEK_MS);
});

test("a piece can be returned until the window of its own parcel ends", () => {
  const fulfilment = { shipments: [parcel("1", "a", 1, 0, DAY_MS), parcel("2", "a", 2, 0, 3 * DAY_MS)] };
  const at = (now: number): Piece[] => returnablePieces(fulfilment, [], { now, returnWithinMs: WEEK_MS });
  assert.deepEqual([...unitsOfPieces(at(DAY_MS + WEEK_MS - 1)).values()], [3]);
  assert.deepEqual(at(DAY_MS + WEEK_MS), [{ shipmentId: "2", variantId: "a", quantity: 2 }]);
  assert.deepEqual(at(3 * DAY_MS + WEEK_MS), []);
});

test("pieces in a return are not returned again, and units refunded without one are taken from the oldest parcel", () => {
  const shipments = [parcel("1", "a", 2, 0, DAY_MS), parcel("2", "a", 2, 0, 2 * DAY_MS)];
  const open = [{ open: true, pieces: [{ shipmentId: "2", variantId: "a", quantity: 1 }] }];
  const now = 2 * DAY_MS;
  assert.deepEqual(returnablePieces({ shipments }, open, { now, returnWithinMs: WEEK_MS }), [
    { shipmentId: "1", variantId: "a", quantity: 2 },
    { shipmentId: "2", variantId: "a", quantity: 1 },
  ]);
  const refunded = { shipments, returned: { a: 1 } };
  assert.deepEqual(returnablePieces(refunded, open, { now, returnWithinMs: WEEK_MS }), [
    { shipmentId: "1", variantId: "a", quantity: 1 },
    { shipmentId: "2", variantId: "a", quantity: 1 },
  ]);
  // Received: the same unit, no longer counted twice.
  const received = open.map((row) => ({ ...row, open: false }));
  assert.deepEqual(returnablePieces(refunded, received, { now, returnWithinMs: WEEK_MS }), [
    { shipmentId: "1", variantId: "a", quantity: 2 },
    { shipmentId: "2", variantId: "a", quantity: 1 },
  ]);
});

test("units are chosen from parcels whose window ends first, and not more than there are", () => {
  const pieces = [
    { shipmentId: "1", variantId: "a", quantity: 1 },
    { shipmentId: "2", variantId: "a", quantity: 2 },
  ];
  assert.deepEqual(choosePieces(pieces, new Map([["a", 2]])), [
    { shipmentId: "1", variantId: "a", quantity: 1 },
    { shipmentId: "2", variantId: "a", quantity: 1 },
  ]);
  assert.equal(choosePieces(pieces, new Map([["a", 4]])), undefined);
  assert.equal(choosePieces(pieces, new Map([["b", 1]])), undefined);
});

test("random shipments, returns and refunds add up to the payment to the won, and each unit has one fate", () => {
  const { below } = random(20261129);
  for (let run = 0; run < 2000; run++) {
    const before = Array.from({ length: 1 + below(4) }, (_, i) =>
      item(String(i), 1 + below(6), { unitPrice: below(3) === 0 ? below(10) : below(1_000_000) }),
    );
    const totalAmount = before.reduce((sum, { unitPrice, quantity }) => sum + unitPrice * quantity, 0);
    const paid = { totalAmount, discountAmount: below(totalAmount + 1) };
    let order: { items: OrderItem[]; fulfilment: Fulfilment | null } = { items: before, fulfilment: null };
    let [refunded, parcels] = [0, 0];
    const stock = new Map<string, number>();
    for (let step = 0; order.items.some(({ quantity, refundedQuantity }) => refundedQuantity < quantity); step++) {
      const place = below(order.items.length);
      const { quantity, refundedQuantity, variantId } = order.items[place] as OrderItem;
      const { unshipped = 0, kept = 0 } = unitsByVariant(order).get(variantId) ?? {};
      const ships = below(2) === 0 && unshipped > 0;
      const returned = !ships && below(2) === 0;
      const most = ships ? unshipped : returned ? kept : quantity - refundedQuantity;
      if (most === 0) continue;
      const units = 1 + below(most);
      const restock = below(2) === 0;
      if (ships) {
        const shipments: Shipment[] = [...(order.fulfilment?.shipments ?? []), parcel(String(parcels++), variantId, units, step)];
        order = { items: order.items, fulfilment: { ...order.fulfilment, shipments } };
      } else {
        const items = order.items.with(place, { ...(order.items[place] as OrderItem), refundedQuantity: refundedQuantity + units });
        refunded += refundShares(paid, order.items, items).reduce((sum, share) => sum + share, 0);
        order = { items, fulfilment: fulfilmentAfterRefund(order, new Map([[variantId, units]]), { returned, restock }) };
        if (restock) stock.set(variantId, (stock.get(variantId) ?? 0) + units);
      }
      const pieces = returnablePieces(order.fulfilment ?? { shipments: [] }, [], { now: step, returnWithinMs: WEEK_MS });
      for (const [variant, left] of unitsByVariant(order)) {
        assert.ok(left.unshipped >= 0 && left.kept >= 0);
        assert.equal(unitsOfPieces(pieces).get(variant) ?? 0, left.kept);
      }
    }
    assert.equal(refunded, totalAmount - paid.discountAmount);
    for (const { variantId, quantity } of order.items)
      assert.equal((stock.get(variantId) ?? 0) + (order.fulfilment?.writtenOff?.[variantId] ?? 0), quantity);
    for (const { unshipped, kept } of unitsByVariant(order).values()) assert.deepEqual([unshipped, kept], [0, 0]);
  }
});
