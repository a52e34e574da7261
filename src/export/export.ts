// Exports of a shop's data, read in pages, so that a million rows need no more memory than one page.

import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { orderNumberOf } from "../order/order-number.ts";
import { csvLine } from "./csv-line.ts";
import { type PageOf, selectLedger, selectOrders, selectProducts, selectUsers } from "./export.sql.ts";

export const EXPORTS = ["products", "orders", "users", "ledger"] as const;
export type ExportName = (typeof EXPORTS)[number];
type ExportFormat = "csv" | "ndjson";

type Row = Record<string, unknown>;
type Exported = {
  page: PageOf;
  columns: readonly string[];
  /** The row as NDJSON has it. */
  record: (row: Row, timezone: string) => Row;
  /** The rows of CSV that one record makes; by default one. */
  spread?: (record: Row) => Row[];
};

const ORDER_COLUMNS = [
  "orderId",
  "orderNumber",
  "externalId",
  "userId",
  "userExternalId",
  "status",
  "fulfilmentStatus",
  "totalAmount",
  "discountAmount",
];
const AMOUNTS = ["paidAmount", "refundedAmount", "createdAt", "completedAt", "shippingAddress", "note", "metadata"];
const ITEM_COLUMNS = ["productId", "variantId", "sku", "name", "options", "unitPrice", "quantity", "refundedQuantity"];
const PRODUCT_COLUMNS = ["productId", "externalId", "name", "description", "status", "images", "tags", "metadata", "taxFreeAmount"];
const VARIANT_COLUMNS = ["variantId", "sku", "variantName", "options", "price", "stock", "variantStatus", "imageUrl", "variantMetadata"];

const EXPORTED: Record<ExportName, Exported> = {
  users: {
    page: selectUsers,
    columns: ["id", "externalId", "name", "balance", "metadata", "createdAt"],
    record: (row) => ({ ...timed(row, ["createdAt"]), metadata: row["metadata"] ?? {} }),
  },
  ledger: {
    page: selectLedger,
    columns: [
      "transactionId",
      "userId",
      "userExternalId",
      "type",
      "status",
      "amount",
      "balanceAfter",
      "orderId",
      "reason",
      "customerReason",
      "createdAt",
    ],
    record: (row) => timed(row, ["createdAt"]),
  },
  orders: {
    page: selectOrders,
    columns: [...ORDER_COLUMNS, ...ITEM_COLUMNS, ...AMOUNTS],
    record: (row, timezone) => ({
      ...timed(row, ["createdAt", "completedAt"]),
      orderNumber: orderNumberOf(row["orderId"] as string, row["createdAt"] as number, timezone),
      metadata: row["metadata"] ?? {},
      items: (row["items"] as Row[]).map((item) => ({ sku: null, options: {}, refundedQuantity: 0, ...item })),
    }),
    spread: ({ items, ...order }) => (items as Row[]).map((item) => ({ ...order, ...item })),
  },
  products: {
    page: selectProducts,
    columns: [...PRODUCT_COLUMNS, ...VARIANT_COLUMNS],
    record: (row) => row,
    spread: ({ variants, key, ...product }) =>
      (variants as Row[]).map(({ id, name, status, metadata, ...variant }) => ({
        ...product,
        productId: key,
        ...variant,
        variantId: id,
        variantName: name,
        variantStatus: status,
        variantMetadata: metadata,
      })),
  },
};

/** Excel takes a file with this mark for UTF-8. */
const UTF8_MARK = "\ufeff";

/** The lines of an export, without rehearsals. CSV has a row for each line item or variant. */
export async function* exportLines(
  database: Database,
  name: ExportName,
  { format, timezone }: { format: ExportFormat; timezone: string },
): AsyncGenerator<string> {
  const { page, columns, record, spread = (row: Row) => [row] } = EXPORTED[name];
  if (format === "csv") yield `${UTF8_MARK}${columns.join(",")}\r\n`;
  let after: string | null = null;
  for (;;) {
    const rows: Row[] = await database.rows<Row>(page(after));
    if (rows.length === 0) return;
    let lines = "";
    for (const row of rows) {
      const one = record(row, timezone);
      lines +=
        format === "csv"
          ? spread(one)
              .map((cells) => csvLine(columns, cells))
              .join("")
          : `${JSON.stringify(ndjsonOf(one))}\n`;
    }
    if (lines !== "") yield lines;
    after = String(rows.at(-1)?.["key"]);
  }
}

/** Products as the import takes them: without ids, which belong to this shop. */
function ndjsonOf(row: Row): Row {
  const { key: _, ...record } = row;
  const { variants } = record;
  return Array.isArray(variants) ? { ...record, variants: variants.map(withoutId) } : record;
}

function withoutId(row: Row): Row {
  const { id: _, ...rest } = row;
  return rest;
}

function timed(row: Row, names: string[]): Row {
  const times = names.map((name) => [name, row[name] === null ? null : iso(row[name] as number)]);
  return { ...row, ...Object.fromEntries(times) };
}
