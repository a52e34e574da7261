// The PostgreSQL store of the till, when locks conflict, statements fail and connections break at
// the worst moment. The reactions of the till itself are tested with a store in memory
// (src/till/till.test.ts).

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import pg from "pg";
import type { Wallet } from "../../src/balance/balance.ts";
import { ledger, users } from "../../src/balance/balance.sql.ts";
import { type ChargeBalance, chargeBalance, type Charged } from "../../src/balance/charge-balance.ts";
import { adjustStock } from "../../src/catalog/adjust-stock.ts";
import type { Variant } from "../../src/catalog/catalog.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import { createProducts } from "../../src/catalog/create-products.ts";
import { updateInPlace } from "../../src/database/statement.ts";
import { Refusal } from "../../src/refusal.ts";
import { type Command, command } from "../../src/till/command.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { type Change, type Changes, need, type Table } from "../../src/till/table.ts";
import { LockTimeout } from "../../src/lock/lock.ts";
import { Conflict, LostCommit, RoundRejected, StoreUnavailable } from "../../src/till/store.ts";
import { LocalTill, type Till } from "../../src/till/till.ts";
import { freshDatabase } from "../support/database.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { insertProduct, insertUser } from "../support/rows.ts";
import { NO_LINE } from "../support/no-drops.ts";

const WAIT_MS = 400;

let database: { url: string; drop(): Promise<void> };
/** Another user of the database: a person at a console, or another instance. */
let rival: pg.Client;
/** A session that only reads, outside of any transaction. */
let observer: pg.Client;
let store: PostgresStore;

before(async () => {
  database = await freshDatabase();
  rival = new pg.Client({ connectionString: database.url });
  observer = new pg.Client({ connectionString: database.url });
  await Promise.all([rival.connect(), observer.connect()]);
  store = new PostgresStore({ url: database.url, lockWaitMs: WAIT_MS });
});
after(async () => {
  await store.close();
  await Promise.all([rival.end(), observer.end()]);
  await database.drop();
});
beforeEach(async () => {
  await rival.query("ROLLBACK");
});

const changesOf = <Row>(table: Table<Row>, ...changes: Change<Row>[]): Changes => ({
  tables: new Map([[table as Table<unknown>, changes as Change<unknown>[]]]),
  journals: new Map(),
});

/** A new balance for a user that the round has locked. */
function balanceChange(loaded: Map<Table<unknown>, Map<string, unknown>>, id: string, balance: number): Change<Wallet> {
  const wallet = loaded.get(users)?.get(id) as Wallet;
  return { key: id, before: wallet, after: { ...wallet, balance, version: wallet.version + 1 } };
}

async function balanceOf(id: string): Promise<number> {
  return Number((await observer.query("SELECT balance FROM users WHERE id = $1", [id])).rows[0].balance);
}

/** Whether another session could lock the row at once. */
async function isFree(table: "users" | "variants", id: string): Promise<boolean> {
  try {
    await observer.query(`SELECT FROM ${table} WHERE id = $1 FOR UPDATE NOWAIT`, [id]);
    return true;
  } catch (error) {
    assert.equal((error as pg.DatabaseError).code, "55P03");
    return false;
  }
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 60_000; !(await holds());) {
    if (Date.now() > until) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The till's sessions on this database that are idle, inside a round, or waiting for a lock. */
async function sessions(doing: "idle" | "in a round" | "waiting"): Promise<number[]> {
  const where = { idle: "state = 'idle'", "in a round": "state = 'idle in transaction'", waiting: "wait_event_type = 'Lock'" }[doing];
  const { rows } = await observer.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jangnal' AND ${where}`,
  );
  return rows.map(({ pid }) => pid);
}

const untilLockIsWaitedFor = (): Promise<void> => eventually("a session waits for a lock", async () => (await sessions("waiting")).length === 1);

