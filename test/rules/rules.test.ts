// The shop's business rules, each tested through the pure decision that enforces it, without a
// database. Over HTTP, validation would refuse some of these inputs first.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { members, users } from "../../src/balance/balance.sql.ts";
import { createUsers } from "../../src/balance/create-users.ts";
import { grantBalances } from "../../src/balance/grant-balances.ts";
import { startCharge } from "../../src/balance/start-charge.ts";
import { settleCharge } from "../../src/settlement/settle-charge.ts";
import { type CardCharge, cardCharges } from "../../src/balance/card-charge.sql.ts";
import { CART_MAX, type CartItem } from "../../src/cart/cart.ts";
import { carts } from "../../src/cart/cart.sql.ts";
import { addToCart } from "../../src/cart/edit-cart.ts";
import { adjustStock } from "../../src/catalog/adjust-stock.ts";
import { STOCK_MAX } from "../../src/catalog/catalog.ts";
import { stockAdjustments } from "../../src/catalog/stock.sql.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import { createProducts } from "../../src/catalog/create-products.ts";
import type { VariantCache } from "../../src/catalog/variant-cache.ts";
import { type Campaign, isOpen, type UserCoupon } from "../../src/coupon/coupon.ts";
import { campaigns } from "../../src/coupon/campaign.sql.ts";
import { claimKey, claims } from "../../src/coupon/coupon.sql.ts";
import { createCampaign, editCampaign } from "../../src/coupon/edit-campaign.ts";
import { expireCoupon } from "../../src/coupon/expire-coupon.ts";
import { issueCoupon } from "../../src/coupon/issue-coupon.ts";
import { SoldOut } from "../../src/coupon/sold-out.ts";
import type { Database } from "../../src/database/pool.ts";
import { NO_VIEWER } from "../../src/order/order-view.ts";
import { placeOrder, type PlaceOrder } from "../../src/order/place-order.ts";
import type { RefusalCode } from "../../src/refusal.ts";
import {
  BALANCE_MAX,
  CAMPAIGN,
  coupon,
  COUPON,
  decided,
  leaves,
  NOW,
  ORDER,
  OTHER,
  PRODUCT,
  product,
  refuses,
  existing,
  type ExistingRow,
  unread,
  USER,
  variant,
  VARIANT,
  wallet,
} from "../support/decided.ts";
import { NO_DROPS, NO_LINE } from "../support/no-drops.ts";

const campaign = (fields: Partial<Campaign> = {}): Campaign => ({
  id: CAMPAIGN,
  name: "n",
  discount: { type: "FIXED", amount: 5 },
  totalQuantity: 5,
  issuedQuantity: 3,
  opensAt: NOW - 1000,
  closesAt: null,
  validDays: null,
  expiresAt: null,
  visibility: "PUBLIC",
  metadata: {},
  version: 1,
  soldOutAt: null,
  rehearsalId: null,
  ...fields,
});

const place = placeOrder({ variantsOfAll: unread, variantsOf: unread } as unknown as VariantCache, { rows: unread } as unknown as Database, NO_DROPS);
const orderInput = (quantities: number[], fields: Partial<PlaceOrder> = {}): PlaceOrder => ({
  userId: USER,
  lineItems: quantities.map((quantity) => ({ productId: PRODUCT, variantId: VARIANT, quantity })),
  userCouponId: null,
  method: "BALANCE",
  orderedAt: null,
  expectedAmount: null,
  expiresAfterMs: 1000,
  viewer: NO_VIEWER,
  ...fields,
});

describe("placing an order", () => {
  test("an order for an unknown user is refused", () => refuses([product(), variant()], place, orderInput([1]), "USER_NOT_FOUND"));
  test("an order for an unknown user is refused even if it is paid later", () =>
    refuses([product(), variant()], place, orderInput([1], { method: "DEFERRED" }), "USER_NOT_FOUND"));
  test("an order for an unknown product is refused", () => {
    refuses([wallet()], place, orderInput([1]), "PRODUCT_NOT_FOUND");
    const lineItems = [{ productId: PRODUCT, quantity: 1 }];
    refuses([wallet()], place, orderInput([], { lineItems: lineItems, variantIds: new Map() }), "PRODUCT_NOT_FOUND");
  });
  test("line items of one variant may not exceed a million units together", () =>
    refuses([wallet(), product(), variant({ stock: 9_000_000, price: 0 })], place, orderInput([1_000_000, 1]), "INVALID_REQUEST"));
  test("an order whose total is too large for a safe integer is refused", () =>
    refuses(
      [existing(members, USER, { rehearsalId: null }), product(), variant({ price: 1_000_000_000_000 })],
      place,
      orderInput([1_000_000], { method: "DEFERRED" }),
      "INVALID_REQUEST",
    ));
  test("a cart that has grown since it was read makes the command ask for the missing rows", () => {
    const item: CartItem = { id: COUPON, productId: PRODUCT, variantId: VARIANT, quantity: 1, createdAt: NOW };
    const cart = existing(carts, USER, [item, { ...item, id: ORDER, variantId: OTHER }]);
    const input = orderInput([], { lineItems: null, cartVariants: [{ productId: PRODUCT, variantId: VARIANT }] });
    assert.equal(decided([wallet(), product(), variant(), cart], place, input).outcome.kind, "again");
  });
});

