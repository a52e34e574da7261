// Which units can be shipped, refunded and returned. Turn red without: `Math.max` in `refundUnits`
// (unshipped units first), the subtraction of `refunded` in `returnablePieces`, the comparison with
// the end of the window there, `taken`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../../test/support/random.ts";
import type { OrderItem } from "../order/order.ts";
import { refundShares } from "../order/refund/refund-shares.ts";
import { fulfilmentStatus, keptUnits, refundUnits, type Shipment, unshippedUnits } from "../order/shipped.ts";
import { choosePieces, type Piece, returnablePieces, returnableUntil, unitsOfPieces } from "./returnable.ts";

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

function item(variantId: string, quantity: number, unitPrice = 1000): OrderItem {
  return { variantId, productId: "p", sku: null, options: {}, name: variantId, unitPrice, quantity, refundedQuantity: 0 };
}

function parcel(id: string, variantId: string, quantity: number, shippedAt: number, deliveredAt: number | null = null): Shipment {
  return { id, items: [{ variantId, quantity }], carrier: "CJ대한통운", trackingNumber: "1", trackingUrl: null, shippedAt, deliveredAt };
}

test("a refund takes unshipped units first, and a return takes shipped ones only", () => {
  const shipped = { ...item("a", 5), shippedQuantity: 3 };
  const refunded = refundUnits(shipped, 3, { returned: false, restock: true });
  assert.deepEqual([refunded.refundedQuantity, refunded.returnedQuantity, unshippedUnits(refunded), keptUnits(refunded)], [3, 1, 0, 2]);
  const returned = refundUnits(shipped, 2, { returned: true, restock: false });
  assert.deepEqual([returned.returnedQuantity, returned.writtenOffQuantity, unshippedUnits(returned), keptUnits(returned)], [2, 2, 2, 1]);
});

test("a refund before shipment stores no member beyond the refunded quantity", () => {
  assert.deepEqual(refundUnits(item("a", 2), 1, { returned: false, restock: true }), { ...item("a", 2), refundedQuantity: 1 });
});

test("the fulfilment status is of the units that were not refunded before shipment", () => {
  const two = item("a", 2);
  const shipped = { ...two, shippedQuantity: 2 };
  const cases: [string, OrderItem, Shipment[], number | null][] = [
    ["NONE", two, [], null],
    ["PREPARING", two, [], 1],
    ["NONE", { ...two, refundedQuantity: 2 }, [], 1],
    ["PARTIALLY_SHIPPED", { ...two, shippedQuantity: 1 }, [parcel("1", "a", 1, 1)], 1],
    ["SHIPPED", shipped, [parcel("1", "a", 2, 1)], 1],
    ["SHIPPED", { ...two, shippedQuantity: 1, refundedQuantity: 1 }, [parcel("1", "a", 1, 1)], null],
    ["PARTIALLY_SHIPPED", { ...two, shippedQuantity: 1 }, [parcel("1", "a", 1, 1, 2)], null],
    ["SHIPPED", shipped, [parcel("1", "a", 1, 1, 2), parcel("2", "a", 1, 1)], null],
    ["DELIVERED", shipped, [parcel("1", "a", 1, 1, 2), parcel("2", "a", 1, 1, 3)], null],
    ["DELIVERED", { ...shipped, refundedQuantity: 2, returnedQuantity: 2 }, [parcel("1", "a", 2, 1, 2)], null],
  ];
  for (const [expected, line, shipments, preparingAt] of cases) assert.equal(fulfilmentStatus([line], shipments, preparingAt), expected);
});

test("the return window counts from the delivery, or from 14 days after shipment if none was reported", () => {
  assert.equal(returnableUntil(parcel("1", "a", 1, 1000, 5000), WEEK_MS), 5000 + WEEK_MS);
  assert.equal(returnableUntil(parcel("1", "a", 1, 1000), WEEK_MS), 1000 + 14 * DAY_MS + WEEK_MS);
});

