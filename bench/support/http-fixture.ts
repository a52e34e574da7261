// A shop, a floor and a load generator, each a separate process, on a PostgreSQL with the shop's settings.

import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import { mintToken } from "../../src/http/tokens.ts";
import { Load } from "../load/load.ts";
import { CpuMeter } from "./cores.ts";
import { FIXTURES } from "./fixtures.ts";
import { idOf } from "./ids.ts";
import type { Meters } from "./interleave.ts";
import { SECRET, ServerProcess } from "./server-process.ts";
import { Fixture } from "./fixture.ts";
import { times } from "./times.ts";

const DATABASE = "shop";
const IDLE_MS = 3000;
/** High, so that admission control rejects no request of an endless load, even on a slow machine. */
const LOCK_WAIT_MS = "30000";
const TOKEN_HOURS = 24;

export class HttpFixture {
  readonly shop: ServerProcess;
  readonly floor: ServerProcess;
  readonly load = new Load();
  readonly databaseUrl: string;
  /** One per user. */
  readonly tokens: string[] = times(FIXTURES.users, (n) => mintToken(SECRET, { id: idOf("user", n), role: "shopper" }, TOKEN_HOURS));
  readonly operator: string = mintToken(SECRET, { id: "bench", role: "operator" }, TOKEN_HOURS);
  readonly meters: Meters;
  readonly #fixture: Fixture;

  private constructor(fixture: Fixture, databaseUrl: string, shop: ServerProcess, floor: ServerProcess) {
    this.#fixture = fixture;
    this.databaseUrl = databaseUrl;
    this.shop = shop;
    this.floor = floor;
    this.meters = {
      shop: new CpuMeter(shop.pid, false),
      floor: new CpuMeter(floor.pid, false),
      load: new CpuMeter(this.load.pid, false),
      postgres: new CpuMeter(fixture.pid, true),
    };
  }

  /** @param options Node options of the shop's process */
  static async open(env: Record<string, string> = {}, options: string[] = []): Promise<HttpFixture> {
    const fixture = await Fixture.open();
    try {
      const url = await fixture.database(DATABASE);
      const settings = { DATABASE_URL: url, DATA_DIR: fixture.directory, BALANCE_FUNDING: "open", LOCK_WAIT_MS, ...env };
      const shop = await ServerProcess.shop(settings, options);
      return new HttpFixture(fixture, url, shop, await ServerProcess.floor());
    } catch (error) {
      await fixture.close();
      throw error;
    }
  }

  settle(): Promise<void> {
    return this.#fixture.settle();
  }

  query<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    return this.#fixture.query(DATABASE, work);
  }

  /** Waits without load, so that the shop can finish background work. */
  async idle(): Promise<void> {
    await pause(IDLE_MS);
  }

  async close(): Promise<void> {
    this.load.close();
    await Promise.all([this.shop.stop(), this.floor.stop()]);
    await this.#fixture.close();
  }
}