describe("stock", () => {
  const adjust = (delta: number) => ({ variantId: VARIANT, delta, reason: "r" });
  test("a stock adjustment below zero is refused", () => refuses([variant()], adjustStock(NO_LINE), adjust(-6), "STOCK_INSUFFICIENT"));
  test("a stock adjustment down to zero is allowed", () =>
    assert.equal(leaves([variant()], adjustStock(NO_LINE), adjust(-5), variants, VARIANT).stock, 0));
  test("a stock adjustment above the maximum is refused", () => refuses([variant()], adjustStock(NO_LINE), adjust(STOCK_MAX - 4), "INVALID_REQUEST"));
  test("a new product's initial stock is written to the stock journal", () => {
    const { changes } = decided([], createProducts, { products: [{ name: "n", variants: [{ price: 1, stock: 7 }] }] });
    assert.deepEqual(
      changes?.journals.get(stockAdjustments)?.map((row) => (row as { delta: number }).delta),
      [7],
    );
  });
});

describe("money", () => {
  test("a list of grants with one unknown user is refused whole", () => {
    const grants = [USER, OTHER].map((userId) => ({ userId, amount: 1, reason: "r" }));
    refuses([wallet()], grantBalances, { grants, balanceMax: BALANCE_MAX }, "USER_NOT_FOUND");
  });
  test("a list of users with one external id twice is refused", () =>
    refuses([], createUsers, { users: ["a", "a"].map((externalId) => ({ name: "n", externalId })), bulk: true }, "INVALID_REQUEST"));
});

describe("charges by card", () => {
  const start = { userId: USER, amount: 10, version: null, balanceMax: 1010, paymentKey: "k", chargeId: null, askAfterMs: 1000 };
  test("a card charge starts only if the balance has room for it and its version matches", () => {
    assert.equal(leaves([wallet(1000)], startCharge, start, users, USER).balance, 1000);
    refuses([wallet(1001)], startCharge, start, "BALANCE_LIMIT_EXCEEDED");
    refuses([wallet(1000)], startCharge, { ...start, version: 2 }, "BALANCE_CONFLICT");
  });
  test("a card charge is settled only once", () => {
    const charge = { id: OTHER, userId: USER, version: 1, status: "PENDING", amount: 10, paymentKey: "k", asked: 0 } as CardCharge;
    const settle = { userId: USER, chargeId: OTHER, outcome: { kind: "done" as const }, askAgainMs: 1000, balanceMax: 1010 };
    assert.equal(leaves([wallet(), existing(cardCharges, OTHER, charge)], settleCharge, settle, users, USER).balance, 1010);
    for (const status of ["COMPLETED", "FAILED"] as const)
      assert.equal(decided([wallet(), existing(cardCharges, OTHER, { ...charge, status })], settleCharge, settle).changes, undefined);
  });
});

