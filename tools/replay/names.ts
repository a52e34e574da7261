import type { PlannedProduct } from "./plan.ts";

/** Names in the shop. They contain the batch, so that batches do not share customers or products. */
export const externalIdOf = (batch: string, customer: string): string => `${customer}@${batch}`;
export const userNameOf = (customer: string): string => `Customer ${customer}`;
export const skuIn = (batch: string, sku: string): string => `${sku}@${batch}`;
export const cancellationReason = (cancellation: string): string => `Cancellation ${cancellation}`;

/** Idempotency keys by meaning: the same invoice has the same key in a corrected, extended or reordered file. */
export const keys = {
  product: ({ stockCode }: PlannedProduct): string => `product ${stockCode}`,
  grant: (invoice: string): string => `grant for invoice ${invoice}`,
  order: (invoice: string): string => `order ${invoice}`,
  refund: (cancellation: string, invoice: string): string => `refund ${cancellation} of ${invoice}`,
};

/** The key to send. Keys must be ASCII. */
export const keyIn = (batch: string, key: string): string => `replay:${batch}:${encodeURIComponent(key)}`;
