// A round locks each row that it decides about, and the rows of a table in the order of their ids.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { users } from "../../src/balance/balance.sql.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import { campaigns } from "../../src/coupon/campaign.sql.ts";
import { userCoupons } from "../../src/coupon/coupon.sql.ts";
import { drops } from "../../src/drop/drop.sql.ts";
import { HEAD, journalHead } from "../../src/journal/journal.sql.ts";
import { orders } from "../../src/order/order.sql.ts";
import { payments } from "../../src/order/payment/payment.sql.ts";
import { LOCK_ORDER } from "../../src/till/lock-order.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { need, type Table } from "../../src/till/table.ts";
import { LockTimeout } from "../../src/lock/lock.ts";
import { freshDatabase } from "../support/database.ts";
import { newId } from "../../src/ids.ts";
import { insertCampaign, insertOrder, insertProduct, insertUser, insertUserCoupon } from "../support/rows.ts";

/** Longer than any free lock takes, and short enough for a test. */
const WAIT_MS = 2000;
const SHORT_WAIT_MS = 30;

let drop: () => Promise<void>;
/** The session of another instance. */
let rival: pg.Client;
let observer: pg.Client;
let store: PostgresStore;

/** Two rows of a table: the keys of the needs, and the ids of the rows. */
type Pair = { table: string; keys: [string, string]; ids: [string, string] };

before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  rival = new pg.Client({ connectionString: fresh.url });
  observer = new pg.Client({ connectionString: fresh.url });
  await Promise.all([rival.connect(), observer.connect()]);
  // A bitmap scan finds rows in heap order unless they are sorted. The planner uses one for many
  // keys, and this setting makes it do so for two.
  await rival.query(`ALTER DATABASE ${pg.escapeIdentifier(rival.database ?? "")} SET enable_indexscan = off`);
  store = new PostgresStore({ url: fresh.url, lockWaitMs: WAIT_MS });
});
after(async () => {
  await store.close();
  await Promise.all([rival.end(), observer.end()]);
  await drop();
});

async function pair(table: string, make: () => Promise<string>): Promise<Pair> {
  const ids = [await make(), await make()].sort() as [string, string];
  // The row with the lower id is moved behind the other in the heap.
  await rival.query(`WITH gone AS (DELETE FROM ${table} WHERE id = $1 RETURNING *) INSERT INTO ${table} SELECT * FROM gone`, [ids[0]]);
  return { table, keys: ids, ids };
}

const order = async (): Promise<string> =>
  (await insertOrder(rival, { userId: await insertUser(rival), items: [{ product: await insertProduct(rival), quantity: 1 }] })).id;

const aDrop = async (): Promise<string> => {
  const id = newId(Date.now());
  const { id: productId } = await insertProduct(rival);
  await rival.query(
    "INSERT INTO drops (id, name, product_id, mode, opens_at, waitlist, version, created_at) VALUES ($1, 'n', $2, 'DIRECT', now(), false, 1, now())",
    [id, productId],
  );
  return id;
};

const TABLES: [Table<unknown>, () => Promise<Pair>][] = [
  [users, () => pair("users", () => insertUser(rival))],
  [drops, () => pair("drops", aDrop)],
  [variants, () => pair("variants", async () => (await insertProduct(rival)).variantId)],
  [campaigns, () => pair("campaigns", () => insertCampaign(rival))],
  [userCoupons, () => pair("user_coupons", async () => insertUserCoupon(rival, await insertCampaign(rival), await insertUser(rival)))],
  [orders, () => pair("orders", order)],
  [
    payments,
    async () => {
      const { ids } = await pair("payments", async () => {
        const id = newId(Date.now());
        await rival.query("INSERT INTO payments (id, order_id, method, status, amount, created_at) VALUES ($1, $2, 'CARD', 'PENDING', 1000, now())", [
          id,
          await order(),
        ]);
        return id;
      });
      const { rows } = await rival.query<{ key: string }>("SELECT order_id AS key FROM payments WHERE id = ANY($1) ORDER BY id", [ids]);
      return { table: "payments", keys: rows.map(({ key }) => key) as [string, string], ids };
    },
  ],
];

async function isFree(table: string, id: string): Promise<boolean> {
  try {
    await observer.query(`SELECT FROM ${table} WHERE id = $1 FOR UPDATE NOWAIT`, [id]);
    return true;
  } catch (error) {
    assert.equal((error as pg.DatabaseError).code, "55P03");
    return false;
  }
}

async function untilLockIsWaitedFor(): Promise<void> {
  for (const until = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 5))) {
    const { rows } = await observer.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jangnal' AND wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
    if (Date.now() > until) assert.fail("no session waits for a lock");
  }
}

for (const [table, make] of TABLES)
  describe(`locks on ${table.name}`, () => {
    test(`a row of ${table.name} that another transaction holds blocks a round`, async () => {
      const { table: tableName, keys, ids } = await make();
      await rival.query("BEGIN");
      await rival.query(`SELECT FROM ${tableName} WHERE id = $1 FOR NO KEY UPDATE`, [ids[0]]);
      await assert.rejects(
        store.lock([need(table, keys[0])], SHORT_WAIT_MS).then((round) => round.release()),
        LockTimeout,
      );
      await rival.query("ROLLBACK");
    });

    test(`rows of ${table.name} are locked in the order of their ids`, async () => {
      const { table: tableName, keys, ids } = await make();
      await rival.query("BEGIN");
      await rival.query(`SELECT FROM ${tableName} WHERE id = $1 FOR UPDATE`, [ids[0]]);
      const locking = store.lock([need(table, keys[1]), need(table, keys[0])], WAIT_MS);
      await untilLockIsWaitedFor();
      assert.ok(await isFree(tableName, ids[1]));
      await rival.query("ROLLBACK");
      (await locking).release();
    });
  });

test("the end of the operators' journal that another transaction holds blocks a round", async () => {
  await rival.query("BEGIN");
  await rival.query("SELECT FROM journal_ends WHERE name = 'head' FOR NO KEY UPDATE");
  await assert.rejects(
    store.lock([need(journalHead, HEAD)], SHORT_WAIT_MS).then((round) => round.release()),
    LockTimeout,
  );
  await rival.query("ROLLBACK");
});

test("each table in the lock order is tested", () => {
  assert.deepEqual([...TABLES.map(([table]) => table.name), journalHead.name], [...LOCK_ORDER]);
});
