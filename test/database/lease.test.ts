import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Database } from "../../src/database/pool.ts";
import { newId } from "../../src/ids.ts";
import { advancePosition, insertSinks, takeLease } from "../../src/outbox/lease.sql.ts";
import { freshDatabase } from "../support/database.ts";

let database: Database;
let drop: () => Promise<void>;
before(async () => {
  const fresh = await freshDatabase();
  drop = fresh.drop;
  database = new Database(fresh.url, { size: 1, onError: () => {} });
});
after(async () => {
  await database.close();
  await drop();
});

// Without the check, a relay that lost its lease and got it back would move the position backwards.
test("a sink's position advances only from the position that was read", async () => {
  const owner = newId(Date.now());
  await database.rows(insertSinks(["file"]));
  await database.rows(takeLease("file", owner, true));
  assert.equal((await database.rows(advancePosition("file", owner, "0", "10"))).length, 1);
  assert.equal((await database.rows(advancePosition("file", owner, "0", "5"))).length, 0);
  const [sink] = await database.rows<{ position: string }>({ name: "select position", text: "SELECT position::text FROM sinks", values: [] });
  assert.equal(sink?.position, "10");
});
