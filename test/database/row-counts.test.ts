// A statement that changes rows must change as many rows as were decided about, or the round is
// rejected. Each statement is tested with a missing row.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { users } from "../../src/balance/balance.sql.ts";
import { type CardCharge, cardCharges } from "../../src/balance/card-charge.sql.ts";
import { profiles } from "../../src/balance/profile.sql.ts";
import { carts } from "../../src/cart/cart.sql.ts";
import { products, variants } from "../../src/catalog/catalog.sql.ts";
import { campaigns } from "../../src/coupon/campaign.sql.ts";
import { userCoupons } from "../../src/coupon/coupon.sql.ts";
import type { Drop, Entry, Person } from "../../src/drop/drop.ts";
import { drops } from "../../src/drop/drop.sql.ts";
import { people } from "../../src/drop/person.sql.ts";
import { sales } from "../../src/drop/sale.sql.ts";
import type { ReturnRow } from "../../src/fulfilment/return.ts";
import { returns } from "../../src/fulfilment/return.sql.ts";
import { journalWork, type OpenWork } from "../../src/journal/journal.sql.ts";
import { NO_DETAILS } from "../../src/order/order.ts";
import { orders } from "../../src/order/order.sql.ts";
import { payments } from "../../src/order/payment/payment.sql.ts";
import { refunds } from "../../src/order/refund/refund.sql.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import type { Change, Table } from "../../src/till/table.ts";
import { RoundRejected } from "../../src/till/store.ts";
import { freshDatabase } from "../support/database.ts";

const ID = randomUUID();
const CAMPAIGN = {
  id: ID,
  name: "n",
  discount: { type: "FIXED" as const, amount: 1 },
  totalQuantity: 5,
  issuedQuantity: 1,
  opensAt: 0,
  closesAt: null,
  validDays: null,
  expiresAt: null,
  visibility: "PUBLIC" as const,
  metadata: {},
  version: 1,
  soldOutAt: null,
  openingTold: null,
  closingTold: null,
  rehearsalId: null,
};
const VARIANT = {
  id: ID,
  productId: ID,
  position: 0,
  sku: null,
  name: null,
  options: {},
  price: 1,
  stock: 1,
  status: "ON_SALE" as const,
  version: 0,
};
const DROP: Drop = {
  id: ID,
  name: "n",
  productId: ID,
  mode: "DIRECT",
  opensAt: 0,
  closesAt: null,
  limitPerCustomer: null,
  holdFor: null,
  waitlist: false,
  metadata: {},
  version: 1,
  number: 0,
  pausedAt: null,
  pausedMs: 0,
  closedAt: null,
  releasedAt: null,
  soldOutAt: null,
  firstSoldOutAt: null,
  openingTold: null,
  closingTold: null,
  draw: null,
  rehearsalId: null,
};
const ENTRY: Entry = {
  id: ID,
  number: 1,
  userId: ID,
  variantId: ID,
  quantity: 1,
  status: "WAITING",
  heldUntil: null,
  rank: null,
  orderId: null,
  endedAt: null,
};
const PERSON: Person = { dropId: ID, person: ID, units: 0, most: null, entry: ENTRY, stored: true };
const SALE = { orderId: ID, dropId: ID, person: ID, entry: null, units: 1 };
const CART_ITEM = { id: ID, productId: ID, variantId: ID, quantity: 1, createdAt: 0 };
const ITEM = { variantId: ID, productId: ID, sku: null, name: "n", options: {}, unitPrice: 1, quantity: 2, refundedQuantity: 0 };
const ORDER = {
  id: ID,
  userId: ID,
  status: "PENDING" as const,
  items: [ITEM],
  changes: 1,
  userCouponId: null,
  totalAmount: 1,
  discountAmount: 0,
  refundedAmount: 0,
  createdAt: 0,
  expiresAt: null,
  completedAt: null,
  paidAt: null,
  paymentId: null,
  ...NO_DETAILS,
};
const RETURN: ReturnRow = {
  id: ID,
  orderId: ID,
  status: "REQUESTED",
  pieces: [],
  reason: "r",
  receiveAccount: null,
  rejection: null,
  customerRejection: null,
  restock: null,
  createdAt: 0,
  settledAt: null,
};
const CHARGE: CardCharge = {
  id: ID,
  userId: ID,
  version: 1,
  status: "PENDING",
  amount: 1,
  paymentKey: "k",
  reason: null,
  createdAt: 0,
  askAt: null,
  asked: 0,
  keyNumber: 0,
  balanceAfter: null,
};