describe("locks", () => {
  test("locks are taken table by table in the global order, not in the order of the needs", async () => {
    const user = await insertUser(rival);
    const { variantId } = await insertProduct(rival);
    await rival.query("BEGIN");
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user]);
    const locking = store.lock([need(variants, variantId), need(users, user)], WAIT_MS);
    await untilLockIsWaitedFor();
    assert.ok(await isFree("variants", variantId));
    await rival.query("ROLLBACK");
    (await locking).release();
  });

  // PostgreSQL finds the rows in another order without ORDER BY.
  test("locks on rows of one table are taken by id", async () => {
    const [first, second] = [await insertUser(rival), await insertUser(rival)].sort() as [string, string];
    await rival.query("UPDATE users SET name = 'later in the heap' WHERE id = $1", [first]);
    await rival.query("BEGIN");
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [first]);
    const locking = store.lock([need(users, second), need(users, first)], WAIT_MS);
    await untilLockIsWaitedFor();
    assert.ok(await isFree("users", second));
    await rival.query("ROLLBACK");
    (await locking).release();
  });

  test("a lock that is held too long is a LockTimeout after the given time, and nothing stays locked", async () => {
    const user = await insertUser(rival);
    const { variantId } = await insertProduct(rival);
    await rival.query("BEGIN");
    await rival.query("SELECT FROM variants WHERE id = $1 FOR UPDATE", [variantId]);
    for (const waitMs of [WAIT_MS, 20]) {
      const from = performance.now();
      await assert.rejects(store.lock([need(users, user), need(variants, variantId)], waitMs), LockTimeout);
      // There is no upper bound, because it would measure the machine, and the rival still holds
      // the row.
      assert.ok(performance.now() - from >= waitMs - 5);
    }
    await eventually("the user is free", () => isFree("users", user));
  });

  // Without the single Sync at the end of a pipeline, the next round would read the responses.
  test("a released round frees its locks, and its connection serves the next round", async () => {
    const user = await insertUser(rival);
    for (let i = 0; i < 20; i++) {
      const { loaded, release } = await store.lock([need(users, user)], WAIT_MS);
      assert.ok(loaded.get(users)?.has(user));
      release();
    }
    await eventually("the session is idle", async () => (await sessions("in a round")).length === 0 && (await sessions("idle")).length > 0);
    assert.ok((await sessions("idle")).length <= 3);
  });

  test("the locks of an instance that hangs during a round are freed", async () => {
    const user = await insertUser(rival);
    const hanging = new PostgresStore({ url: database.url, lockWaitMs: WAIT_MS });
    await hanging.lock([need(users, user)], WAIT_MS);
    await rival.query("SET lock_timeout = '3s'");
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user]);
    await rival.query("RESET lock_timeout");
    await hanging.close();
  });
});

test("a round's time is the database's time after its last row was locked", async (t) => {
  const id = (await observer.query<{ id: string }>("INSERT INTO users (id, name, created_at) VALUES (gen_random_uuid(), '손님', now()) RETURNING id"))
    .rows[0]?.id as string;
  const databaseNow = async (client: pg.Client): Promise<number> =>
    Number((await client.query("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now")).rows[0].now);
  t.mock.timers.enable({ apis: ["Date"], now: 0 });
  await rival.query("BEGIN");
  await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [id]);
  const locking = store.lock([need(users, id)], WAIT_MS);
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS / 10));
  const freeAt = await databaseNow(rival);
  await rival.query("ROLLBACK");
  const round = await locking;
  round.release();
  assert.ok(round.now >= freeAt, `${round.now} is before ${freeAt}`);
  assert.ok(round.now <= (await databaseNow(observer)));
});

