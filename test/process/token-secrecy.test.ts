// A token never appears in a log, an answer, an event, the journal, the database or the address of a
// request: a shop that logs all it can is used in all ways that involve tokens.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import pg from "pg";
import { freshDatabase } from "../support/database.ts";
import { OidcIssuer } from "../support/oidc-issuer.ts";
import { serve } from "../support/process.ts";
import { token as forged } from "../support/tokens.ts";

const UNKNOWN_ID = "0197a1c0-0000-7000-8000-000000000002";

test("no token appears outside of the headers that carry it", async () => {
  const database = await freshDatabase();
  const issuer = await OidcIssuer.open("console");
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-tokens-"));
  const shop = await serve({
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    LOG_LEVEL: "trace",
    PAYMENT_GATEWAY_URL: "simulator",
    DEMO: "off",
    AUTH_JWT_SECRET: "",
    AUTH_JWKS_URL: `${issuer.url}/jwks`,
    AUTH_ISSUER: issuer.url,
    AUTH_AUDIENCE: "shop",
    AUTH_OIDC_CLIENT_ID: "console",
    AUTH_OIDC_CLIENT_SECRET: "the-clients-secret",
    AUTH_OIDC_REDIRECT_URL: "http://127.0.0.1:1/console/callback",
    RATE_LIMIT: "1000",
  });
  const answers: string[] = [];
  const send = async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Response & { read: string }> => {
    const response = await fetch(`${shop.url}${path}`, {
      method,
      redirect: "manual",
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const read = await response.text();
    answers.push(read, ...[...response.headers].filter(([name]) => name !== "set-cookie").map(([, value]) => value));
    return Object.assign(response, { read });
  };

  // Operators and shoppers, with permissions and without.
  const operator = issuer.accessToken();
  issuer.claims = { sub: "powerless", role: "operator", permissions: [] };
  const powerless = issuer.accessToken();
  issuer.claims = { sub: "buyer-1", role: "shopper", name: "손님" };
  const shopper = issuer.accessToken();
  issuer.claims = { sub: "op-1", role: "operator" };
  issuer.expiresIn = -3600;
  const expired = issuer.accessToken();
  issuer.expiresIn = 3600;
  const unsigned = forged({ alg: "none" }, { sub: "x", role: "operator" });
  const odd = `${operator.slice(0, -4)}AAAA`;
  const tokens = [operator, powerless, shopper, expired, unsigned, odd];
  for (const token of tokens) {
    const as = { authorization: `Bearer ${token}` };
    await send("GET", "/users/me", as);
    await send("GET", "/admin/users", as);
    await send("GET", "/no-such-path", as);
    await send("PUT", "/orders", as, {});
    await send("POST", "/admin/products", as, { name: "사과", price: 1000, stock: 10 });
    await send("POST", "/admin/products", as, "{");
    await send("POST", `/orders/${UNKNOWN_ID}/cancel`, { ...as, "idempotency-key": "k" }, {});
    await send("POST", "/orders", as, { orderItems: [{ productId: UNKNOWN_ID, quantity: 1 }] });
    await send("POST", "/admin/jobs/relay-events/run", as, {});
    await send("GET", "/admin/users", { authorization: token });
    await send("GET", "/admin/users", { authorization: `Basic ${token}` });
  }
  const { products } = JSON.parse((await send("GET", "/products")).read) as { products: { id: string }[] };
  const { id } = JSON.parse((await send("GET", "/users/me", { authorization: `Bearer ${shopper}` })).read) as { id: string };
  const asOperator = { authorization: `Bearer ${operator}` };
  assert.equal((await send("POST", "/admin/balances/grant", asOperator, { grants: [{ userId: id, amount: 5000, reason: "r" }] })).status, 200);
  const ordered = await send(
    "POST",
    "/orders",
    { authorization: `Bearer ${shopper}` },
    { orderItems: [{ productId: products[0]?.id, quantity: 1 }] },
  );
  assert.equal(ordered.status, 201);
  assert.equal((await send("POST", "/admin/jobs/relay-events/run", asOperator, {})).status, 200);

  // The console's sign-in, once right and once with a code that was used.
  const cookies: string[] = [];
  const cookieOf = (response: Response): string =>
    response.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
  const begun = await send("GET", "/console/sign-in");
  const back = (await fetch(begun.headers.get("location") ?? "", { redirect: "manual" })).headers.get("location") ?? "";
  const callback = `/console/callback${new URL(back).search}`;
  const done = await send("GET", callback, { cookie: cookieOf(begun) });
  assert.equal(done.headers.get("location"), "/console");
  assert.match((await send("GET", callback, { cookie: cookieOf(begun) })).headers.get("location") ?? "", /failed/);
  for (const response of [begun, done]) cookies.push(...response.headers.getSetCookie().map((line) => /=([^;]*)/.exec(line)?.[1] ?? ""));
  const { session } = JSON.parse((await send("GET", "/console/session", { cookie: cookieOf(done) })).read) as { session: { token: string } };
  const asSession = { cookie: cookieOf(done), authorization: `Bearer ${session.token}` };
  assert.equal((await send("GET", "/admin/users", asSession)).status, 200);
  assert.equal((await send("POST", "/admin/users", asSession, { name: "손님" })).status, 201);
  const journal = await send("GET", "/admin/journal?limit=100", asOperator);
  assert.ok((JSON.parse(journal.read) as { entries: unknown[] }).entries.length >= 5);
  assert.equal((await send("DELETE", "/console/session", asSession)).status, 200);

  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows: tables } = await client.query<{ name: string }>("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'");
  const stored: string[] = [];
  for (const { name } of tables) stored.push(JSON.stringify((await client.query(`SELECT * FROM ${name}`)).rows));
  await client.end();
  shop.child.kill("SIGTERM");
  await shop.ended;

  const events = readFileSync(join(dataDir, "events.ndjson"), "utf8");
  const places = {
    log: shop.output(),
    answers: answers.join("\n"),
    events,
    database: stored.join("\n"),
    addresses: issuer.visits.map(String).join("\n"),
  };
  assert.ok(places.log.length > 1000 && places.events.includes("order.completed"));
  const secrets = [...tokens, ...issuer.issued, ...cookies.filter((cookie) => cookie.length > 20), "the-clients-secret"];
  assert.ok(secrets.length > 12);
  const found = Object.entries(places).flatMap(([place, text]) =>
    secrets.filter((secret) => text.includes(secret) || text.includes(secret.split(".")[2] || secret)).map((secret) => `${place}: ${secret}`),
  );
  assert.deepEqual(found, []);
  await issuer.close();
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});
