// The textbook baseline: one transaction per order on a pool of 16. For a fair comparison it uses the same driver, prepared
// statements and rows as the shop.

import { ignore } from "../support/ignore.ts";
import pg from "pg";
import { connectionSettings } from "../../src/database/pool.ts";
import { closedLoop } from "../support/closed-loop.ts";
import type { Sample } from "../support/sample.ts";
import type { BenchOrder } from "./orders.ts";
import type { Baseline, Duration } from "./baseline.ts";
import * as sql from "./textbook.sql.ts";

const POOL = 16;

/** `locks first` locks stock and wallet, checks, then changes them. `hot row last` changes the stock by one statement just before the commit. */
export type Way = "locks first" | "hot row last" | "stored function";

export class TextbookBaseline implements Baseline {
  readonly url: string;
  readonly #orderOf: (n: number) => BenchOrder;
  readonly #way: Way;
  readonly #pool: pg.Pool;

  constructor(url: string, way: Way, orderOf: (n: number) => BenchOrder) {
    this.url = url;
    this.#way = way;
    this.#orderOf = orderOf;
    this.#pool = new pg.Pool({ ...connectionSettings(url), max: POOL });
    this.#pool.on("error", ignore);
  }

  run(waiting: number, duration: Duration): Promise<Sample> {
    return closedLoop(waiting, duration, (n) => this.#order(sql.entryOf(this.#orderOf(n))));
  }

  async #order(entry: sql.Entry): Promise<void> {
    if (this.#way === "stored function") return void (await this.#pool.query(sql.callPlaceOrder(entry)));
    const client = await this.#pool.connect();
    try {
      await client.query({ name: "begin", text: "BEGIN" });
      if (this.#way === "locks first") await locksFirst(client, entry);
      else await hotRowLast(client, entry);
      await client.query({ name: "commit", text: "COMMIT" });
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

async function locksFirst(client: pg.PoolClient, entry: sql.Entry): Promise<void> {
  await found(client, sql.readProduct(entry));
  if (((await found(client, sql.lockStock(entry)))["stock"] as number) < 1) throw new Error("sold out");
  if (((await found(client, sql.lockWallet(entry)))["balance"] as number) < entry.price) throw new Error("no money");
  await found(client, sql.takeStock(entry));
  await payAndWrite(client, entry);
}

async function hotRowLast(client: pg.PoolClient, entry: sql.Entry): Promise<void> {
  await found(client, sql.readProduct(entry));
  await payAndWrite(client, entry);
  await found(client, sql.takeStock(entry));
}

async function payAndWrite(client: pg.PoolClient, entry: sql.Entry): Promise<void> {
  const wallet = await found(client, sql.pay(entry));
  await client.query(sql.insertTransaction(entry, wallet as { balance: number; version: number }));
  await client.query(sql.insertOrder(entry));
}

async function found(client: pg.PoolClient, statement: ReturnType<typeof sql.pay>): Promise<Record<string, unknown>> {
  const { rows } = await client.query<Record<string, unknown>>(statement);
  if (!rows[0]) throw new Error(`nothing found: ${statement.name}`);
  return rows[0];
}
