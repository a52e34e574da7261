// A shop, a floor and a load, each a process of its own, on a PostgreSQL with the shop's own settings.

import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import { mintToken } from "../../src/http/tokens.ts";
import { Load } from "../load/load.ts";
import { Processor } from "./cores.ts";
import { FIXTURES } from "./fixtures.ts";
import { idOf } from "./ids.ts";
import type { Sides } from "./interleave.ts";
import { SECRET, ServerProcess } from "./server-process.ts";
import { Fixture } from "./fixture.ts";
import { times } from "./times.ts";

const DATABASE = "shop";
const QUIET_MS = 3000;
/** Crowds that never end are what is measured here; they are not to be turned away for it, however slow the machine. */
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
  readonly sides: Sides;
  readonly #stage: Fixture;

  private constructor(stage: Fixture, databaseUrl: string, shop: ServerProcess, floor: ServerProcess) {
    this.#stage = stage;
    this.databaseUrl = databaseUrl;
    this.shop = shop;
    this.floor = floor;
    this.sides = {
      shop: new Processor(shop.pid, false),
      floor: new Processor(floor.pid, false),
      load: new Processor(this.load.pid, false),
      postgres: new Processor(stage.pid, true),
    };
  }

  /** @param options of the Node that the shop runs on */
  static async open(env: Record<string, string> = {}, options: string[] = []): Promise<HttpFixture> {
    const stage = await Fixture.open();
    try {
      const url = await stage.database(DATABASE);
      const settings = { DATABASE_URL: url, DATA_DIR: stage.directory, BALANCE_FUNDING: "open", LOCK_WAIT_MS, ...env };
      const shop = await ServerProcess.shop(settings, options);
      return new HttpFixture(stage, url, shop, await ServerProcess.floor());
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  settle(): Promise<void> {
    return this.#stage.settle();
  }

  query<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    return this.#stage.query(DATABASE, work);
  }

  /** A while without load, in which the shop may tidy up. */
  async quiet(): Promise<void> {
    await pause(QUIET_MS);
  }

  async close(): Promise<void> {
    this.load.close();
    await Promise.all([this.shop.stop(), this.floor.stop()]);
    await this.#stage.close();
  }
}
