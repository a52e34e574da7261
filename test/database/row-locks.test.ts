// Every row that a round decides about is locked, and the rows of a shelf in the order of their ids, whatever the shelf.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { users } from "../../src/balance/balance.sql.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import { campaigns } from "../../src/coupon/campaign.sql.ts";
import { userCoupons } from "../../src/coupon/coupon.sql.ts";
import { orders } from "../../src/order/order.sql.ts";
import { payments } from "../../src/order/payment/payment.sql.ts";
import { LOCK_ORDER } from "../../src/till/lock-order.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { need, type Table } from "../../src/till/table.ts";
import { LockTimeout } from "../../src/lock/lock.ts";
import { freshDatabase } from "../support/database.ts";
import { insertCampaign, insertOrder, insertProduct, insertUser, insertUserCoupon } from "../support/rows.ts";

/** Too long for a lock that nobody holds, and not long for a test. */
const WAIT_MS = 2000;
const HURRIED_MS = 30;

let drop: () => Promise<void>;
/** Another instance. */
let rival: pg.Client;
let onlooker: pg.Client;
let store: PostgresStore;

/** Two rows of a shelf: what it is asked for, and the row's own id in its table. */
type Pair = { table: string; keys: [string, string]; ids: [string, string] };

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  rival = new pg.Client({ connectionString: fresh.url });
  onlooker = new pg.Client({ connectionString: fresh.url });
  await Promise.all([rival.connect(), onlooker.connect()]);
  // A bitmap finds rows in the order of the heap, unless they are sorted. (The planner takes one for many keys; here it must for two.)
  await rival.query(`ALTER DATABASE ${pg.escapeIdentifier(rival.database ?? "")} SET enable_indexscan = off`);
  store = new PostgresStore({ url: fresh.url, lockWaitMs: WAIT_MS });
});
after(async () => {
  await store.close();
  await Promise.all([rival.end(), onlooker.end()]);
  await drop();
});

async function pair(table: string, make: () => Promise<string>): Promise<Pair> {
  const ids = [await make(), await make()].sort() as [string, string];
  // The first of them lies behind the other.
  await rival.query(`WITH gone AS (DELETE FROM ${table} WHERE id = $1 RETURNING *) INSERT INTO ${table} SELECT * FROM gone`, [ids[0]]);
  return { table, keys: ids, ids };
}

const order = async (): Promise<string> =>
  (await insertOrder(rival, { userId: await insertUser(rival), items: [{ product: await insertProduct(rival), quantity: 1 }] })).id;

const SHELVES: [Table<unknown>, () => Promise<Pair>][] = [
  [users, () => pair("users", () => insertUser(rival))],
  [variants, () => pair("variants", async () => (await insertProduct(rival)).variantId)],
  [campaigns, () => pair("campaigns", () => insertCampaign(rival))],
  [userCoupons, () => pair("user_coupons", async () => insertUserCoupon(rival, await insertCampaign(rival), await insertUser(rival)))],
  [orders, () => pair("orders", order)],
  [
    payments,
    async () => {
      const { ids } = await pair("payments", async () => {
        const { rows } = await rival.query<{ id: string }>("SELECT id FROM payments WHERE order_id = $1", [await order()]);
        return rows[0]?.id as string;
      });
      const { rows } = await rival.query<{ key: string }>("SELECT order_id AS key FROM payments WHERE id = ANY($1) ORDER BY id", [ids]);
      return { table: "payments", keys: rows.map(({ key }) => key) as [string, string], ids };
    },
  ],
];

async function isFree(table: string, id: string): Promise<boolean> {
  try {
    await onlooker.query(`SELECT FROM ${table} WHERE id = $1 FOR UPDATE NOWAIT`, [id]);
    return true;
  } catch (error) {
    assert.equal((error as pg.DatabaseError).code, "55P03");
    return false;
  }
}

async function somebodyWaits(): Promise<void> {
  for (const until = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 5))) {
    const { rows } = await onlooker.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jangnal' AND wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
    if (Date.now() > until) assert.fail("nobody waits");
  }
}

for (const [shelf, make] of SHELVES)
  describe(`the shelf of ${shelf.name}`, () => {
    // Goes red without FOR NO KEY UPDATE in its `load`.
    test("is locked: whoever holds a row of it keeps a round from it", async () => {
      const { table, keys, ids } = await make();
      await rival.query("BEGIN");
      await rival.query(`SELECT FROM ${table} WHERE id = $1 FOR NO KEY UPDATE`, [ids[0]]);
      await assert.rejects(
        store.lock([need(shelf, keys[0])], HURRIED_MS).then((round) => round.release()),
        LockTimeout,
      );
      await rival.query("ROLLBACK");
    });

    // Goes red without ORDER BY in its `load`: two rounds that name two rows each the other way round would wait for each other.
    test("is locked by id", async () => {
      const { table, keys, ids } = await make();
      await rival.query("BEGIN");
      await rival.query(`SELECT FROM ${table} WHERE id = $1 FOR UPDATE`, [ids[0]]);
      const locking = store.lock([need(shelf, keys[1]), need(shelf, keys[0])], WAIT_MS);
      await somebodyWaits();
      assert.ok(await isFree(table, ids[1]));
      await rival.query("ROLLBACK");
      (await locking).release();
    });
  });

test("these are all shelves that are locked", () => {
  assert.deepEqual(
    SHELVES.map(([shelf]) => shelf.name),
    [...LOCK_ORDER],
  );
});
