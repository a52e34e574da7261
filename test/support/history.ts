// The history of a campaign: each HTTP request with the times of its invocation and its response, as the client saw them. `call` in
// shop.ts records it if a campaign has asked for it. At the end come the ledgers of each database, read before it is dropped.

import { createWriteStream } from "node:fs";
import { once } from "node:events";
import pg from "pg";
import { types } from "../../src/database/pool.ts";
import type { Json } from "./shop.ts";

/** One request. Times are in ms of this process's monotonic clock. Without `respondedAt` the outcome is unknown for ever. */
export type Exchange = {
  /** The caller's id, from the token. */
  caller: string;
  key?: string;
  method: string;
  path: string;
  body?: unknown;
  invokedAt: number;
  respondedAt?: number;
  status?: number;
  requestId?: string;
  response?: Json;
};

/** Rows that a database keeps in an order of its own: the movements of each wallet, the events of each order, the entries of each drop. */
export type Ledgers = {
  wallets: { userId: string; version: number; id: string; type: string; amount: number; orderId: string | null }[];
  orders: { orderId: string; seq: number; type: string }[];
  drops: { dropId: string; number: number; id: string }[];
};

export class History {
  /** The wall clock's time at 0 of the history's clock, in ms. */
  readonly origin = performance.timeOrigin;
  readonly exchanges: Exchange[] = [];
  readonly ledgers: Ledgers[] = [];

  /** Writes a line for the clock, for each request and each ledger, in JSON. */
  async write(file: string): Promise<void> {
    const out = createWriteStream(file);
    for (const line of [{ origin: this.origin }, ...this.exchanges, ...this.ledgers])
      if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, "drain");
    out.end();
    await once(out, "finish");
  }
}

let recording: History | undefined;

/** Starts a new history. It takes the requests of this process from now on. */
export function recordHistory(): History {
  return (recording = new History());
}

export function stopRecording(): void {
  recording = undefined;
}

/** Runs a control, whose shop loses changes: its requests are in no history. */
export async function unrecorded<T>(work: () => Promise<T>): Promise<T> {
  const history = recording;
  recording = undefined;
  try {
    return await work();
  } finally {
    recording = history;
  }
}

/** Adds requests that another process has sent, by its own clock. */
export function addExchanges(exchanges: readonly Exchange[], origin: number): void {
  const shift = origin - performance.timeOrigin;
  recording?.exchanges.push(
    ...exchanges.map((exchange) => ({
      ...exchange,
      invokedAt: exchange.invokedAt + shift,
      ...(exchange.respondedAt === undefined ? {} : { respondedAt: exchange.respondedAt + shift }),
    })),
  );
}

type Sent = { method: string; path: string; body: unknown; headers: Record<string, string> };
type Responded = { status: number; headers: Record<string, unknown>; body: unknown };

/**
 * Records an invocation, and returns the function that records its response. Called with "not sent", it takes the request out of the
 * history: no connection was made.
 */
export function invoked({ method, path, body, headers }: Sent): (response: Responded | "not sent") => void {
  if (recording === undefined) return () => {};
  const key = headers["idempotency-key"];
  const exchange: Exchange = {
    caller: subjectOf(headers["authorization"]),
    ...(key === undefined ? {} : { key }),
    method,
    path,
    ...(body === undefined ? {} : { body }),
    invokedAt: performance.now(),
  };
  const { exchanges } = recording;
  exchanges.push(exchange);
  return (responded) => {
    if (responded === "not sent") return void exchanges.splice(exchanges.lastIndexOf(exchange), 1);
    const {
      status,
      headers: { "x-request-id": requestId },
      body: response,
    } = responded;
    Object.assign(exchange, { respondedAt: performance.now(), status, response, ...(typeof requestId === "string" ? { requestId } : {}) });
  };
}

export function subjectOf(authorization: string | undefined): string {
  const [, payload] = authorization?.split(".") ?? [];
  if (payload === undefined) return "";
  try {
    return String((JSON.parse(Buffer.from(payload, "base64url").toString()) as { sub?: unknown }).sub);
  } catch {
    return ""; // Not a token; some tests send other texts.
  }
}

/** Adds a database's ledgers to the history that is being recorded. Does nothing if there is none, or if the database is down. */
export async function keepLedgers(databaseUrl: string): Promise<void> {
  if (recording === undefined) return;
  const client = new pg.Client({ connectionString: databaseUrl, types });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows: wallets } = await client.query<Ledgers["wallets"][number]>(WALLETS);
    const { rows: orders } = await client.query<Ledgers["orders"][number]>(ORDERS);
    const { rows: drops } = await client.query<Ledgers["drops"][number]>(DROPS);
    recording.ledgers.push({ wallets, orders, drops });
  } catch {
    // Without it, the ledgers are not judged; the report counts them.
  } finally {
    await client.end().catch(() => {});
  }
}

const WALLETS = `SELECT user_id AS "userId", version, id, type, amount::float8 AS amount, order_id AS "orderId"
  FROM balance_transactions ORDER BY user_id, version`;
const ORDERS = `SELECT order_id AS "orderId", seq::int AS seq, type FROM order_history ORDER BY order_id, seq`;
const DROPS = `SELECT drop_id AS "dropId", number::int AS number, id FROM drop_entries ORDER BY drop_id, number`;
