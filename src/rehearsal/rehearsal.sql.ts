import { LAST_ID, arrayOf, textArray, type Statement } from "../database/statement.ts";
import type { Plan, Progress, Report, State } from "./rehearsal.ts";

/** How long nothing may be heard of a rehearsal before it counts as left. */
const LEFT_AFTER = "interval '20 s'";

const COLUMNS = `id, state, plan, source_product_id AS "sourceProductId", source_coupon_id AS "sourceCouponId", product_id AS "productId",
  coupon_id AS "couponId", progress, report, failure, created_at AS "createdAt", finished_at AS "finishedAt"`;

export type RehearsalRecord = {
  id: string;
  state: State;
  plan: Plan;
  sourceProductId: string | null;
  sourceCouponId: string | null;
  productId: string | null;
  couponId: string | null;
  progress: Progress | null;
  report: Report | null;
  failure: string | null;
  createdAt: number;
  finishedAt: number | null;
};

type New = { id: string; plan: Plan; sourceProductId: string | null; sourceCouponId: string | null; createdAt: string };

/** No row where another is under way. */
export function insertRehearsal({ id, plan, sourceProductId, sourceCouponId, createdAt }: New): Statement {
  return {
    name: "insert rehearsal",
    text: `INSERT INTO rehearsals (id, state, plan, source_product_id, source_coupon_id, created_at) VALUES ($1, 'PREPARING', $2, $3, $4, $5)
           ON CONFLICT ((finished_at IS NULL)) WHERE finished_at IS NULL DO NOTHING RETURNING ${COLUMNS}`,
    values: [id, JSON.stringify(plan), sourceProductId, sourceCouponId, createdAt],
  };
}

/** What is not given stays. */
export type Step = {
  state?: State;
  productId?: string;
  couponId?: string;
  progress?: Progress;
  report?: Report;
  failure?: string;
  over?: true;
  tidied?: true;
};

/** Writes down how far it is and that somebody is at it; answers whether an operator wants it stopped. A rehearsal that is over stays so. */
export function updateRehearsal(id: string, { state, productId, couponId, progress, report, failure, over, tidied }: Step): Statement {
  return {
    name: "update rehearsal",
    text: `UPDATE rehearsals SET beat_at = now(), state = CASE WHEN finished_at IS NULL THEN coalesce($2, state) ELSE state END,
             product_id = coalesce($3, product_id), coupon_id = coalesce($4, coupon_id), progress = coalesce($5::jsonb, progress),
             report = coalesce($6::jsonb, report), failure = coalesce($7, failure),
             finished_at = CASE WHEN $8 THEN coalesce(finished_at, now()) ELSE finished_at END, tidied = tidied OR $9
           WHERE id = $1 RETURNING stop_asked AS "stopAsked"`,
    values: [
      id,
      state ?? null,
      productId ?? null,
      couponId ?? null,
      progress ? JSON.stringify(progress) : null,
      report ? JSON.stringify(report) : null,
      failure ?? null,
      over ?? false,
      tidied ?? false,
    ],
  };
}

/** Whether it is there, and whether it is still under way. */
export function askToStop(id: string): Statement {
  return {
    name: "stop rehearsal",
    text: `UPDATE rehearsals SET stop_asked = stop_asked OR finished_at IS NULL WHERE id = $1 RETURNING ${COLUMNS}`,
    values: [id],
  };
}

/** Rehearsals whose instance is no longer there are over. */
export const ABANDON_LEFT: Statement = {
  name: "abandon rehearsals",
  text: `UPDATE rehearsals SET state = 'ABANDONED', finished_at = now() WHERE finished_at IS NULL AND beat_at < now() - ${LEFT_AFTER}`,
  values: [],
};

/** Given up by the instance that was at it: any other may tidy up at once. */
export function abandon(id: string): Statement {
  return {
    name: "abandon rehearsal",
    text: "UPDATE rehearsals SET state = 'ABANDONED', finished_at = now(), beat_at = '-infinity' WHERE id = $1 AND finished_at IS NULL",
    values: [id],
  };
}

/** One of those that are over and not tidied, of which nothing was heard for a while: whoever takes it has as long to tidy up. */
export const TAKE_UNTIDIED: Statement = {
  name: "take untidied rehearsal",
  text: `UPDATE rehearsals SET beat_at = now() WHERE id = (
           SELECT id FROM rehearsals WHERE NOT tidied AND finished_at IS NOT NULL AND beat_at < now() - ${LEFT_AFTER}
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

/** Orders of these users, by the names that the rehearsal gave them, that have taken something. */
export function selectStandingOrders(externalIds: string[]): Statement {
  return {
    name: "select standing orders of rehearsal",
    text: `SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id
           WHERE u.external_id = ANY($1::text[]) AND o.status IN ('PENDING', 'COMPLETED') ORDER BY o.id`,
    values: [textArray(externalIds, (id) => id)],
  };
}

/** What is left of the copies. */
export function selectCopiesLeft(productId: string | null, couponId: string | null): Statement {
  return {
    name: "select what is left of copies",
    text: `SELECT (SELECT sum(stock)::bigint FROM variants WHERE product_id = $1) AS stock,
                  (SELECT total_quantity - issued_quantity FROM campaigns WHERE id = $2) AS coupons`,
    values: [productId, couponId],
  };
}

/** A product as it is copied. */
export type CopiedVariant = { sku: string | null; name: string | null; options: Record<string, string>; price: number; stock: number };

export function selectCopied(productId: string): Statement {
  return {
    name: "select product to copy",
    text: `SELECT p.name, p.description, json_agg(json_build_object('name', v.name, 'options', v.options, 'price', v.price, 'stock', v.stock) ORDER BY v.position) AS variants
           FROM products p JOIN variants v ON v.product_id = p.id WHERE p.id = ANY($1::uuid[]) GROUP BY p.id`,
    values: [arrayOf([productId], (id) => id)],
  };
}