describe("a round's writes", () => {
  test("the writes of a round are all or nothing: a constraint violation is RoundRejected and writes nothing", async () => {
    const user = await insertUser(rival, 100);
    const other = await insertUser(rival, 100);
    const round = await store.lock([need(users, user), need(users, other)], WAIT_MS);
    const roundId = randomUUID();
    const changes = changesOf(users, balanceChange(round.loaded, other, 200), balanceChange(round.loaded, user, -1));
    await assert.rejects(round.commit(roundId, changes), (error) => error instanceof RoundRejected && /users_balance_check/.test(error.message));
    assert.deepEqual([await balanceOf(user), await balanceOf(other)], [100, 100]);
    assert.equal((await rival.query("SELECT FROM rounds WHERE id = $1", [roundId])).rowCount, 0);
    assert.equal(await store.outcome(roundId), "abandoned");
  });

  test("writes that touch another number of rows than were locked are rolled back", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const missingRow = { key: randomUUID(), before: { id: "", balance: 1, version: 1 }, after: { id: "", balance: 2, version: 2 } };
    await assert.rejects(round.commit(randomUUID(), changesOf(users, balanceChange(round.loaded, user, 200), missingRow)), RoundRejected);
    assert.equal(await balanceOf(user), 100);
  });

  // Without the last condition of `updateInPlace`, a wallet would get its neighbour's balance.
  test("an update gives no row another row's values, even if the values are in the wrong order", async () => {
    const ids = [await insertUser(rival, 100), await insertUser(rival, 100), await insertUser(rival, 100)].sort().reverse();
    const text = updateInPlace("users", { balance: "bigint", version: "int" });
    const expected = new Map(ids.map((id, i) => [id, 200 + i]));
    await rival.query(text, [`{${ids.join(",")}}`, `{${[...expected.values()].join(",")}}`, "{2,2,2}"]);
    for (const id of ids) assert.ok([100, expected.get(id)].includes(await balanceOf(id)), id);
  });

  // The test fails without the catch in `#writes` and the finally in `send`, because the connection
  // would keep its locks.
  test("writes that cannot be serialized leave nothing locked", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const unserializable = {
      id: "",
      userId: user,
      version: 9,
      type: "GRANT" as const,
      amount: 1,
      balanceAfter: 1,
      orderId: null,
      reason: null,
      createdAt: Number.MAX_SAFE_INTEGER,
    };
    await assert.rejects(round.commit(randomUUID(), { tables: new Map(), journals: new Map([[ledger, [unserializable]]]) }), RoundRejected);
    await eventually("the user is free", () => isFree("users", user));
  });

  test("a row that another transaction has inserted first is a Conflict", async () => {
    const round = await store.lock([], WAIT_MS);
    const roundId = randomUUID();
    assert.equal(await store.outcome(roundId), "abandoned");
    await assert.rejects(round.commit(roundId, { tables: new Map(), journals: new Map() }), Conflict);
  });
});

describe("a round whose COMMIT got no response", () => {
  test("a round that was abandoned stays abandoned and cannot commit later", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    for (let i = 0; i < 3; i++) assert.equal(await store.outcome(roundId), "abandoned");
    await assert.rejects(round.commit(roundId, changesOf(users, balanceChange(round.loaded, user, 200))), Conflict);
    assert.equal(await balanceOf(user), 100);
    assert.equal(await store.outcome(roundId), "abandoned");
  });

  test("a round that was committed stays committed", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    await round.commit(roundId, changesOf(users, balanceChange(round.loaded, user, 200)));
    for (let i = 0; i < 3; i++) assert.equal(await store.outcome(roundId), "committed");
  });

  test("the outcome of a round waits for a COMMIT in progress", async () => {
    const roundId = randomUUID();
    await rival.query("BEGIN");
    await rival.query("INSERT INTO rounds (id) VALUES ($1)", [roundId]);
    const outcome = store.outcome(roundId);
    await untilLockIsWaitedFor();
    await rival.query("COMMIT");
    assert.equal(await outcome, "committed");
  });

  test("the outcome of a round is unavailable while its COMMIT takes too long", async () => {
    const roundId = randomUUID();
    await rival.query("BEGIN");
    await rival.query("INSERT INTO rounds (id) VALUES ($1)", [roundId]);
    await assert.rejects(store.outcome(roundId), StoreUnavailable);
    await rival.query("COMMIT");
    assert.equal(await store.outcome(roundId), "committed");
  });

  test("a round whose session was killed is a LostCommit, and its outcome is abandoned", async () => {
    const user = await insertUser(rival, 100);
    const round = await store.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    for (const pid of await sessions("in a round")) await rival.query("SELECT pg_terminate_backend($1)", [pid]);
    await assert.rejects(round.commit(roundId, changesOf(users, balanceChange(round.loaded, user, 200))), LostCommit);
    assert.equal(await store.outcome(roundId), "abandoned");
    assert.equal(await balanceOf(user), 100);
  });
});

