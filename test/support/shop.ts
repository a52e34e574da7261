// A running shop for a test file, with helpers for users, operators, products, campaigns and races.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type OpenOptions, type OpenShop, openShop } from "../../src/app/app.ts";
import { readConfig } from "../../src/config.ts";
import { mintToken } from "../../src/http/tokens.ts";
import { shopTime } from "./clock.ts";
import { freshDatabase } from "./database.ts";
import { assertDocumented } from "./documented.ts";
import { invoked } from "./history.ts";
import { openWorkers, workerOf } from "./workers.ts";

export const SECRET = "a secret that only the tests know, 32 bytes and more";

/** A parsed body, or a part of one. Typed loosely, because the tests assert each property that they read. */
// oxlint-disable-next-line typescript/no-explicit-any -- the only escape for JSON in tests
export type Json = any;

/** `text` is the raw body, `body` the parsed one. */
export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; text: string; body: Json };

const MOST_TRIES = 30;

const agent = new Agent({ keepAlive: true, maxSockets: 500 });

/**
 * Sends one request over HTTP. `body` is sent as JSON; a string is sent as it is. Errors: AssertionError if the response does not match
 * the OpenAPI document.
 */
export async function call(url: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const responded = invoked({ method, path, body, headers });
  const answer = await exchange(url, method, path, body, headers).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED") responded("not sent");
    throw error;
  });
  responded(answer);
  await assertDocumented(url, method, path, answer);
  return answer;
}

function exchange(url: string, method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      new URL(path, workerOf(url)),
      {
        method,
        agent,
        headers: {
          ...(text === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const json = text !== "" && /[/+]json/.test(response.headers["content-type"] ?? "");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: json ? JSON.parse(text) : text });
        });
      },
    );
    sent.on("error", reject);
    sent.end(text);
  });
}

/** A client with a token. */
export class Client {
  readonly id: string;
  readonly role: "shopper" | "operator";
  readonly token: string;
  readonly url: string;

  constructor(url: string, id: string, role: "shopper" | "operator", tokenHours = 24) {
    this.url = url;
    this.id = id;
    this.role = role;
    this.token = mintToken(SECRET, { id, role }, tokenHours);
  }

  /** The same caller at another instance. */
  at(shop: { url: string }): Client {
    return new Client(shop.url, this.id, this.role);
  }

  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return call(this.url, method, path, body, { authorization: `Bearer ${this.token}`, ...headers });
  }

  get(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send("GET", path, undefined, headers);
  }

  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.send("POST", path, body, headers);
  }

  /**
   * `post` as a real client sends it: under a key, and again after `Retry-After` if it is answered 503. A shop whose machine stalls for
   * longer than LOCK_WAIT_MS answers so to all that waited.
   */
  async insist(path: string, body?: unknown): Promise<Answer> {
    const key = { "idempotency-key": randomUUID() };
    for (let tries = 1; ; tries++) {
      const answer = await this.post(path, body, key);
      if (answer.status !== 503 || tries === MOST_TRIES) return answer;
      await pause(Number(answer.headers["retry-after"]) * 1000);
    }
  }

  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.send("PATCH", path, body, headers);
  }

  delete(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send("DELETE", path, undefined, headers);
  }
}

export class TestShop {
  readonly shop: OpenShop;
  readonly operator: Client;
  readonly #cleanUp: () => Promise<void>;

  constructor(shop: OpenShop, cleanUp: () => Promise<void>) {
    this.shop = shop;
    this.operator = new Client(shop.url, "a-test-operator", "operator");
    this.#cleanUp = cleanUp;
  }

  get url(): string {
    return this.shop.url;
  }

  /** A shopper by id. */
  client(id: string): Client {
    return new Client(this.url, id, "shopper");
  }

  /** A request without a token. */
  anyone(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return call(this.url, method, path, body, headers);
  }

  async user({ balance = 0, name = "손님" } = {}): Promise<Client> {
    const [user] = await this.users(1, { balance, name });
    return user as Client;
  }

