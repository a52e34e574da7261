import { arrayOf, columns, iso, LAST_ID, type Statement, textArray } from "../database/statement.ts";
import type { Table } from "../till/table.ts";
import type { Draw, Drop } from "./drop.ts";
import { FIRST_WAITING } from "./line.sql.ts";

const DROP = `d.id, d.name, d.product_id AS "productId", d.mode, d.opens_at AS "opensAt", d.closes_at AS "closesAt",
  d.limit_per_customer AS "limitPerCustomer", d.hold_for AS "holdFor", d.waitlist, d.metadata, d.version, d.number, d.paused_at AS "pausedAt",
  d.paused_ms AS "pausedMs", d.closed_at AS "closedAt", d.released_at AS "releasedAt", d.sold_out_at AS "soldOutAt", d.first_sold_out_at AS "firstSoldOutAt",
  d.opening_told AS "openingTold", d.closing_told AS "closingTold", d.rehearsal_id AS "rehearsalId",
  d.seed, d.commitment, d.entries_closed_at AS "entriesClosedAt", d.public_value_source AS "publicValueSource", d.public_value AS "publicValue", d.entries_root AS "entriesRoot",
  d.entry_count AS "entryCount", d.drawn_at AS "drawnAt", d.draw_stock AS stock`;

/** Everything that changes after a drop was created. */
const CHANGING = {
  id: "uuid",
  name: "text",
  opens_at: "timestamptz",
  closes_at: "timestamptz",
  limit_per_customer: "int",
  hold_for: "text",
  waitlist: "boolean",
  metadata: "jsonb",
  version: "int",
  number: "int",
  paused_at: "timestamptz",
  paused_ms: "bigint",
  closed_at: "timestamptz",
  released_at: "timestamptz",
  sold_out_at: "timestamptz",
  first_sold_out_at: "timestamptz",
  opening_told: "boolean",
  closing_told: "boolean",
  entries_closed_at: "timestamptz",
  public_value_source: "text",
  public_value: "text",
  entries_root: "text",
  entry_count: "int",
  drawn_at: "timestamptz",
  draw_stock: "jsonb",
} as const;
const CREATED = columns({
  ...CHANGING,
  product_id: "uuid",
  mode: "text",
  seed: "text",
  commitment: "text",
  created_at: "timestamptz",
  rehearsal_id: "uuid",
});
const CHANGED = columns(CHANGING);
const NUMBERED = columns({ id: "uuid", number: "int", sold_out_at: "timestamptz" });

/** Drops, locked. The lock of a drop protects its entries, its people and its sales. */
export const drops: Table<Drop> = {
  name: "drops",
  firstCome: true,
  load: (ids) => ({
    name: "lock drops",
    text: `SELECT ${DROP} FROM drops d WHERE d.id = ANY($1::uuid[]) ORDER BY d.id FOR NO KEY UPDATE`,
    values: [arrayOf(ids, (id) => id)],
  }),
  read: (row) => [row["id"] as string, dropOf(row)],
  save(changes) {
    const created: Drop[] = [];
    const numbered: Drop[] = [];
    const changed: Drop[] = [];
    for (const { before, after } of changes) {
      if (before === undefined) created.push(after);
      else if (onlyNumberDiffers(before, after)) numbered.push(after);
      else changed.push(after);
    }
    return [
      ...(created.length > 0 ? [insertDrops(created)] : []),
      ...(changed.length > 0 ? [updateDrops(changed)] : []),
      ...(numbered.length > 0 ? [updateNumbers(numbered)] : []),
    ];
  },
};

/** A drop from a record with the columns above. */
export function dropOf(row: Record<string, unknown>): Drop {
  const { seed, commitment, publicValueSource, publicValue, entriesClosedAt, entriesRoot, entryCount, drawnAt, stock, ...drop } = row as Draw & Drop;
  return {
    ...drop,
    draw:
      drop.mode === "DRAW" ? { seed, commitment, publicValueSource, publicValue, entriesClosedAt, entriesRoot, entryCount, drawnAt, stock } : null,
  };
}

/** Entries, and the end of the free stock: the only changes that a rush of buyers makes. */
function onlyNumberDiffers(before: Drop, after: Drop): boolean {
  return (Object.keys(after) as (keyof Drop)[]).every((name) => name === "number" || name === "soldOutAt" || before[name] === after[name]);
}

function columnsOf({ draw, ...drop }: Drop) {
  return { ...drop, ...draw, drawStock: draw?.stock ?? null };
}

function insertDrops(created: Drop[]): Statement {
  return {
    name: "insert drops",
    text: `INSERT INTO drops (${CREATED.names}) SELECT * FROM ${CREATED.unnest}`,
    values: CREATED.arrays(created.map((drop) => ({ ...columnsOf(drop), createdAt: drop.made?.createdAt })) as never),
  };
}

function updateDrops(changed: Drop[]): Statement {
  return {
    name: "update drops",
    text: `UPDATE drops d SET ${setsOf(CHANGED.names)} FROM ${CHANGED.unnest} v(${CHANGED.names}) WHERE d.id = v.id`,
    values: CHANGED.arrays(changed.map(columnsOf) as never),
    rows: changed.length,
  };
}

function updateNumbers(numbered: Drop[]): Statement {
  return {
    name: "update numbers of drops",
    text: `UPDATE drops d SET ${setsOf(NUMBERED.names)} FROM ${NUMBERED.unnest} v(${NUMBERED.names}) WHERE d.id = v.id`,
    values: NUMBERED.arrays(numbered),
    rows: numbered.length,
  };
}

