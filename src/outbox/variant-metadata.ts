// Adds the shop's own data about variants to the line items of sent orders. It is as of the delivery, like the order's own metadata.

import type { Metadata } from "../http/metadata.ts";
import { selectVariantMetadata } from "../catalog/read-catalog.sql.ts";
import type { Database } from "../database/pool.ts";
import type { LineItemSnapshot, OrderSnapshot } from "./order-snapshot.ts";

/** An order as data platforms get it. */
export type SentOrder = Omit<OrderSnapshot, "orderItems"> & { orderItems: (LineItemSnapshot & { metadata: Metadata })[] };

export async function withVariantMetadata(database: Database, orders: readonly (OrderSnapshot | undefined)[]): Promise<(SentOrder | undefined)[]> {
  const variantIds = [...new Set(orders.flatMap((order) => order?.orderItems.map(({ variantId }) => variantId) ?? []))];
  const rows = variantIds.length === 0 ? [] : await database.rows<{ id: string; metadata: Metadata }>(selectVariantMetadata(variantIds));
  const metadataOf = new Map(rows.map(({ id, metadata }) => [id, metadata]));
  return orders.map(
    (order) => order && { ...order, orderItems: order.orderItems.map((item) => ({ ...item, metadata: metadataOf.get(item.variantId) ?? {} })) },
  );
}