describe("over a connection that breaks", () => {
  let proxy: FaultProxy;
  let remote: PostgresStore;
  before(async () => {
    proxy = await FaultProxy.open(database.url);
    remote = new PostgresStore({ url: proxy.url, lockWaitMs: WAIT_MS });
  });
  after(async () => {
    await remote.close();
    await proxy.close();
  });

  for (const [fate, truth] of [
    ["request lost", "abandoned"],
    ["response lost", "committed"],
  ] as const) {
    test(`a COMMIT (${fate}) is a LostCommit, and its outcome is ${truth}`, async () => {
      const user = await insertUser(rival, 100);
      const round = await remote.lock([need(users, user)], WAIT_MS);
      const roundId = randomUUID();
      proxy.onCommit = () => fate;
      await assert.rejects(round.commit(roundId, changesOf(users, balanceChange(round.loaded, user, 200))), LostCommit);
      proxy.onCommit = () => "none";
      assert.equal(await remote.outcome(roundId), truth);
      assert.equal(await balanceOf(user), truth === "committed" ? 200 : 100);
    });
  }

  test("a COMMIT that is answered with ROLLBACK is RoundRejected and writes nothing", async () => {
    const user = await insertUser(rival, 100);
    const round = await remote.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    proxy.onCommit = () => "aborted";
    await assert.rejects(
      round.commit(roundId, changesOf(users, balanceChange(round.loaded, user, 200))),
      (error) => error instanceof RoundRejected && /COMMIT with ROLLBACK/.test(error.message),
    );
    proxy.onCommit = () => "none";
    assert.equal(await balanceOf(user), 100);
    assert.equal(await remote.outcome(roundId), "abandoned");
    // The next round gets another connection.
    const next = await remote.lock([need(users, user)], WAIT_MS);
    await next.commit(randomUUID(), changesOf(users, balanceChange(next.loaded, user, 300)));
    assert.equal(await balanceOf(user), 300);
  });

  // query_timeout bounds the wait.
  test("a COMMIT whose response never arrives is a LostCommit after a timeout", { timeout: 60_000 }, async () => {
    const user = await insertUser(rival, 100);
    const round = await remote.lock([need(users, user)], WAIT_MS);
    const roundId = randomUUID();
    proxy.onCommit = () => "no response";
    await assert.rejects(round.commit(roundId, changesOf(users, balanceChange(round.loaded, user, 200))), LostCommit);
    proxy.onCommit = () => "none";
    assert.equal(await remote.outcome(roundId), "committed");
  });

  // Only a lock refused by the database is an error of the command.
  test("locks on an unreachable database are StoreUnavailable, with an open and with a new connection", async () => {
    const user = await insertUser(rival, 100);
    (await remote.lock([need(users, user)], WAIT_MS)).release();
    proxy.disconnect();
    for (let i = 0; i < 3; i++) await assert.rejects(remote.lock([need(users, user)], WAIT_MS), StoreUnavailable);
    await assert.rejects(remote.outcome(randomUUID()), StoreUnavailable);
    proxy.reconnect();
    (await remote.lock([need(users, user)], WAIT_MS)).release();
  });

  // `goodbye` has a time limit.
  test("a store with a hanging connection can still be closed", { timeout: 60_000 }, async () => {
    const hangingProxy = await FaultProxy.open(database.url);
    const hanging = new PostgresStore({ url: hangingProxy.url, lockWaitMs: WAIT_MS });
    (await hanging.lock([], WAIT_MS)).release();
    hangingProxy.fault = "half open";
    await hanging.close();
    await hangingProxy.close();
  });
});

