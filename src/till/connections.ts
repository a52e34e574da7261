// The till's own connections to PostgreSQL. Each carries one round at a time, pipelined.

import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { ShopClient } from "../database/client.ts";
import { connectionSettings } from "../database/pool.ts";
import { StoreUnavailable } from "./store.ts";

/**
 * Plans for rounds. A round finds every row by its key, so one generic plan per statement is
 * enough, and planning each round anew would cost a single order more than its execution. Without
 * sequential scans, because a table without statistics would otherwise be scanned whole.
 */
export const BY_KEY = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off";

const END_MS = 1000;

export class Connections {
  readonly #url: string;
  readonly #lockWaitMs: number;
  readonly #idle: pg.Client[] = [];
  readonly #open = new Set<pg.Client>();

  /** @param lockWaitMs the longest wait for a row lock */
  constructor(url: string, lockWaitMs: number) {
    this.#url = url;
    this.#lockWaitMs = lockWaitMs;
  }

  /** Returns an idle connection or opens one. Errors: StoreUnavailable. */
  async take(): Promise<pg.Client> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const lockWaitMs = this.#lockWaitMs;
    const settings = connectionSettings(this.#url);
    const client = new ShopClient({
      ...settings,
      // An instance that hangs in the middle of a round holds its locks no longer than others would
      // wait for them.
      options: `${settings.options} ${BY_KEY} -c lock_timeout=${lockWaitMs} -c idle_in_transaction_session_timeout=${Math.max(lockWaitMs, 1000)}`,
      pipeline: true,
      query_timeout: lockWaitMs + 5000,
    });
    client.on("error", () => this.discard(client));
    try {
      await client.connect();
    } catch (error) {
      this.discard(client);
      throw new StoreUnavailable("the database can't be reached", { cause: error });
    }
    this.#open.add(client);
    return client;
  }

  /** Returns a connection for reuse. */
  giveBack(client: pg.Client): void {
    if (this.#open.has(client)) this.#idle.push(client);
  }

  /** Closes a connection after an error: its state is unknown, so it is not used again. */
  discard(client: pg.Client): void {
    this.#open.delete(client);
    const at = this.#idle.indexOf(client);
    if (at >= 0) this.#idle.splice(at, 1);
    void end(client);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map(end));
  }
}

/** Ends a connection, and cuts it if the server does not respond. */
async function end(client: pg.Client): Promise<void> {
  await Promise.race([client.end(), sleep(END_MS, undefined, { ref: false })]);
  client.connection.stream.destroy();
}
