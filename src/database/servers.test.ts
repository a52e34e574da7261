import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { isConnectionError } from "./pool.ts";
import { serversOf, splitHosts } from "./servers.ts";

test("a URL with several hosts is split into one URL per host, as libpq reads it", () => {
  assert.deepEqual(splitHosts("postgresql://me:p%2Cw@a:5432,b,c:1/shop?target_session_attrs=read-write&sslmode=require"), [
    "postgresql://me:p%2Cw@a:5432/shop?sslmode=require",
    "postgresql://me:p%2Cw@b/shop?sslmode=require",
    "postgresql://me:p%2Cw@c:1/shop?sslmode=require",
  ]);
  assert.deepEqual(splitHosts("postgres:///shop?host=/run/a,/run/b&port=1,2"), [
    "postgres:///shop?host=%2Frun%2Fa&port=1",
    "postgres:///shop?host=%2Frun%2Fb&port=2",
  ]);
  assert.deepEqual(splitHosts("postgres:///shop?host=/run/a,/run/b&port=1"), [
    "postgres:///shop?host=%2Frun%2Fa&port=1",
    "postgres:///shop?host=%2Frun%2Fb&port=1",
  ]);
  assert.deepEqual(splitHosts("postgres://a,b/shop?port=1,2"), ["postgres://a/shop?port=1", "postgres://b/shop?port=2"]);
});

test("a URL with one host is not changed", () => {
  for (const url of ["postgres://a/shop", "postgresql:///shop?host=/run/a&user=me", "postgres://a:5432/shop?target_session_attrs=read-write"]) {
    assert.deepEqual(splitHosts(url), [url]);
    assert.equal(serversOf(url), undefined);
  }
});

test("if no server responds, the error is a connection error", async () => {
  const servers = serversOf(`postgres://127.0.0.1:${await closedPort()},127.0.0.1:${await closedPort()}/shop`);
  await assert.rejects(servers?.primary() ?? Promise.resolve(), isConnectionError);
});

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
