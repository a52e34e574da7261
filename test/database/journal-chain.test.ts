// The operators' journal is a chain: the audit finds each kind of damage, and deleting old entries
// leaves the rest verifiable.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { audit } from "../../src/audit/audit.ts";
import { Database } from "../../src/database/pool.ts";
import { chained, type ChainHead, EMPTY_CHAIN } from "../../src/journal/entry.ts";
import { purgeJournal } from "../../src/journal/purge-journal.ts";
import { newId } from "../../src/ids.ts";
import { freshDatabase } from "../support/database.ts";

const DAY_MS = 86_400_000;
const ENTRIES = 5;

let database: Database;
let drop: () => Promise<void>;
before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 4, onError: () => {} });
});
after(async () => {
  await database.close();
  await drop();
});

/** Five entries: of 5, 4, 3, 2 and 1 days ago. */
beforeEach(async () => {
  await run("DELETE FROM journal_entries");
  let head: ChainHead = EMPTY_CHAIN;
  for (let daysAgo = ENTRIES; daysAgo > 0; daysAgo--) {
    const at = Date.now() - daysAgo * DAY_MS;
    const entry = chained(head, {
      id: newId(at),
      at: new Date(at).toISOString(),
      actor: "kim",
      operation: "grantBalances",
      permission: "balances",
      subjects: [{ type: "user", id: newId(at) }],
      subjectCount: 1,
      input: { grants: [{ amount: 1000 * daysAgo }] },
      requestId: "r",
      address: "127.0.0.1",
      status: 200,
    });
    await run("INSERT INTO journal_entries VALUES ($1, $2, $3)", [entry.seq, entry.content, entry.hash]);
    head = entry;
  }
  await run("UPDATE journal_ends SET seq = $1, hash = $2 WHERE name = 'head'", [head.seq, head.hash]);
  await run("UPDATE journal_ends SET seq = $1, hash = $2 WHERE name = 'anchor'", [EMPTY_CHAIN.seq, EMPTY_CHAIN.hash]);
});

async function run(sql: string, values: unknown[] = []): Promise<void> {
  await database.pool.query(sql, values);
}

async function found(): Promise<string[]> {
  const { violations } = await audit(database, "Asia/Seoul");
  assert.ok(violations.every(({ invariant }) => invariant === 9));
  return [...new Set(violations.map(({ what }) => what))];
}

const HASH = "an entry's hash is not that of the entry before it and its content";
const MISSING = "entries are missing before an entry";
const END = "the journal does not end with the last entry that was written";

describe("damage to the operators' journal", () => {
  test("an untouched journal has no violations", async () => assert.deepEqual(await found(), []));

  test("the audit finds an entry that was changed", async () => {
    await run(`UPDATE journal_entries SET content = replace(content, '"kim"', '"lee"') WHERE seq = 3`);
    assert.deepEqual(await found(), [HASH]);
  });

  test("the audit finds an entry that was changed and hashed again", async () => {
    await run(`UPDATE journal_entries SET content = replace(content, '"kim"', '"lee"') WHERE seq = 3`);
    await run(
      `UPDATE journal_entries j SET hash = encode(sha256(convert_to(p.hash || E'\\n' || j.content, 'UTF8')), 'hex')
       FROM journal_entries p WHERE j.seq = 3 AND p.seq = 2`,
    );
    assert.deepEqual(await found(), [HASH]);
  });

  test("the audit finds an entry that was deleted", async () => {
    await run("DELETE FROM journal_entries WHERE seq = 3");
    assert.deepEqual(await found(), [HASH, MISSING]);
  });

  test("the audit finds the first entries deleted", async () => {
    await run("DELETE FROM journal_entries WHERE seq <= 2");
    assert.deepEqual(await found(), [HASH, MISSING]);
  });

  test("the audit finds the last entries deleted", async () => {
    await run("DELETE FROM journal_entries WHERE seq >= 4");
    assert.deepEqual(await found(), [END]);
  });

  test("the audit finds all entries deleted", async () => {
    await run("DELETE FROM journal_entries");
    assert.deepEqual(await found(), [END]);
  });

  test("the audit finds two entries that changed places", async () => {
    await run("UPDATE journal_entries SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)");
    await run("UPDATE journal_entries SET seq = -seq WHERE seq < 0");
    assert.deepEqual(await found(), [HASH]);
  });

  test("the audit finds the ends of the chain deleted", async () => {
    await run("DELETE FROM journal_ends");
    assert.deepEqual(await found(), [HASH, MISSING, END]);
    await run("INSERT INTO journal_ends VALUES ('head', 0, ''), ('anchor', 0, '')");
  });
});

describe("the retention of the operators' journal", () => {
  async function kept(): Promise<number[]> {
    const rows = await database.rows<{ seq: number }>({ name: "kept", text: "SELECT seq FROM journal_entries ORDER BY seq", values: [] });
    return rows.map(({ seq }) => seq);
  }

  test("entries older than JOURNAL_KEEP are deleted, and the rest stays verifiable", async () => {
    assert.equal(await purgeJournal(database, "P2DT12H"), 3);
    assert.deepEqual(await kept(), [4, 5]);
    assert.deepEqual(await found(), []);
    assert.equal(await purgeJournal(database, "P2DT12H"), 0);
    await run(`UPDATE journal_entries SET content = replace(content, '"kim"', '"lee"') WHERE seq = 4`);
    assert.deepEqual(await found(), [HASH]);
  });

  test("a journal of which all entries were deleted stays verifiable", async () => {
    assert.equal(await purgeJournal(database, "PT12H"), ENTRIES);
    assert.deepEqual(await kept(), []);
    assert.deepEqual(await found(), []);
  });

  test("an entry is kept as long as one before it is kept", async () => {
    const text = `UPDATE journal_entries SET content = replace(content, '"at":"', '"at":"3') WHERE seq = 2`;
    await run(text);
    assert.equal(await purgeJournal(database, "PT12H"), 1);
    assert.deepEqual(await kept(), [2, 3, 4, 5]);
  });
});
