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

const look = async (read: Read): Promise<{ pid: unknown; users: unknown }> => {
  const [row] = await read("SELECT pg_backend_pid() AS pid, (SELECT count(*) FROM users) AS users");
  return { pid: row?.["pid"], users: row?.["users"] };
};

// Goes red without SET TRANSACTION SNAPSHOT in lanes.ts.
test("both lanes of an audit see what was committed when the first began, and nothing that came between them", async () => {
  await insertUser(database.pool);
  const seen: Awaited<ReturnType<typeof look>>[] = [];
  let met = (): void => {};
  const meeting = new Promise<void>((resolve) => (met = resolve));
  const other = new Database(fresh.url, { size: 1, onError: () => {} });
  let transactions = 0;
  const late: Pick<Database, "transaction"> = {
    async transaction(work) {
      if (++transactions === 2) await insertUser(other.pool);
      return database.transaction(work);
    },
  };
  // Whoever comes first waits for the other: each lane gets one of them.
  const task = async (read: Read): Promise<void> => {
    seen.push(await look(read));
    if (seen.length === 2) met();
    await meeting;
  };
  await withConcurrency(late, [task, task]);
  await other.close();
  assert.equal(new Set(seen.map(({ pid }) => pid)).size, 2);
  assert.deepEqual(
    seen.map(({ users }) => users),
    [1, 1],
  );
});

// Goes red without `joined` in lanes.ts.
test("where the second connection can't have the first one's snapshot, the first does everything", async () => {
  const elsewhere = await freshDatabase();
  const strange = new Database(elsewhere.url, { size: 1, onError: () => {} });
  const seen: unknown[] = [];
  let transactions = 0;
  const astray: Pick<Database, "transaction"> = { transaction: (work) => (++transactions === 2 ? strange : database).transaction(work) };
  const task = async (read: Read): Promise<void> => void seen.push((await look(read)).pid);
  await withConcurrency(astray, [task, task, task]);
  await strange.close();
  await elsewhere.drop();
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen).size, 1);
});

// Goes red without READ ONLY in either lane.
test("an audit can't write, and what a lane throws is the audit's error", async () => {
  const write = async (read: Read): Promise<void> => void (await read("DELETE FROM users"));
  await assert.rejects(withConcurrency(database, [write, write]), { code: "25006" });
  assert.equal((await database.pool.query("SELECT FROM users")).rowCount, 2);
});

// Goes red without `if (joined) throw` in lanes.ts.
test("what only the second lane can't read is the audit's error too", async () => {
  let transactions = 0;
  const torn: Pick<Database, "transaction"> = {
    transaction: (work) => {
      const second = ++transactions === 2;
      return database.transaction((run) => work(async (text, values) => run(second && text === "SELECT 1" ? "SELECT 1 / 0" : text, values)));
    },
  };
  let waiting = 0;
  let met = (): void => {};
  const meeting = new Promise<void>((resolve) => (met = resolve));
  const task = async (read: Read): Promise<void> => {
    if (++waiting === 2) met();
    await meeting;
    await read("SELECT 1");
  };
  await assert.rejects(withConcurrency(torn, [task, task]), { code: "22012" });
});