describe("a till on this store", () => {
  const charge = (till: Till, userId: string, amount = 1): Promise<Charged> =>
    till.submit(chargeBalance, { userId, amount, version: null, balanceMax: 1e12 });
  const codeOf = (error: unknown): unknown => (error instanceof Refusal ? error.code : error);

  /** Submits the commands in one round. The first one delays the others for a moment. */
  function submitTogether<Input, Answer>(till: Till, template: Command<Input, Answer>, inputs: Input[]): Promise<unknown[]> {
    const delayed = (input: Input): Promise<Input> => new Promise((resolve) => setTimeout(resolve, 10, input));
    return Promise.all(inputs.map((input, i) => till.submit(i === 0 ? { ...template, prepare: delayed } : template, input).catch(codeOf)));
  }

  // The test fails without the short lock wait, which is too slow, and without bisecting, which
  // makes every command BUSY.
  test("a command whose row is locked is BUSY, and the other commands of its round are served", async () => {
    const till = new LocalTill({ store, waitMs: WAIT_MS });
    const ids: string[] = [];
    for (let i = 0; i < 16; i++) ids.push(await insertUser(rival, 100));
    await rival.query("BEGIN");
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [ids[11]]);
    const answers = await submitTogether<ChargeBalance, Charged>(
      till,
      chargeBalance,
      ids.map((userId) => ({ userId, amount: 1, version: null, balanceMax: 1000 })),
    );
    assert.deepEqual(
      answers.map((answer) => (answer as Charged).newBalance ?? answer),
      ids.map((_, i) => (i === 11 ? "BUSY" : 101)),
    );
    await rival.query("ROLLBACK");
    assert.equal((await charge(till, ids[11] as string)).newBalance, 101);
  });

  test("a round writes referenced rows before the rows that refer to them, in any order of its commands", async () => {
    const till = new LocalTill({ store, waitMs: WAIT_MS });
    const { variantId } = await insertProduct(rival);
    const adjust = { variantId, delta: 1, reason: "test" };
    const make = { products: [{ name: "사과", variants: [{ price: 1, stock: 1 }] }] };
    const either = command<typeof adjust | typeof make, unknown>({
      name: "either",
      needs: (input) => ("delta" in input ? adjustStock(NO_LINE).needs(input) : createProducts.needs(input)),
      decide: (uow, input) => ("delta" in input ? adjustStock(NO_LINE).decide(uow, input) : createProducts.decide(uow, input)),
    });
    const [adjusted, made] = await submitTogether<typeof adjust | typeof make, unknown>(till, either, [adjust, make]);
    assert.equal((adjusted as { variantId: string }).variantId, variantId);
    assert.ok(Array.isArray(made));
    assert.equal(till.served.retries, 0);
  });

  // Bisecting finds it.
  test("the one command of a round that the database refuses is found, and the others are served", async () => {
    const faults: string[] = [];
    const till = new LocalTill({ store, waitMs: WAIT_MS, onFault: (name) => faults.push(name) });
    type Set = { userId: string; balance: number };
    const setBalance = command<Set, number>({
      name: "set balance",
      needs: ({ userId }) => [need(users, userId)],
      decide(uow, { userId, balance }) {
        uow.put(users, userId, { ...(uow.find(users, userId) as Wallet), balance });
        return balance;
      },
    });
    const inputs: Set[] = [];
    for (let i = 0; i < 16; i++) inputs.push({ userId: await insertUser(rival, 100), balance: i === 5 ? -1 : i });
    const answers = await submitTogether(till, setBalance, inputs);
    assert.ok(answers[5] instanceof RoundRejected);
    assert.deepEqual(answers.toSpliced(5, 1), inputs.map(({ balance }) => balance).toSpliced(5, 1));
    for (const { userId, balance } of inputs) assert.equal(await balanceOf(userId), balance === -1 ? 100 : balance);
    assert.deepEqual(faults, ["set balance"]);
  });

  test("a round is retried when PostgreSQL ends it to resolve a deadlock", async () => {
    const patient = new PostgresStore({ url: database.url, lockWaitMs: 5000 });
    const till = new LocalTill({ store: patient, waitMs: 5000 });
    const user = await insertUser(rival, 100);
    const { variantId } = await insertProduct(rival, { stock: 10 });
    const both = command<null, number>({
      name: "both",
      needs: () => [need(users, user), need(variants, variantId)],
      decide(uow) {
        const variant = uow.find(variants, variantId) as Variant;
        uow.put(variants, variantId, { ...variant, stock: variant.stock - 1 });
        return variant.stock - 1;
      },
    });
    await rival.query("SET deadlock_timeout = '60s'"); // The till's session then detects the deadlock and is ended.
    await rival.query("BEGIN");
    await rival.query("SELECT FROM variants WHERE id = $1 FOR UPDATE", [variantId]);
    const answer = till.submit(both, null);
    await untilLockIsWaitedFor();
    await rival.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user]);
    await eventually("the till has retried", async () => till.served.retries === 1);
    await rival.query("COMMIT");
    await rival.query("RESET deadlock_timeout");
    assert.equal(await answer, 9);
    await patient.close();
  });

  // The round was never committed, so it is repeated once.
  test("a round whose session is killed during its COMMIT is repeated", async () => {
    const till = new LocalTill({ store, waitMs: 5000 });
    // Another transaction has inserted the external id without committing, so the round's write
    // waits.
    const externalId = randomUUID();
    const { createUsers } = await import("../../src/balance/create-users.ts");
    await rival.query("BEGIN");
    await rival.query("INSERT INTO users (id, name, external_id, created_at) VALUES ($1, 'rival', $2, now())", [randomUUID(), externalId]);
    const answer = till.submit(createUsers, { users: [{ name: "다른 손님", externalId }], bulk: false });
    await untilLockIsWaitedFor();
    for (const pid of await sessions("waiting")) await rival.query("SELECT pg_terminate_backend($1)", [pid]);
    await rival.query("ROLLBACK");
    assert.equal((await answer).length, 1);
    assert.equal((await rival.query("SELECT FROM users WHERE external_id = $1", [externalId])).rowCount, 1);
  });

  test("the till continues when its sessions are killed repeatedly, and each charge counts once", async () => {
    const till = new LocalTill({ store, waitMs: 5000 });
    const user = await insertUser(rival, 1);
    let over = false;
    const kills = (async () => {
      while (!over) {
        await observer.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jangnal'",
        );
        await new Promise((resolve) => setTimeout(resolve, 3 + Math.random() * 20));
      }
    })();
    // An UNAVAILABLE charge may or may not have happened. Only an acknowledged charge is certain.
    const results: (number | string)[] = [];
    for (let i = 0; i < 40; i++)
      results.push(
        ...(await Promise.all(
          Array.from({ length: 10 }, () =>
            charge(till, user).then(
              () => 1,
              (error: Refusal) => error.code,
            ),
          ),
        )),
      );
    over = true;
    await kills;
    const charged = results.filter((one) => one === 1).length;
    assert.deepEqual(new Set(results.filter((one) => one !== 1 && one !== "UNAVAILABLE" && one !== "BUSY")), new Set());
    const { rows } = await observer.query(
      "SELECT count(*)::int AS count, sum(amount)::int AS sum, max(balance_after)::int AS last FROM balance_transactions WHERE user_id = $1 AND type = 'CHARGE'",
      [user],
    );
    assert.ok(till.served.retries > 0, "no session was killed during a round");
    const [{ count, sum, last }] = rows as [{ count: number; sum: number; last: number }];
    assert.deepEqual({ sum, last }, { sum: count, last: count + 1 });
    assert.ok(charged > 0 && count >= charged && count <= 400, `${charged} were acknowledged, ${count} were charged`);
  });
});