function setsOf(names: string): string {
  return names
    .split(", ")
    .filter((column) => column !== "id")
    .map((column) => `${column} = v.${column}`)
    .join(", ");
}

/** A drop with the figures that a page shows. */
export type DropRow = Drop & { remaining: number; called: number };

const FIGURES = `(SELECT coalesce(sum(v.stock) FILTER (WHERE v.status = 'ON_SALE'), 0)::bigint FROM variants v WHERE v.product_id = d.product_id) AS remaining,
  coalesce(${FIRST_WAITING} - 1, coalesce(CASE WHEN d.drawn_at IS NULL THEN d.number ELSE d.entry_count END, 0)) AS called`;

/** Drops as committed, with their figures. */
export function selectDrops(ids: string[]): Statement {
  return {
    name: "select drops",
    text: `SELECT ${DROP}, ${FIGURES} FROM drops d WHERE d.id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  };
}

export function dropRowOf(row: Record<string, unknown>): DropRow {
  const { remaining, called, ...drop } = row as DropRow & Record<string, unknown>;
  return { ...dropOf(drop), remaining, called };
}

export type DropFilter = { status: string | null; at: number };

/**
 * Drops before this id, newest first, without rehearsals' copies.
 * @param before null for the first page
 * @param at the instant (ms) that determines their status
 */
export function selectDropPage({ status, at }: DropFilter, before: string | null, limit: number): Statement {
  return {
    name: "select drop page",
    text: `SELECT * FROM (SELECT ${DROP}, ${FIGURES} FROM drops d WHERE d.id < $1::uuid AND d.rehearsal_id IS NULL) d
           WHERE $2::text IS NULL OR $2 = CASE
             WHEN "closedAt" IS NOT NULL OR "closesAt" <= $3::timestamptz THEN 'CLOSED'
             WHEN "pausedAt" IS NOT NULL THEN 'PAUSED'
             WHEN "opensAt" > $3::timestamptz THEN 'UPCOMING'
             WHEN remaining = 0 THEN 'SOLD_OUT' ELSE 'OPEN' END
           ORDER BY id DESC LIMIT $4`,
    values: [before ?? LAST_ID, status, iso(at), limit],
  };
}

/** The drop by whose rules a product is sold. */
export function selectDropOfProduct(productId: string): Statement {
  return { name: "select drop of product", text: `SELECT drop_id AS "dropId" FROM products WHERE id = $1`, values: [productId] };
}

/** Every product that is sold by the rules of a drop. */
export function selectProductDrops(): Statement {
  return { name: "select product drops", text: `SELECT id AS "productId", drop_id AS "dropId" FROM products WHERE drop_id IS NOT NULL`, values: [] };
}

export function selectProductsOfDrops(ids: string[]): Statement {
  return {
    name: "select products of drops",
    text: `SELECT id, product_id AS "productId" FROM drops WHERE id = ANY($1::uuid[])`,
    values: [arrayOf(ids, (id) => id)],
  };
}

/** The product of a drop, and the stock of its variants. */
export function selectStockOfDrop(dropId: string): Statement {
  return {
    name: "select stock of drop",
    text: `SELECT d.product_id AS "productId", (SELECT json_agg(json_build_object('variantId', v.id, 'units', v.stock) ORDER BY v.position)
             FROM variants v WHERE v.product_id = d.product_id) AS stock FROM drops d WHERE d.id = $1`,
    values: [dropId],
  };
}

/** Drops whose line is over, and whose last waiting entries are not marked as lost yet. */
export function selectLostLines(now: number): Statement {
  return {
    name: "select lost lines",
    text: `SELECT d.id FROM drops d WHERE (d.closed_at IS NOT NULL AND d.mode <> 'DIRECT' OR d.mode = 'FIRST_COME' AND d.closes_at <= $1::timestamptz
               OR d.mode = 'DRAW' AND d.drawn_at IS NOT NULL AND NOT d.waitlist)
             AND EXISTS (SELECT FROM drop_entries e WHERE e.drop_id = d.id AND e.status = 'WAITING')`,
    values: [iso(now)],
  };
}

/** Drops that have opened, closed by their time, sold out, or have free units again, and whose events are not written. */
export function selectDropNews(now: number): Statement {
  return {
    name: "select drop news",
    text: `SELECT d.id FROM drops d WHERE d.closed_at IS NULL AND d.opens_at <= $1::timestamptz AND (d.opening_told IS NULL
             OR d.closes_at <= $1::timestamptz AND d.closing_told IS NOT TRUE
             OR (d.closes_at IS NULL OR d.closes_at > $1::timestamptz) AND (d.sold_out_at IS NULL) =
                NOT EXISTS (SELECT FROM variants v WHERE v.product_id = d.product_id AND v.status = 'ON_SALE' AND v.stock > 0))`,
    values: [iso(now)],
  };
}

/** Variants by id or SKU, with their products and the drops in which those are. */
export function selectStockPlaces(variantIds: string[], skus: string[]): Statement {
  return {
    name: "select stock places",
    text: `SELECT v.id AS "variantId", v.sku, v.stock, p.id AS "productId", p.drop_id AS "dropId" FROM variants v JOIN products p ON p.id = v.product_id
           WHERE v.id = ANY($1::uuid[]) OR v.sku = ANY($2::text[])`,
    values: [arrayOf(variantIds, (id) => id), textArray(skus, (sku) => sku)],
  };
}
