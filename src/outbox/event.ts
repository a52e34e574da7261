// An event of the outbox: one change of an order.

import type { OrderEventType } from "../order/order.ts";

/** `seq` counts the order's changes from 1; `at` in ms since 1970. */
export type OutboxEvent = { orderId: string; seq: number; type: OrderEventType; data: RefundData | null; at: number };

/** Items and amount of a refund, in minor units. */
export type RefundData = {
  items: { variantId: string; productId: string; quantity: number; unitPrice: number; amount: number }[];
  amount: number;
  /** For operators. Shoppers read `customerReason`, which refunds older than that field lack. */
  reason: string;
  customerReason?: string | null;
};
