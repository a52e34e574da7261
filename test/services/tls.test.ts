// TLS connections to the database, Redis and NATS, with verified certificates.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { type Cluster, startSingle } from "../support/clusters.ts";
import { serve } from "../support/process.ts";
import { type Service, startNats, startRedis } from "../support/services.ts";
import { Client, good } from "../support/shop.ts";

const folder = mkdtempSync(join(tmpdir(), "jangnal-tls-"));
const file = (name: string): string => join(folder, name);

/** Creates a certificate authority, and a server certificate for localhost. */
function createCertificates(): void {
  const authority = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...authority, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-subj", "/CN=jangnal test authority");
  openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", file("server.key"), "-out", file("server.csr"), "-subj", "/CN=localhost");
  writeFileSync(file("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signing = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", file("names")];
  openssl("x509", "-req", "-in", file("server.csr"), ...signing, "-out", file("server.pem"));
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

describe("over TLS", () => {
  let [redis, nats]: (Service | undefined)[] = [];
  let cluster: Cluster | undefined;
  before(async () => {
    createCertificates();
    const keys = ["--tls-cert-file", file("server.pem"), "--tls-key-file", file("server.key")];
    redis = await startRedis("--port", "0", "--tls-port", "{port}", ...keys, "--tls-auth-clients", "no");
    nats = await startNats("--tls", "--tlscert", file("server.pem"), "--tlskey", file("server.key"));
    cluster = await startSingle();
    await requireTls(cluster);
  });
  after(async () => {
    await Promise.all([redis?.remove(), nats?.remove(), cluster?.remove()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Makes the cluster reject unencrypted TCP connections. */
  async function requireTls(of: Cluster): Promise<void> {
    for (const name of ["server.pem", "server.key"]) {
      copyFileSync(file(name), join(of.data, name));
      chmodSync(join(of.data, name), 0o600);
      if (process.getuid?.() === 0) {
        const [uid, gid] = ["-u", "-g"].map((flag) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout));
        chownSync(join(of.data, name), uid ?? 0, gid ?? 0);
      }
    }
    for (const setting of ["ssl = on", "ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'"]) await of.query(`ALTER SYSTEM SET ${setting}`);
    writeFileSync(join(of.data, "pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n");
    await of.query("SELECT pg_reload_conf()");
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await pause(20)) {
      const refused = await of.query("SELECT 1").then(
        () => false,
        () => true,
      );
      if (refused) return;
    }
    throw new Error("PostgreSQL still accepts unencrypted connections");
  }

  const env = (): Record<string, string> => ({
    DATABASE_URL: `${cluster?.url}?sslmode=verify-full&sslrootcert=${file("ca.pem")}`,
    REDIS_URL: `rediss://localhost:${redis?.port}`,
    DATA_PLATFORM_URL: `nats://localhost:${nats?.port}/SHOP`,
    DATA_DIR: file("shop"),
    BALANCE_FUNDING: "open",
  });

  test("the shop connects to database, Redis and NATS if it knows their certificate authority", async () => {
    const shop = await serve({ ...env(), NODE_EXTRA_CA_CERTS: file("ca.pem") });
    try {
      const operator = await sell(shop.url);
      await until(async () => {
        const { events } = good(await operator.get("/admin/events?status=DELIVERED"), 200) as { events: unknown[] };
        return events.length > 0;
      });
      assert.equal(good(await operator.get("/readyz"), 200).checks.redis, "ok");
    } finally {
      shop.child.kill("SIGTERM");
      await shop.ended;
    }
  });

  // Fails with `rejectUnauthorized: false` anywhere.
  test("the shop does not connect to servers whose certificates cannot be verified", async () => {
    const known = { ...env(), DATA_DIR: file("other") }; // Only DATABASE_URL names the authority.
    await assert.rejects(serve({ ...known, DATABASE_URL: `${cluster?.url}?sslmode=verify-full` }), /DATABASE_URL cannot be used/);
    const shop = await serve(known);
    try {
      const operator = await sell(shop.url);
      assert.match(good(await operator.get("/readyz"), 200).checks.redis, /^down/);
      const url = `${cluster?.url}?sslmode=verify-full&sslrootcert=${file("ca.pem")}`;
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await until(async () => {
        const { rows } = await client.query<{ last_error: string }>("SELECT last_error FROM sinks WHERE last_error IS NOT NULL");
        return rows.some(({ last_error }) => /certificate/i.test(last_error));
      });
      await client.end();
    } finally {
      shop.child.kill("SIGTERM");
      await shop.ended;
    }
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await holds()); await pause(20))
    if (Date.now() > deadline) throw new Error("the condition did not become true in time");
}

/** Places one order, so that there is an event to deliver. Returns an operator. */
async function sell(url: string): Promise<Client> {
  const operator = new Client(url, "an-operator", "operator");
  const { users } = good(await operator.post("/admin/users", { users: [{ name: "손님" }] }), 201) as { users: { id: string }[] };
  const userId = users[0]?.id ?? "";
  good(await operator.post("/admin/balances/grant", { grants: [{ userId, amount: 10, reason: "test" }] }), 200);
  const product = good(await operator.post("/admin/products", { name: "사과", price: 1, stock: 1 }), 201) as { id: string };
  const order = { orderItems: [{ productId: product.id, quantity: 1 }] };
  good(await new Client(url, userId, "shopper").post("/orders", order), 201);
  return operator;
}
