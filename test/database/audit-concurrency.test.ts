import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Read, withConcurrency } from "../../src/audit/concurrency.ts";
import { Database } from "../../src/database/pool.ts";
import { freshDatabase } from "../support/database.ts";
import { insertUser } from "../support/rows.ts";

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let database: Database;

before(async () => {
  fresh = await freshDatabase();
  database = new Database(fresh.url, { size: 3, onError: () => {} });
});
after(async () => {
  await database.close();
  await fresh.drop();
});

const readState = async (read: Read): Promise<{ pid: unknown; users: unknown }> => {
  const [row] = await read("SELECT pg_backend_pid() AS pid, (SELECT count(*) FROM users) AS users");
  return { pid: row?.["pid"], users: row?.["users"] };
};

// The second connection imports the snapshot of the first (SET TRANSACTION SNAPSHOT).
test("both connections of an audit see the snapshot of the first one", async () => {
  await insertUser(database.pool);
  const seen: Awaited<ReturnType<typeof readState>>[] = [];
  let signal = (): void => {};
  const bothReading = new Promise<void>((resolve) => (signal = resolve));
  const other = new Database(fresh.url, { size: 1, onError: () => {} });
  let transactions = 0;
  const late: Pick<Database, "transaction"> = {
    async transaction(work) {
      if (++transactions === 2) await insertUser(other.pool);
      return database.transaction(work);
    },
  };
  // The first task waits for the second one, so that each connection runs one of them.
  const task = async (read: Read): Promise<void> => {
    seen.push(await readState(read));
    if (seen.length === 2) signal();
    await bothReading;
  };
  await withConcurrency(late, [task, task]);
  await other.close();
  assert.equal(new Set(seen.map(({ pid }) => pid)).size, 2);
  assert.deepEqual(
    seen.map(({ users }) => users),
    [1, 1],
  );
});

// `joined` in concurrency.ts is false then.
test("an audit runs on one connection if the second one cannot import its snapshot", async () => {
  const elsewhere = await freshDatabase();
  const otherDatabase = new Database(elsewhere.url, { size: 1, onError: () => {} });
  const seen: unknown[] = [];
  let transactions = 0;
  const misdirected: Pick<Database, "transaction"> = { transaction: (work) => (++transactions === 2 ? otherDatabase : database).transaction(work) };
  const task = async (read: Read): Promise<void> => void seen.push((await readState(read)).pid);
  await withConcurrency(misdirected, [task, task, task]);
  await otherDatabase.close();
  await elsewhere.drop();
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen).size, 1);
});

// Both transactions are READ ONLY.
test("an audit cannot write, and the error of a task is the audit's error", async () => {
  const write = async (read: Read): Promise<void> => void (await read("DELETE FROM users"));
  await assert.rejects(withConcurrency(database, [write, write]), { code: "25006" });
  assert.equal((await database.pool.query("SELECT FROM users")).rowCount, 2);
});

// `if (joined) throw` in concurrency.ts passes the error on.
test("an error on the second connection only is the audit's error too", async () => {
  let transactions = 0;
  const failing: Pick<Database, "transaction"> = {
    transaction: (work) => {
      const second = ++transactions === 2;
      return database.transaction((run) => work(async (text, values) => run(second && text === "SELECT 1" ? "SELECT 1 / 0" : text, values)));
    },
  };
  let waiting = 0;
  let signal = (): void => {};
  const bothReading = new Promise<void>((resolve) => (signal = resolve));
  const task = async (read: Read): Promise<void> => {
    if (++waiting === 2) signal();
    await bothReading;
    await read("SELECT 1");
  };
  await assert.rejects(withConcurrency(failing, [task, task]), { code: "22012" });
});
