// What is known of an order before its turn at the till: only what never changes.

import { LRUCache } from "lru-cache";
import { users } from "../balance/balance.sql.ts";
import { products, variants } from "../catalog/catalog.sql.ts";
import { userCoupons } from "../coupon/coupon.sql.ts";
import type { Database } from "../database/pool.ts";
import { BatchedRead } from "../database/batched-read.ts";
import { type Need, need } from "../till/table.ts";
import { orderItems, orders, selectImmutableOrders } from "./order.sql.ts";
import { payments } from "./payment/payment.sql.ts";
import { refunds } from "./refund/refund.sql.ts";

export type ImmutableOrder = { id: string; userId: string; userCouponId: string | null; lineItems: { variantId: string; productId: string }[] };

const KEPT = 10_000;

export class OrderCache {
  readonly #known = new LRUCache<string, ImmutableOrder>({ max: KEPT });
  readonly #read: BatchedRead<ImmutableOrder>;

  constructor(database: Database) {
    this.#read = new BatchedRead(async (ids) => new Map((await database.rows<ImmutableOrder>(selectImmutableOrders(ids))).map((immutable) => [immutable.id, immutable])));
  }

  /** Undefined where there is no such order. */
  async of(orderId: string): Promise<ImmutableOrder | undefined> {
    const known = this.#known.get(orderId);
    if (known) return known;
    const immutable = await this.#read.get(orderId);
    if (immutable) this.#known.set(orderId, immutable);
    return immutable;
  }
}

/** Everything that paying, cancelling or refunding an order looks at. */
export function orderNeeds(orderId: string, immutable: ImmutableOrder | undefined): Need[] {
  const itself = [need(orders, orderId), need(orderItems, orderId), need(payments, orderId), need(refunds, orderId)];
  if (!immutable) return itself;
  return [
    ...itself,
    need(users, immutable.userId),
    ...immutable.lineItems.flatMap(({ variantId, productId }) => [need(variants, variantId), need(products, productId)]),
    ...(immutable.userCouponId === null ? [] : [need(userCoupons, immutable.userCouponId)]),
  ];
}

/** The input with what is known of its order. */
export async function withImmutableOrder<Input extends { orderId: string }>(
  orderCache: OrderCache,
  input: Input,
): Promise<Input & { immutable?: ImmutableOrder }> {
  const immutable = await orderCache.of(input.orderId);
  return immutable ? { ...input, immutable } : input;
}
