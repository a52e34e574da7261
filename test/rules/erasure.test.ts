// The rule that a user with open orders or money is not erased, tested through the pure decision, without a database.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type CardCharge, cardCharges } from "../../src/balance/card-charge.sql.ts";
import { profiles } from "../../src/balance/profile.sql.ts";
import { carts } from "../../src/cart/cart.sql.ts";
import type { Database } from "../../src/database/pool.ts";
import type { ReturnRow } from "../../src/fulfilment/return.ts";
import { returns } from "../../src/fulfilment/return.sql.ts";
import { NO_DETAILS, type Order } from "../../src/order/order.ts";
import { orders } from "../../src/order/order.sql.ts";
import { type RefundRow, refunds } from "../../src/order/refund/refund.sql.ts";
import { belongings } from "../../src/privacy/belongings.sql.ts";
import { eraseUser } from "../../src/privacy/erase-user.ts";
import { Refusal } from "../../src/refusal.ts";
import { type Command, command } from "../../src/till/command.ts";
import { decide } from "../../src/till/decide.ts";
import type { Loaded, Table } from "../../src/till/table.ts";
import { decided, existing, type ExistingRow, NOW, ORDER, OTHER, unread, USER, wallet } from "../support/decided.ts";

const DELIVERED = { ...NO_DETAILS, id: ORDER, userId: USER, status: "COMPLETED", fulfilmentStatus: "DELIVERED" } as unknown as Order;
const RETURN = { id: ORDER, orderId: ORDER, status: "REJECTED" } as ReturnRow;

/** The reason for which this user is not erased. */
function reason(own: { balance?: number; openCharges?: number; order?: Partial<Order>; more?: ExistingRow[] }): unknown {
  const { balance = 0, openCharges = 0, order = {}, more = [] } = own;
  const rows = [
    wallet(balance),
    existing(profiles, USER, { id: USER, name: "n", externalId: null, metadata: {}, erasedAt: null }),
    existing(carts, USER, []),
    existing(belongings, USER, { orderIds: [ORDER], openCharges }),
    existing(orders, ORDER, { ...DELIVERED, ...order }),
    ...more,
  ];
  const found = { orderIds: [ORDER], responses: [], at: NOW };
  const { outcome } = decided(rows, eraseUser({ rows: unread } as unknown as Database, unread), { userId: USER, found });
  if (outcome.kind !== "error") return null;
  assert.ok(outcome.error instanceof Refusal, String(outcome.error));
  return outcome.error.details["reason"];
}

test("a user whose orders are delivered and who has no money is erased", () => {
  assert.equal(reason({ more: [existing(returns, ORDER, [RETURN])] }), null);
});

test("a user with money, or with a charge whose outcome is not known, is not erased", () => {
  assert.equal(reason({ balance: 1 }), "BALANCE");
  assert.equal(reason({ openCharges: 1 }), "BALANCE");
});

test("a user with an unpaid, an unshipped or a partly shipped order is not erased", () => {
  assert.equal(reason({ order: { status: "PENDING", fulfilmentStatus: null } }), "OPEN_ORDERS");
  for (const fulfilmentStatus of [null, "PREPARING", "PARTIALLY_SHIPPED"] as const)
    for (const status of ["COMPLETED", "PARTIALLY_REFUNDED"] as const) assert.equal(reason({ order: { status, fulfilmentStatus } }), "OPEN_ORDERS");
});

test("an order or a charge that an earlier command of the round has made is not overlooked", () => {
  const erase = eraseUser({ rows: unread } as unknown as Database, unread);
  const input = { userId: USER, found: { orderIds: [], responses: [], at: NOW } };
  const outcomeAfter = <Row>(table: Table<Row>, row: Row): string => {
    const earlier = command<null, null>({
      name: "earlier",
      needs: () => [],
      decide(uow) {
        uow.put(table, ORDER, row);
        return null;
      },
    });
    const loaded: Loaded = new Map();
    for (const { table: of, key, row: value } of [
      wallet(0),
      existing(profiles, USER, { id: USER, name: "n", externalId: null, metadata: {}, erasedAt: null }),
      existing(belongings, USER, { orderIds: [], openCharges: 0 }),
    ])
      loaded.set(of, new Map([[key, value]]));
    const jobs = [
      { command: earlier as Command<unknown, unknown>, input: null, needs: [] },
      { command: erase as Command<unknown, unknown>, input, needs: erase.needs(input) },
    ];
    return decide(jobs, loaded, NOW).outcomes[1]?.kind ?? "";
  };
  // Decided again in a later round, which reads the user's belongings anew.
  assert.equal(outcomeAfter(orders, { ...DELIVERED, status: "PENDING" }), "again");
  assert.equal(outcomeAfter(cardCharges, { id: ORDER, userId: USER } as CardCharge), "again");
  assert.equal(outcomeAfter(orders, { ...DELIVERED, userId: OTHER }), "answer");
});

test("a user with a refund in progress or a requested return is not erased", () => {
  assert.equal(reason({ more: [existing(refunds, ORDER, { status: "PENDING" } as RefundRow)] }), "OPEN_ORDERS");
  assert.equal(reason({ more: [existing(returns, ORDER, [RETURN, { ...RETURN, status: "REQUESTED" }])] }), "OPEN_ORDERS");
});
