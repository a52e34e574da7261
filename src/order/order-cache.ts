// The parts of each order that never change, for commands that prepare.

import { LRUCache } from "lru-cache";
import { users } from "../balance/balance.sql.ts";
import { products, variants } from "../catalog/catalog.sql.ts";
import { userCoupons } from "../coupon/coupon.sql.ts";
import type { Database } from "../database/pool.ts";
import { BatchedRead } from "../database/batched-read.ts";
import { type Need, need } from "../till/table.ts";
import { orders, selectImmutableOrders } from "./order.sql.ts";
import { payments } from "./payment/payment.sql.ts";
import { refunds } from "./refund/refund.sql.ts";

export type ImmutableOrder = { id: string; userId: string; userCouponId: string | null; lineItems: { variantId: string; productId: string }[] };

const CACHED_ORDERS_MAX = 10_000;

export class OrderCache {
  readonly #cached = new LRUCache<string, ImmutableOrder>({ max: CACHED_ORDERS_MAX });
  readonly #read: BatchedRead<ImmutableOrder>;

  constructor(database: Database) {
    this.#read = new BatchedRead(
      async (ids) => new Map((await database.rows<ImmutableOrder>(selectImmutableOrders(ids))).map((order) => [order.id, trimmed(order)])),
    );
  }

  /** Undefined if the order does not exist. */
  async find(orderId: string): Promise<ImmutableOrder | undefined> {
    const cached = this.#cached.get(orderId);
    if (cached) return cached;
    const order = await this.#read.get(orderId);
    if (order) this.#cached.set(orderId, order);
    return order;
  }
}

/** Without the other members of the line items. */
function trimmed({ lineItems, ...order }: ImmutableOrder): ImmutableOrder {
  return { ...order, lineItems: lineItems.map(({ variantId, productId }) => ({ variantId, productId })) };
}

/** The rows that payment, cancellation, expiry and refund of an order read. */
export function orderNeeds(orderId: string, immutable: ImmutableOrder | undefined): Need[] {
  const own = [need(orders, orderId), need(payments, orderId), need(refunds, orderId)];
  if (!immutable) return own;
  return [
    ...own,
    need(users, immutable.userId),
    ...immutable.lineItems.flatMap(({ variantId, productId }) => [need(variants, variantId), need(products, productId)]),
    ...(immutable.userCouponId === null ? [] : [need(userCoupons, immutable.userCouponId)]),
  ];
}

/** Adds `immutable` to a command's input, if the order exists. */
export async function withImmutableOrder<Input extends { orderId: string }>(
  orderCache: OrderCache,
  input: Input,
): Promise<Input & { immutable?: ImmutableOrder }> {
  const immutable = await orderCache.find(input.orderId);
  return immutable ? { ...input, immutable } : input;
}
