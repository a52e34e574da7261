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

// Goes red without `position = $3` in advancePosition: a relay whose lease ran out, and that has it again, would move the position back.
test("a position moves on only from where it was read", async () => {
  const owner = newId(Date.now());
  await database.rows(insertSinks(["file"]));
  await database.rows(takeLease("file", owner, true));
  assert.equal((await database.rows(advancePosition("file", owner, "0", "10"))).length, 1);
  assert.equal((await database.rows(advancePosition("file", owner, "0", "5"))).length, 0);
  const [sink] = await database.rows<{ position: string }>({ name: "look", text: "SELECT position::text FROM sinks", values: [] });
  assert.equal(sink?.position, "10");
});
