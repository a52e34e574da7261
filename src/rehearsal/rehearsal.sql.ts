import { LAST_ID, arrayOf, textArray, type Statement } from "../database/statement.ts";
import type { Plan, Progress, Report, State } from "./rehearsal.ts";

/** A rehearsal without a heartbeat for this long is orphaned: its instance has died. */
const ORPHANED_AFTER = "interval '20 s'";

const COLUMNS = `id, state, plan, source_product_id AS "sourceProductId", source_coupon_id AS "sourceCouponId", source_drop_id AS "sourceDropId",
  product_id AS "productId", coupon_id AS "couponId", drop_id AS "dropId", progress, report, failure, created_at AS "createdAt", finished_at AS "finishedAt"`;

export type RehearsalRecord = {
  id: string;
  state: State;
  plan: Plan;
  sourceProductId: string | null;
  sourceCouponId: string | null;
  sourceDropId: string | null;
  productId: string | null;
  couponId: string | null;
  dropId: string | null;
  progress: Progress | null;
  report: Report | null;
  failure: string | null;
  createdAt: number;
  finishedAt: number | null;
};

type NewRehearsal = Pick<RehearsalRecord, "id" | "plan" | "sourceProductId" | "sourceCouponId" | "sourceDropId"> & { createdAt: string };

/** Returns no row if another rehearsal is running. */
export function insertRehearsal({ id, plan, sourceProductId, sourceCouponId, sourceDropId, createdAt }: NewRehearsal): Statement {
  return {
    name: "insert rehearsal",
    text: `INSERT INTO rehearsals (id, state, plan, source_product_id, source_coupon_id, source_drop_id, created_at) VALUES ($1, 'PREPARING', $2, $3, $4, $5, $6)
           ON CONFLICT ((finished_at IS NULL)) WHERE finished_at IS NULL DO NOTHING RETURNING ${COLUMNS}`,
    values: [id, JSON.stringify(plan), sourceProductId, sourceCouponId, sourceDropId, createdAt],
  };
}

/** A partial update. */
export type RehearsalUpdate = {
  state?: State;
  productId?: string;
  couponId?: string;
  dropId?: string;
  progress?: Progress;
  report?: Report;
  failure?: string;
  finished?: true;
  tidied?: true;
};

/** Updates a rehearsal and its heartbeat. Returns whether an operator has asked to stop it. A finished rehearsal keeps its state. */
export function updateRehearsal(
  id: string,
  { state, productId, couponId, dropId, progress, report, failure, finished, tidied }: RehearsalUpdate,
): Statement {
  return {
    name: "update rehearsal",
    text: `UPDATE rehearsals SET beat_at = now(), state = CASE WHEN finished_at IS NULL THEN coalesce($2, state) ELSE state END,
             product_id = coalesce($3, product_id), coupon_id = coalesce($4, coupon_id), progress = coalesce($5::jsonb, progress),
             report = coalesce($6::jsonb, report), failure = coalesce($7, failure),
             finished_at = CASE WHEN $8 THEN coalesce(finished_at, now()) ELSE finished_at END, tidied = tidied OR $9,
             drop_id = coalesce($10, drop_id)
           WHERE id = $1 RETURNING stop_asked AS "stopRequested"`,
    values: [
      id,
      state ?? null,
      productId ?? null,
      couponId ?? null,
      progress ? JSON.stringify(progress) : null,
      report ? JSON.stringify(report) : null,
      failure ?? null,
      finished ?? false,
      tidied ?? false,
      dropId ?? null,
    ],
  };
}

/** Asks to stop a rehearsal unless it is finished. Returns no row if it does not exist. */
export function requestStop(id: string): Statement {
  return {
    name: "stop rehearsal",
    text: `UPDATE rehearsals SET stop_asked = stop_asked OR finished_at IS NULL WHERE id = $1 RETURNING ${COLUMNS}`,
    values: [id],
  };
}

/** Ends the rehearsals whose instances have died. */
export const ABANDON_ORPHANED: Statement = {
  name: "abandon orphaned rehearsals",
  text: `UPDATE rehearsals SET state = 'ABANDONED', finished_at = now() WHERE finished_at IS NULL AND beat_at < now() - ${ORPHANED_AFTER}`,
  values: [],
};

/** Ends a rehearsal whose own instance is shutting down. Any instance may remove its copies at once. */
export function abandon(id: string): Statement {
  return {
    name: "abandon rehearsal",
    text: "UPDATE rehearsals SET state = 'ABANDONED', finished_at = now(), beat_at = '-infinity' WHERE id = $1 AND finished_at IS NULL",
    values: [id],
  };
}

/** Claims a finished rehearsal whose copies still exist. The heartbeat keeps other instances from claiming it for as long. */
export const CLAIM_UNTIDIED: Statement = {
  name: "claim untidied rehearsal",
  text: `UPDATE rehearsals SET beat_at = now() WHERE id = (
           SELECT id FROM rehearsals WHERE NOT tidied AND finished_at IS NOT NULL AND beat_at < now() - ${ORPHANED_AFTER}
           ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING ${COLUMNS}`,
  values: [],
};

export function selectRehearsal(id: string): Statement {
  return { name: "select rehearsal", text: `SELECT ${COLUMNS} FROM rehearsals WHERE id = $1`, values: [id] };
}

export function selectRehearsalPage(before: string | null, limit: number): Statement {
  return {
    name: "select rehearsal page",
    text: `SELECT ${COLUMNS} FROM rehearsals WHERE id < $1::uuid ORDER BY id DESC LIMIT $2`,
    values: [before ?? LAST_ID, limit],
  };
}

/** Pending and completed orders of these users, by their external ids. */
export function selectOrdersToUndo(externalIds: string[]): Statement {
  return {
    name: "select orders of rehearsal to undo",
    text: `SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id
           WHERE u.external_id = ANY($1::text[]) AND o.status IN ('PENDING', 'COMPLETED') ORDER BY o.id`,
    values: [textArray(externalIds, (id) => id)],
  };
}

/** Remaining stock and coupons of the copies. */
export function selectRemaining(productId: string | null, couponId: string | null): Statement {
  return {
    name: "select remaining stock and coupons of copies",
    text: `SELECT (SELECT sum(stock)::bigint FROM variants WHERE product_id = $1) AS stock,
                  (SELECT total_quantity - issued_quantity FROM campaigns WHERE id = $2) AS coupons`,
    values: [productId, couponId],
  };
}

/** A variant of the product to copy. */
export type CopiedVariant = { sku: string | null; name: string | null; options: Record<string, string>; price: number; stock: number };

/** The product to copy. */
export function selectOriginal(productId: string): Statement {
  return {
    name: "select product to copy",
    text: `SELECT p.name, p.description, json_agg(json_build_object('name', v.name, 'options', v.options, 'price', v.price, 'stock', v.stock) ORDER BY v.position) AS variants
           FROM products p JOIN variants v ON v.product_id = p.id WHERE p.id = ANY($1::uuid[]) GROUP BY p.id`,
    values: [arrayOf([productId], (id) => id)],
  };
}