test("a piece can be returned until the window of its own parcel ends", () => {
  const order = { items: [{ ...item("a", 3), shippedQuantity: 3 }], shipments: [parcel("1", "a", 1, 0, DAY_MS), parcel("2", "a", 2, 0, 3 * DAY_MS)] };
  const at = (now: number): Piece[] => returnablePieces(order, [], { now, returnWithinMs: WEEK_MS });
  assert.deepEqual([...unitsOfPieces(at(DAY_MS + WEEK_MS - 1)).values()], [3]);
  assert.deepEqual(at(DAY_MS + WEEK_MS), [{ shipmentId: "2", variantId: "a", quantity: 2 }]);
  assert.deepEqual(at(3 * DAY_MS + WEEK_MS), []);
});

test("pieces in a return are not returned again, and units refunded without one are taken from the oldest parcel", () => {
  const shipments = [parcel("1", "a", 2, 0, DAY_MS), parcel("2", "a", 2, 0, 2 * DAY_MS)];
  const line = { ...item("a", 4), shippedQuantity: 4 };
  const open = [{ open: true, pieces: [{ shipmentId: "2", variantId: "a", quantity: 1 }] }];
  const now = 2 * DAY_MS;
  assert.deepEqual(returnablePieces({ items: [line], shipments }, open, { now, returnWithinMs: WEEK_MS }), [
    { shipmentId: "1", variantId: "a", quantity: 2 },
    { shipmentId: "2", variantId: "a", quantity: 1 },
  ]);
  const refunded = { ...line, refundedQuantity: 1, returnedQuantity: 1 };
  assert.deepEqual(returnablePieces({ items: [refunded], shipments }, open, { now, returnWithinMs: WEEK_MS }), [
    { shipmentId: "1", variantId: "a", quantity: 1 },
    { shipmentId: "2", variantId: "a", quantity: 1 },
  ]);
  // Received: the same unit, no longer counted twice.
  const received = open.map((row) => ({ ...row, open: false }));
  assert.deepEqual(returnablePieces({ items: [refunded], shipments }, received, { now, returnWithinMs: WEEK_MS }), [
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
    const before = Array.from({ length: 1 + below(4) }, (_, i) => item(String(i), 1 + below(6), below(3) === 0 ? below(10) : below(1_000_000)));
    const totalAmount = before.reduce((sum, { unitPrice, quantity }) => sum + unitPrice * quantity, 0);
    const order = { totalAmount, discountAmount: below(totalAmount + 1) };
    let items = before;
    let [refunded, parcels] = [0, 0];
    const stock = new Map<string, number>();
    const shipments: Shipment[] = [];
    for (let step = 0; items.some(({ quantity, refundedQuantity }) => refundedQuantity < quantity); step++) {
      const place = below(items.length);
      const chosen = items[place] as OrderItem;
      const { quantity, refundedQuantity, variantId } = chosen;
      const ships = below(2) === 0 && unshippedUnits(chosen) > 0;
      const returned = !ships && below(2) === 0;
      const most = ships ? unshippedUnits(chosen) : returned ? keptUnits(chosen) : quantity - refundedQuantity;
      if (most === 0) continue;
      const units = 1 + below(most);
      const restock = below(2) === 0;
      let changed: OrderItem;
      if (ships) {
        changed = { ...chosen, shippedQuantity: (chosen.shippedQuantity ?? 0) + units };
        shipments.push(parcel(String(parcels++), variantId, units, step));
      } else {
        changed = refundUnits(chosen, units, { returned, restock });
        if (restock) stock.set(variantId, (stock.get(variantId) ?? 0) + units);
      }
      const after = items.with(place, changed);
      if (!ships) refunded += refundShares(order, items, after).reduce((sum, share) => sum + share, 0);
      items = after;
      assert.ok(items.every((line) => unshippedUnits(line) >= 0 && keptUnits(line) >= 0));
      const returnable = unitsOfPieces(returnablePieces({ items, shipments }, [], { now: step, returnWithinMs: WEEK_MS }));
      for (const line of items) assert.equal(returnable.get(line.variantId) ?? 0, keptUnits(line));
    }
    assert.equal(refunded, totalAmount - order.discountAmount);
    for (const { variantId, quantity, writtenOffQuantity = 0, shippedQuantity = 0, returnedQuantity = 0 } of items) {
      assert.equal((stock.get(variantId) ?? 0) + writtenOffQuantity, quantity);
      assert.equal(returnedQuantity, shippedQuantity);
    }
  }
});
