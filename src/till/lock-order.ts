// The global lock order. Every round of every instance takes its locks in this order, and within one shelf by id,
// so two rounds can wait for each other but never in a circle. Nobody else locks these rows any other way.

/** The shelves whose rows are locked, first to last. */
export const LOCK_ORDER = ["users", "variants", "campaigns", "user coupons", "orders", "payments"] as const;

/**
 * Shelves that are only read, after every lock is held: what they show is guarded by a lock above
 * (an order's items by the order, a cart by its user, a product by its variants) or never changes.
 */
export const READ_AFTER = [
  "products",
  "skus",
  "order items",
  "refunds",
  "failed payments",
  "card charges",
  "members",
  "claims",
  "external ids",
  "batch grants",
  "carts",
  "answers",
] as const;

export type TableName = (typeof LOCK_ORDER)[number] | (typeof READ_AFTER)[number];

const RANKS = new Map<TableName, number>([...LOCK_ORDER, ...READ_AFTER].map((name, rank) => [name, rank]));

/** Where a shelf stands in the order: lower is taken first. */
export function rank(name: TableName): number {
  return RANKS.get(name) ?? Number.MAX_SAFE_INTEGER;
}