describe("coupons", () => {
  test("a campaign is open from opensAt until closesAt or expiresAt", () => {
    const open = (opensAt: number, closesAt: number | null, expiresAt: number | null): boolean => isOpen({ opensAt, closesAt, expiresAt }, NOW);
    assert.deepEqual(
      [open(NOW, null, null), open(NOW + 1, null, null), open(0, NOW + 1, null), open(0, NOW, null), open(0, null, NOW + 1), open(0, null, NOW)],
      [true, false, true, false, true, false],
    );
  });
  test("a campaign's discount can be changed only while no coupon of it is issued", () => {
    const fields = { discount: { type: "FIXED" as const, amount: 6 } };
    refuses([existing(campaigns, CAMPAIGN, campaign())], editCampaign, { couponId: CAMPAIGN, fields }, "INVALID_REQUEST");
    const fresh = existing(campaigns, CAMPAIGN, campaign({ issuedQuantity: 0 }));
    assert.deepEqual(leaves([fresh], editCampaign, { couponId: CAMPAIGN, fields }, campaigns, CAMPAIGN).discount, fields.discount);
  });
  test("a campaign's total cannot be set below the number of issued coupons", () =>
    refuses([existing(campaigns, CAMPAIGN, campaign())], editCampaign, { couponId: CAMPAIGN, fields: { totalQuantity: 2 } }, "INVALID_REQUEST"));
  for (const end of ["closesAt", "expiresAt"] as const)
    test(`a campaign whose ${end} is not after opensAt is refused`, () =>
      refuses(
        [],
        createCampaign,
        { name: "n", discount: { type: "FIXED", amount: 1 }, totalQuantity: 1, opensAt: NOW, [end]: NOW },
        "INVALID_REQUEST",
      ));
  test("a user who holds the coupon gets COUPON_ALREADY_ISSUED first, then COUPON_CLOSED comes before COUPON_SOLD_OUT", () => {
    const expectRefusal = (held: boolean, fields: Partial<Campaign>, code: RefusalCode): void => {
      const claim = held ? [existing(claims, claimKey(CAMPAIGN, USER), COUPON)] : [];
      refuses(
        [existing(members, USER, { rehearsalId: null }), existing(campaigns, CAMPAIGN, campaign(fields)), ...claim],
        issueCoupon,
        { couponId: CAMPAIGN, userId: USER, timezone: "Asia/Seoul" },
        code,
      );
    };
    for (const fields of [{}, { closesAt: NOW }, { issuedQuantity: 5 }, { issuedQuantity: 5, closesAt: NOW }])
      expectRefusal(true, fields, "COUPON_ALREADY_ISSUED");
    expectRefusal(false, { issuedQuantity: 5, closesAt: NOW }, "COUPON_CLOSED");
    expectRefusal(false, { issuedQuantity: 5 }, "COUPON_SOLD_OUT");
  });
  test("a sold-out campaign that has closed is reported closed, except to a user who holds its coupon", async () => {
    const { discount: _, ...row } = campaign({ issuedQuantity: 5, closesAt: NOW });
    const columns = { ...row, discount_type: "FIXED", discount_value: 5, max_amount: null, min_order_amount: null };
    const database = { rows: ({ name }: { name: string }) => Promise.resolve(name === "select campaigns" ? [columns] : [{ userId: OTHER }]) };
    const soldOut = new SoldOut(database as unknown as Database);
    await soldOut.learn(CAMPAIGN);
    for (const user of [USER, OTHER]) soldOut.rememberUser(user);
    const codesFor = (user: string): unknown[] => [NOW - 1, NOW].map((now) => soldOut.refusal(CAMPAIGN, user, now)?.code);
    assert.deepEqual(codesFor(USER), ["COUPON_SOLD_OUT", "COUPON_CLOSED"]);
    assert.deepEqual(codesFor(OTHER), ["COUPON_ALREADY_ISSUED", "COUPON_ALREADY_ISSUED"]);
  });
  test("the expiry job marks a coupon only at or after its expiry, and never a used one", () => {
    const expire = (fields: Partial<UserCoupon>): unknown => {
      const { outcome } = decided([coupon(fields)], expireCoupon, { userCouponIds: [COUPON] });
      return outcome.kind === "answer" && outcome.answer;
    };
    assert.deepEqual([expire({ expiresAt: NOW }), expire({ expiresAt: NOW + 1 }), expire({})], [1, 0, 0]);
    assert.equal(expire({ expiresAt: NOW, status: "USED", usedAt: NOW - 1, orderId: ORDER }), 0);
  });
});

describe("a cart", () => {
  test("a cart takes at most CART_MAX items", () => {
    const items = (count: number): CartItem[] =>
      Array.from({ length: count }, (_, i) => ({ id: `${i}`, productId: PRODUCT, variantId: `${i}`, quantity: 1, createdAt: NOW }));
    const add = addToCart({ variantsOf: unread } as unknown as VariantCache);
    const input = { userId: USER, productId: PRODUCT, variantId: VARIANT, quantity: 1 };
    const full = (count: number): ExistingRow[] => [wallet(), product(), variant(), existing(carts, USER, items(count))];
    refuses(full(CART_MAX), add, input, "INVALID_REQUEST");
    assert.equal(leaves(full(CART_MAX - 1), add, input, carts, USER).length, CART_MAX);
  });
});
