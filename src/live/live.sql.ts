import { arrayOf, type Statement } from "../database/statement.ts";

/** Committed stock and coupons of these rows, those of rehearsals' copies in separate columns. */
export function selectRemaining(variantIds: string[], couponIds: string[]): Statement {
  const stock = (rehearsal: string): string => `
      (SELECT coalesce(json_agg(json_build_object('variantId', v.id, 'productId', p.id, 'left', v.stock,
                'name', CASE WHEN v.name IS NULL OR v.name = p.name THEN p.name ELSE p.name || ' · ' || v.name END) ORDER BY v.id DESC), '[]')
       FROM variants v JOIN products p ON p.id = v.product_id WHERE v.id = ANY($1::uuid[]) AND p.rehearsal_id ${rehearsal})`;
  const coupons = (rehearsal: string): string => `
      (SELECT coalesce(json_agg(json_build_object('couponId', id, 'name', name, 'left', total_quantity - issued_quantity, 'total', total_quantity) ORDER BY id DESC), '[]')
       FROM campaigns WHERE id = ANY($2::uuid[]) AND rehearsal_id ${rehearsal})`;
  return {
    name: "select remaining stock and coupons",
    text: `SELECT ${stock("IS NULL")} AS stock, ${coupons("IS NULL")} AS coupons,
             ${stock("IS NOT NULL")} AS "copiedStock", ${coupons("IS NOT NULL")} AS "copiedCoupons"`,
    values: [arrayOf(variantIds, (id) => id), arrayOf(couponIds, (id) => id)],
  };
}

/** Flushes of the write-ahead log since the server's statistics began. PostgreSQL 18 moved them to another view. */
export function selectFlushes(serverVersion: number): Statement {
  return serverVersion >= 180_000
    ? { name: "select flushes", text: "SELECT sum(fsyncs)::bigint AS flushes FROM pg_stat_io WHERE object = 'wal'", values: [] }
    : { name: "select flushes", text: "SELECT wal_sync AS flushes FROM pg_stat_wal", values: [] };
}

export const SERVER_VERSION: Statement = {
  name: "select server version",
  text: "SELECT current_setting('server_version_num')::int AS version",
  values: [],
};
