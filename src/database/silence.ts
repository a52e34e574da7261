// Closes connections whose server has gone silent. A query that was sent into a cut wire would
// otherwise wait for TCP's retransmissions, about fifteen minutes, and eight of them take the pool.

import type pg from "pg";
import { ShopClient, type ShopClientConfig } from "./client.ts";

/** Start time of the server: another server, or the same one after a restart, has another one. */
const SERVER = "SELECT pg_postmaster_start_time()::text AS server";
const PROBE_MS = 5000;

/** The driver's types lack the limit of a single query. */
type LimitedQuery = pg.QueryConfig & { query_timeout: number };
type Known = { server: string | undefined; bytes: number; silentSince: number };

export class SilenceWatch {
  readonly #settings: ShopClientConfig;
  readonly #silentMs: number;
  readonly #known = new WeakMap<pg.Client, Known>();
  readonly #inUse = new Set<pg.Client>();
  readonly #timer: NodeJS.Timeout;
  #probing = false;

  /** @param silentMs after this time without data the server is asked on a new connection */
  constructor(pool: pg.Pool, settings: ShopClientConfig, silentMs: number) {
    this.#settings = settings;
    this.#silentMs = silentMs;
    pool.on("acquire", (client) => this.#start(client));
    pool.on("release", (_error, client) => this.#inUse.delete(client));
    pool.on("remove", (client) => this.#inUse.delete(client));
    this.#timer = setInterval(() => void this.#probe(), silentMs / 2).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Remembers the server of a new connection. Errors: the connection's, also if the server is silent.
   * Without a limit the pool would wait for it, since it is not in use yet.
   */
  async meet(client: pg.Client): Promise<void> {
    const limited: LimitedQuery = { text: SERVER, query_timeout: Math.min(PROBE_MS, this.#silentMs) };
    const { rows } = await client.query<{ server: string }>(limited);
    this.#known.set(client, { server: rows[0]?.server, bytes: 0, silentSince: performance.now() });
  }

  #start(client: pg.Client): void {
    this.#inUse.add(client);
    const known = this.#known.get(client);
    if (known) known.silentSince = performance.now();
  }

  /**
   * Asks the database on a new connection. A long query on a server that can be reached goes on. If
   * no server answers, or another one is the primary now, the silent connections are closed.
   */
  async #probe(): Promise<void> {
    const silent = [...this.#inUse].filter((client) => this.#isSilent(client));
    if (silent.length === 0 || this.#probing) return;
    this.#probing = true;
    const server = await this.#askServer().catch(() => undefined);
    this.#probing = false;
    for (const client of silent) {
      if (this.#inUse.has(client) && this.#isSilent(client) && this.#known.get(client)?.server !== server) close(client);
    }
  }

  #isSilent(client: pg.Client): boolean {
    const known = this.#known.get(client);
    const { bytesRead } = streamOf(client);
    if (!known || known.bytes !== bytesRead) {
      if (known) Object.assign(known, { bytes: bytesRead, silentSince: performance.now() });
      return false;
    }
    return performance.now() - known.silentSince >= this.#silentMs;
  }

  async #askServer(): Promise<string | undefined> {
    const client = new ShopClient({ ...this.#settings, query_timeout: PROBE_MS });
    try {
      await client.connect();
      return (await client.query<{ server: string }>(SERVER)).rows[0]?.server;
    } finally {
      void client.end().catch(() => {});
    }
  }
}

type Stream = { bytesRead: number; destroy(error: Error): void };

function streamOf(client: pg.Client): Stream {
  return client.connection.stream as unknown as Stream;
}

function close(client: pg.Client): void {
  streamOf(client).destroy(Object.assign(new Error("the database has not answered, and its server is gone"), { code: "ETIMEDOUT" }));
}
