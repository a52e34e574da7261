// Inserts of placed orders. Parsing values costs the database as much as inserting them, so values
// that all orders of a statement share are sent once.

import { jsonbArray, uuidArray } from "../database/binary-arrays.ts";
import { arrayOf, columns, iso, type Statement } from "../database/statement.ts";
import { DETAIL_TYPES, hasDetails } from "./order-details.sql.ts";
import type { Order, OrderItem } from "./order.ts";

/**
 * A line item as it is stored: values that most line items share are left out. The members are in the order of jsonb (by length, then by
 * bytes), which saves PostgreSQL from sorting those of each line item.
 */
export type StoredItem = Omit<OrderItem, "sku" | "options" | "refundedQuantity"> & Partial<OrderItem>;

export function storedItem({
  variantId,
  productId,
  sku,
  name,
  options,
  unitPrice,
  quantity,
  refundedQuantity,
  taxFreeAmount = 0,
}: OrderItem): StoredItem {
  const stored: StoredItem = { name, quantity, productId, unitPrice, variantId };
  if (sku !== null) stored.sku = sku;
  if (Object.keys(options).length > 0) stored.options = options;
  if (refundedQuantity > 0) stored.refundedQuantity = refundedQuantity;
  if (taxFreeAmount > 0) stored.taxFreeAmount = taxFreeAmount;
  return stored;
}

/** The statements that insert these orders. */
export function insertPlaced(placed: Order[]): Statement[] {
  const [sold, plain, withDetails]: [Order[], Order[], Order[]] = [[], [], []];
  for (const order of placed) {
    if (hasDetails(order)) withDetails.push(order);
    else if (isPaidAtOnce(order) && order.createdAt === (sold[0] ?? order).createdAt) sold.push(order);
    else plain.push(order);
  }
  return [
    ...(sold.length > 0 ? [insertSold(sold)] : []),
    ...(plain.length > 0 ? [insertOrders(plain)] : []),
    ...(withDetails.length > 0 ? [insertOrdersWithDetails(withDetails)] : []),
  ];
}

/** Whether the order was placed and paid from the balance at one instant, at its full price. */
function isPaidAtOnce(order: Order): boolean {
  const { status, changes, userCouponId, discountAmount, refundedAmount } = order;
  const { createdAt, completedAt, paidAt, expiresAt, paymentId, holdsStock } = order;
  const isWhole = userCouponId === null && discountAmount === 0 && refundedAmount === 0;
  const isAtOnce = createdAt === completedAt && createdAt === paidAt && expiresAt === null && paymentId === null;
  return status === "COMPLETED" && changes === 1 && isWhole && isAtOnce && holdsStock === undefined;
}

const INSERT_SOLD = `INSERT INTO orders (items, id, user_id, total_amount, status, changes, discount_amount, refunded_amount, created_at, completed_at, paid_at, xid)
  SELECT *, 'COMPLETED', 1, 0, 0, $5::timestamptz, $5::timestamptz, $5::timestamptz, shop_xid(pg_current_xact_id())
  FROM unnest($1::jsonb[], $2::uuid[], $3::uuid[], $4::bigint[])`;

/** Orders that `isPaidAtOnce` holds for, of the same instant: nearly all orders of a rush. */
function insertSold(sold: Order[]): Statement {
  return {
    name: "insert sold orders",
    text: INSERT_SOLD,
    values: [
      itemsOf(sold),
      uuidArray(sold, ({ id }) => id),
      uuidArray(sold, ({ userId }) => userId),
      arrayOf(sold, ({ totalAmount }) => totalAmount),
      iso((sold[0] as Order).createdAt),
    ],
  };
}

const PLACED_TYPES = {
  id: "uuid",
  user_id: "uuid",
  status: "text",
  changes: "int",
  user_coupon_id: "uuid",
  total_amount: "bigint",
  discount_amount: "bigint",
  refunded_amount: "bigint",
  created_at: "timestamptz",
  expires_at: "timestamptz",
  completed_at: "timestamptz",
  paid_at: "timestamptz",
  payment_id: "uuid",
  holds_stock: "boolean",
} as const;
// $1 is the items of all orders.
const PLACED = columns(PLACED_TYPES, 2);
/** Orders without details are inserted without these columns, so that details cost nothing if they are not used. */
const PLACED_WITH_DETAILS = columns({ ...PLACED_TYPES, ...DETAIL_TYPES }, 2);

/** The encoders write null for a property that is left out. */
type PlacedOrder = Order & { holdsStock: boolean | undefined };

function insertOrders(placed: Order[]): Statement {
  return { name: "insert orders", text: insertInto(PLACED), values: [itemsOf(placed), ...PLACED.arrays(placed as PlacedOrder[])] };
}

function insertOrdersWithDetails(placed: Order[]): Statement {
  const values = [itemsOf(placed), ...PLACED_WITH_DETAILS.arrays(placed as PlacedOrder[])];
  return { name: "insert orders with details", text: insertInto(PLACED_WITH_DETAILS), values };
}

function insertInto({ names, unnest }: { names: string; unnest: string }): string {
  return `INSERT INTO orders (items, ${names}, xid) SELECT *, shop_xid(pg_current_xact_id()) FROM ROWS FROM (unnest($1::jsonb[]), ${unnest})`;
}

function itemsOf(placed: Order[]): Buffer {
  return jsonbArray(placed, ({ items }) => items.map(storedItem));
}