  async users(count: number, { balance = 0, name = "손님" } = {}): Promise<Client[]> {
    const made = good(await this.operator.post("/admin/users", { users: Array.from({ length: count }, () => ({ name })) }), 201).users as {
      id: string;
    }[];
    if (balance > 0)
      good(
        await this.operator.post("/admin/balances/grant", { grants: made.map(({ id }) => ({ userId: id, amount: balance, reason: "test" })) }),
        200,
      );
    return made.map(({ id }) => new Client(this.url, id, "shopper"));
  }

  /** A product with one variant, unless `variants` are given. */
  async product(fields: Record<string, unknown> = {}): Promise<{ id: string; variants: { id: string }[] }> {
    const stock = "variants" in fields ? {} : { price: 1000, stock: 100 };
    return good(await this.operator.post("/admin/products", { name: "사과", ...stock, ...fields }), 201);
  }

  async campaign(fields: Record<string, unknown> = {}): Promise<{ id: string }> {
    return good(
      await this.operator.post("/admin/coupons", { name: "첫 쿠폰", discount: { type: "FIXED", amount: 100 }, totalQuantity: 10, ...fields }),
      201,
    );
  }

  /** Creates a campaign and issues a coupon to the user. Returns the user coupon's id. */
  async coupon(user: Client, fields: Record<string, unknown> = {}): Promise<string> {
    const campaign = await this.campaign(fields);
    return good(await user.post(`/coupons/${campaign.id}/issue`), 201).userCouponId;
  }

  async balanceOf(user: Client): Promise<number> {
    return good(await this.operator.get(`/users/${user.id}/balance`), 200).balance;
  }

  async stockOf(product: { id: string }): Promise<number> {
    return good(await this.anyone("GET", `/products/${product.id}`), 200).stock;
  }

  async close(): Promise<void> {
    await this.shop.close();
    await this.#cleanUp();
  }
}

/** Asserts the status and returns the body. */
export function good(answer: Answer, status: number): Json {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body;
}

/** Asserts status, code and request id of a refusal, and returns the rest of the problem. */
export function refused(answer: Answer, status: number, code: string): Record<string, unknown> {
  const { requestId, ...problem } = answer.body;
  assert.deepEqual({ status: answer.status, code: problem.code }, { status, code }, JSON.stringify(answer.body));
  assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
  assert.equal(requestId, answer.headers["x-request-id"]);
  return problem;
}

/** A body's text without the id of its request: a replayed refusal has the repeat's own. */
export function withoutRequestId(text: string): string {
  return text.replace(/,"requestId":"[^"]+"/, "");
}

type TestShopOptions = { env?: Record<string, string>; beside?: TestShop; logTo?: OpenOptions["logTo"] };

/**
 * Opens a shop on its own database, or on the database of `beside`; with TEST_WORKERS=N, one of a till and N workers.
 * @param options `env`: settings; `logTo`: receives the log instead of stdout
 */
export async function openTestShop({ env = {}, beside, logTo }: TestShopOptions = {}): Promise<TestShop> {
  const database = beside ? undefined : await freshDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), "jangnal-shop-"));
  const config = readConfig({
    DATABASE_URL: beside?.shop.config.databaseUrl ?? database?.url,
    DATA_DIR: dataDir,
    PORT: "0",
    AUTH_JWT_SECRET: SECRET,
    BALANCE_FUNDING: "open",
    PAYMENT_GATEWAY_URL: "simulator",
    LOG_LEVEL: "fatal",
    ...env,
  });
  const workers = Number(process.env["TEST_WORKERS"] ?? 1);
  const now = shopTime();
  const shop = workers > 1 ? await openWorkers(config, workers, { now }) : await openShop(config, { now, ...(logTo ? { logTo } : {}) });
  return new TestShop(shop, async () => {
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });
}

/** Sends `count` requests concurrently. Returns the number of responses per status. */
export async function race(count: number, send: (i: number) => Promise<Answer>): Promise<Record<number, number>> {
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => send(i)));
  const tally: Record<number, number> = {};
  for (const { status } of answers) tally[status] = (tally[status] ?? 0) + 1;
  return tally;
}
