// The global lock order. Every round of every instance locks tables in this order, and rows within
// a table by id. So two rounds can wait for each other but never in a cycle. No other code may lock
// these rows in another order.

/** Tables whose rows are locked, first to last. */
export const LOCK_ORDER = ["users", "drops", "variants", "campaigns", "user coupons", "orders", "payments", "journal head"] as const;

/**
 * Tables that are only read, after every lock is held. Their rows either never change or are
 * guarded by a lock above: a refund by its order, a cart by its user, a product by its variants.
 */
export const READ_AFTER = [
  "products",
  "product limits",
  "people",
  "lines",
  "line heads",
  "holds",
  "drop sales",
  "skus",
  "product details",
  "variant details",
  "external ids of products",
  "refunds",
  "money in doubt",
  "returns",
  "external ids of orders",
  "failed payments",
  "charge intents",
  "card charges",
  "members",
  "profiles",
  "claims",
  "external ids",
  "batch grants",
  "granted money",
  "belongings",
  "carts",
  "journal work",
  "idempotency records",
] as const;

export type TableName = (typeof LOCK_ORDER)[number] | (typeof READ_AFTER)[number];

const RANKS = new Map<TableName, number>([...LOCK_ORDER, ...READ_AFTER].map((name, rank) => [name, rank]));

/** The place of a table in the order: lower is locked first. */
export function rank(name: TableName): number {
  return RANKS.get(name) ?? Number.MAX_SAFE_INTEGER;
}
