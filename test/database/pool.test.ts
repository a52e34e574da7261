import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import pg from "pg";
import { Database, isConnectionError, isReadOnly } from "../../src/database/pool.ts";
import { toRefusal } from "../../src/problem.ts";
import { freshDatabase } from "../support/database.ts";
import { FaultProxy } from "../support/fault-proxy.ts";

/** PostgreSQL's messages AuthenticationOk and ReadyForQuery. */
const AUTHENTICATED_AND_READY = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
const ONE = { name: "one", text: "SELECT 1 AS one", values: [] };

// Without the error listener in ShopClient the process ends, for example at a failover.
test("a connection that breaks inside a transaction fails only that transaction", async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { size: 2, onError: () => {} });
  try {
    const transaction = database.transaction(async (run) => {
      const [backend] = await run<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await database.rows({ name: "terminate", text: "SELECT pg_terminate_backend($1, 5000)", values: [backend?.pid] });
      // The connection breaks while no statement runs on it.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await run("SELECT 1");
    });
    await assert.rejects(transaction);
    assert.deepEqual(await database.rows(ONE), [{ one: 1 }]);
  } finally {
    await database.close();
    await drop();
  }
});

// Fails without `close` in SilenceWatch: the query would wait for TCP, about fifteen minutes.
test("a query that was sent into a silent connection fails, and the pool works again", { timeout: 60_000 }, async () => {
  const { url, drop } = await freshDatabase();
  const proxy = await FaultProxy.open(url);
  const database = new Database(proxy.url, { size: 1, onError: () => {}, silentMs: 200 });
  try {
    await database.rows(ONE);
    proxy.fault = "half open";
    await assert.rejects(database.rows(ONE), isConnectionError);
    proxy.fault = "none";
    assert.deepEqual(await database.rows(ONE), [{ one: 1 }]);
  } finally {
    await database.close();
    await proxy.close();
    await drop();
  }
});

// Fails without the limit in `meet`: a connection that is not in use yet would occupy the pool until TCP gives up.
test("a server that goes silent right after a connection is made does not occupy the pool", { timeout: 60_000 }, async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write(AUTHENTICATED_AND_READY));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const database = new Database(`postgresql://shop@127.0.0.1:${port}/shop`, { size: 1, onError: () => {}, silentMs: 200 });
  try {
    for (let i = 0; i < 2; i++) await assert.rejects(database.rows(ONE), /Query read timeout/);
    assert.equal(database.pool.totalCount, 0);
  } finally {
    await database.close();
    server.close();
  }
});

// Fails if SilenceWatch closes each silent connection: a long query has no data to send either.
test("a long query on a server that can be reached is not interrupted", async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { size: 1, onError: () => {}, silentMs: 50 });
  try {
    await database.rows(ONE);
    assert.equal((await database.rows({ name: "sleep", text: "SELECT pg_sleep(1)", values: [] })).length, 1);
  } finally {
    await database.close();
    await drop();
  }
});

// Fails if the servers are not compared: after a failover the new primary can be reached.
test("a query on a server that is no longer the primary fails when it is silent", { timeout: 60_000 }, async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { size: 1, onError: () => {}, silentMs: 200 }, { options: "-c search_path=old_primary,pg_catalog,public" });
  const primary = new pg.Client({ connectionString: url });
  await primary.connect();
  try {
    // Stands for the old primary: its own start time.
    await primary.query("CREATE SCHEMA old_primary");
    await primary.query(
      "CREATE FUNCTION old_primary.pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'epoch'::timestamptz $$",
    );
    await database.rows(ONE);
    await primary.query("DROP SCHEMA old_primary CASCADE");
    await assert.rejects(database.rows({ name: "sleep", text: "SELECT pg_sleep(30)", values: [] }), isConnectionError);
  } finally {
    await primary.end();
    await database.close();
    await drop();
  }
});

// Fails without `isReadOnly` in toRefusal: a write on a demoted primary would be a 500.
test("a write on a primary that has become a standby is unavailable, not a bug", async () => {
  const { url, drop } = await freshDatabase();
  const database = new Database(url, { size: 1, onError: () => {} }, { options: "-c default_transaction_read_only=on" });
  try {
    const failed = await database.rows({ name: "write", text: "CREATE TABLE one ()", values: [] }).catch((error: unknown) => error);
    assert.ok(isReadOnly(failed));
    assert.equal(toRefusal(failed).code, "UNAVAILABLE");
  } finally {
    await database.close();
    await drop();
  }
});
