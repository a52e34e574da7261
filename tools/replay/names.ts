import type { PlannedProduct } from "./plan.ts";

/** The names that a batch's things have in the shop. A customer or an article of two batches is two there. */
export const externalIdOf = (batch: string, customer: string): string => `${customer}@${batch}`;
export const userNameOf = (customer: string): string => `Customer ${customer}`;
export const skuIn = (batch: string, sku: string): string => `${sku}@${batch}`;
export const cancellationReason = (cancellation: string): string => `Cancellation ${cancellation}`;

/** By meaning, and never by bytes or by place: the same invoice has the same key in a corrected, extended or reordered file. */
export const keys = {
  product: ({ stockCode }: PlannedProduct): string => `product ${stockCode}`,
  grant: (invoice: string): string => `grant for invoice ${invoice}`,
  order: (invoice: string): string => `order ${invoice}`,
  refund: (cancellation: string, invoice: string): string => `refund ${cancellation} of ${invoice}`,
};

/** As it is sent: a key is ASCII. */
export const keyIn = (batch: string, key: string): string => `replay:${batch}:${encodeURIComponent(key)}`;