/** A change of one missing row, with the statement that must fail. */
function missing<Row>(statement: string, table: Table<Row>, before: Row, fields: Partial<Row> | Row): [string, Table<unknown>, Change<unknown>] {
  const after = Array.isArray(before) ? fields : { ...before, ...fields };
  return [statement, table, { key: ID, before, after }];
}

const MISSING = [
  missing("update wallets", users, { id: ID, balance: 1, version: 1 }, { balance: 2 }),
  missing("update stock", variants, VARIANT, { stock: 2 }),
  missing("update variants", variants, VARIANT, { price: 2 }),
  missing("update products", products, { id: ID, name: "n", description: "", status: "ON_SALE", price: 1, version: 0 }, { name: "m" }),
  missing("update issued", campaigns, CAMPAIGN, { issuedQuantity: 2 }),
  missing("update campaigns", campaigns, CAMPAIGN, { name: "m" }),
  missing(
    "update user coupons",
    userCoupons,
    {
      id: ID,
      couponId: ID,
      userId: ID,
      status: "AVAILABLE",
      issuedAt: 0,
      expiresAt: null,
      usedAt: null,
      voidedAt: null,
      orderId: null,
      discount: CAMPAIGN.discount,
    },
    { status: "USED", usedAt: 0, orderId: ID },
  ),
  missing("update cart quantities", carts, [CART_ITEM], [{ ...CART_ITEM, quantity: 2 }]),
  missing("delete cart items", carts, [CART_ITEM], []),
  missing("update orders", orders, ORDER, { status: "CANCELLED", changes: 2 }),
  missing("update items of orders", orders, ORDER, { items: [{ ...ITEM, refundedQuantity: 1 }] }),
  missing("update details of orders", orders, ORDER, { note: "at the door" }),
  missing("update drops", drops, DROP, { name: "m" }),
  missing("update numbers of drops", drops, DROP, { number: 1 }),
  missing("update people", people, PERSON, { units: 1 }),
  missing("update entries", people, PERSON, { entry: { ...ENTRY, status: "LEFT", changed: true } }),
  missing("update drop sales", sales, [SALE], [{ ...SALE, units: 0 }]),
  missing("update returns", returns, [RETURN], [{ ...RETURN, status: "RECEIVED" }]),
  missing(
    "update payments",
    payments,
    { id: ID, orderId: ID, method: "BALANCE", status: "COMPLETED", amount: 1, steps: null, createdAt: 0, paidAt: 0, card: null },
    { status: "REFUNDED" },
  ),
  missing(
    "update refunds",
    refunds,
    {
      id: ID,
      orderId: ID,
      paymentId: ID,
      paymentKey: "k",
      status: "PENDING",
      amount: 1,
      taxFreeAmount: null,
      units: [],
      restock: true,
      returnId: null,
      reason: "r",
      customerReason: null,
      failure: null,
      createdAt: 0,
      settledAt: null,
      askAt: null,
      asked: 0,
      keyNumber: 0,
    },
    { asked: 1 },
  ),
  missing("update profiles", profiles, { id: ID, name: "n", externalId: null, metadata: {}, erasedAt: null }, { name: "m" }),
  missing("delete journal work", journalWork, { id: ID, entry: {} as OpenWork["entry"], startedAt: 0, isOver: false }, { isOver: true }),
  missing("end pending transactions", cardCharges, CHARGE, { status: "FAILED" }),
  missing("update card charges", cardCharges, CHARGE, { asked: 1 }),
];

let drop: () => Promise<void>;
let store: PostgresStore;
before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  store = new PostgresStore({ url: fresh.url, lockWaitMs: 2000 });
});
after(async () => {
  await store.close();
  await drop();
});

for (const [statement, table, change] of MISSING)
  // Without `rows` in the statement, the round would be answered as done.
  test(`${statement} rejects the round if a row is missing`, async () => {
    // Only this statement runs, because some changes need two statements and each must check its
    // own count.
    const onlyStatement: Table<unknown> = { ...table, save: (changes) => table.save(changes).filter(({ name }) => name === statement) };
    const changes = { tables: new Map([[onlyStatement, [change]]]), journals: new Map() };
    const round = await store.lock([], 2000);
    await assert.rejects(round.commit(randomUUID(), changes), RoundRejected);
  });

test("each statement that counts its rows is tested", () => {
  const counted = globSync("src/**/*.sql.ts", { cwd: `${import.meta.dirname}/../..` }).flatMap((file) =>
    readFileSync(`${import.meta.dirname}/../../${file}`, "utf8")
      .split(/\bname: "/)
      .slice(1)
      .filter((statement) => /^ *rows: |, rows: /m.test(statement))
      .map((statement) => statement.slice(0, statement.indexOf('"'))),
  );
  assert.deepEqual(counted.sort(), MISSING.map(([statement]) => statement).sort());
});
