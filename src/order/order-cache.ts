// The parts of each order that never change, for commands that prepare.

import { users } from "../balance/balance.sql.ts";
import { userCoupons } from "../coupon/coupon.sql.ts";
import type { Database } from "../database/pool.ts";
import { BatchedRead } from "../database/batched-read.ts";
import { drops } from "../drop/drop.sql.ts";
import { people, personKey } from "../drop/person.sql.ts";
import { dropsOf, type KnownDrops } from "../drop/product-drops.ts";
import { sales, selectSalesOf } from "../drop/sale.sql.ts";
import { saleNeeds } from "../drop/sell-in-drop.ts";
import { successionNeeds, type Units } from "../drop/succession.ts";
import { type Need, need } from "../till/table.ts";
import { orders, selectImmutableOrders } from "./order.sql.ts";
import { payments } from "./payment/payment.sql.ts";
import { refunds } from "./refund/refund.sql.ts";
import { lruCache } from "../lru.ts";

export type ImmutableOrder = {
  id: string;
  userId: string;
  userCouponId: string | null;
  lineItems: (Omit<Units, "quantity"> & { quantity?: number | undefined })[];
  /** In which drops its units were sold, and for whom. */
  sales?: { dropId: string; person: string }[];
  /** The drops in which its products are now; read anew for each command. */
  productDrops?: [productId: string, dropId: string][];
};

const CACHED_ORDERS_MAX = 10_000;

export class OrderCache {
  readonly productDrops: KnownDrops;
  readonly #cached = lruCache<ImmutableOrder>(CACHED_ORDERS_MAX);
  readonly #read: BatchedRead<ImmutableOrder>;

  constructor(database: Database, productDrops: KnownDrops) {
    this.productDrops = productDrops;
    this.#read = new BatchedRead(async (ids) => {
      const [orders, sales] = await Promise.all([
        database.rows<ImmutableOrder>(selectImmutableOrders(ids)),
        database.rows<{ orderId: string; dropId: string; person: string }>(selectSalesOf(ids)),
      ]);
      return new Map(orders.map((order) => [order.id, trimmed({ ...order, sales: sales.filter(({ orderId }) => orderId === order.id) })]));
    });
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
  return { ...order, lineItems: lineItems.map(({ variantId, productId, quantity }) => ({ variantId, productId, quantity })) };
}

/**
 * The rows that payment, cancellation, expiry and refund of an order read.
 * @param person for whom limits of drops count; the owner by default
 */
export function orderNeeds(orderId: string, immutable: ImmutableOrder | undefined, person?: string): Need[] {
  const own = [need(orders, orderId), need(payments, orderId), need(refunds, orderId)];
  if (!immutable) return own;
  const productDrops = new Map(immutable.productDrops);
  const { userId, lineItems, sales: sold = [] } = immutable;
  return [
    ...own,
    need(users, userId),
    ...successionNeeds(
      productDrops,
      lineItems.map((item) => ({ ...item, quantity: item.quantity ?? 0 })),
    ),
    ...sold.flatMap(({ dropId, person }) => [need(drops, dropId), need(people, personKey(dropId, person))]),
    ...saleNeeds(productDrops, [...productDrops.keys()], [person ?? userId]),
    ...(sold.length > 0 || productDrops.size > 0 ? [need(sales, orderId)] : []),
    ...(immutable.userCouponId === null ? [] : [need(userCoupons, immutable.userCouponId)]),
  ];
}

/** Adds `immutable` to a command's input, if the order exists. */
export async function withImmutableOrder<Input extends { orderId: string }>(
  orderCache: OrderCache,
  input: Input,
): Promise<Input & { immutable?: ImmutableOrder }> {
  // The command starts again: its knowledge of products in drops was outdated.
  if ("immutable" in input && input.immutable !== undefined) orderCache.productDrops.forget();
  const [immutable, known] = await Promise.all([orderCache.find(input.orderId), orderCache.productDrops.known()]);
  return immutable ? { ...input, immutable: { ...immutable, productDrops: dropsOf(known, immutable.lineItems) } } : input;
}
