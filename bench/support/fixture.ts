// The shop's embedded PostgreSQL with the shop's settings, and one database for each baseline.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { type EmbeddedServer, startEmbedded } from "../../src/database/embedded/embedded.ts";
import { migrate } from "../../src/database/migrate.ts";
import { selectHasWork } from "../../src/outbox/lease.sql.ts";
import { fillFixtures } from "./fixtures.ts";

const TEMPLATE = "fixtures";
const SINK = "file";
const LOOK_MS = 50;
const MOST_LOOKS = 1200;
/** All baselines keep their connections. Otherwise the settings are those of `npm start`. */
const SETTINGS = { max_connections: "100" };

export class Fixture {
  readonly directory: string;
  readonly #databases: string[] = [];
  #server: EmbeddedServer;

  private constructor(directory: string, server: EmbeddedServer) {
    this.directory = directory;
    this.#server = server;
  }

  static async open(): Promise<Fixture> {
    const directory = mkdtempSync(join(tmpdir(), "jangnal-bench-"));
    try {
      const fixture = new Fixture(directory, await startEmbedded({ dataDir: directory, settings: SETTINGS }));
      await fixture.#create(TEMPLATE);
      await migrate(fixture.url(TEMPLATE));
      await fixture.query(TEMPLATE, fillFixtures);
      return fixture;
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  get pid(): number {
    return this.#server.pid;
  }

  url(name: string): string {
    return this.#server.url(name);
  }

  /** Creates a database with the fixtures and returns its URL. */
  async database(name: string): Promise<string> {
    await this.#create(name, TEMPLATE);
    this.#databases.push(name);
    return this.url(name);
  }

  /** Starts the server again with these settings in place of those of `npm start`. It has another URL then. */
  async restart(settings: Record<string, string>): Promise<void> {
    await this.#server.stop();
    this.#server = await startEmbedded({ dataDir: this.directory, settings: { ...SETTINGS, ...settings } });
  }

  /** Lets the relays of all shops deliver, and flushes all writes to disk, so that no measurement pays for the one before it. */
  async settle(): Promise<void> {
    for (const name of this.#databases) await this.query(name, delivered);
    await this.query("postgres", (client) => client.query("CHECKPOINT"));
  }

  async query<T>(name: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.url(name) });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await this.#server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #create(name: string, template = "template0"): Promise<void> {
    await this.query("postgres", (client) => client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${template} STRATEGY file_copy`));
  }
}

/** Waits until no event of a shop waits for its sink. Other databases have no sink. */
async function delivered(client: pg.Client): Promise<void> {
  const { text, values } = selectHasWork(SINK, false);
  for (let tries = 0; tries < MOST_LOOKS; tries++) {
    const { rows } = await client.query<{ work: boolean }>(text, values);
    if (!rows[0]?.work) return;
    await pause(LOOK_MS);
  }
  throw new Error(`a relay has not delivered all events within ${(MOST_LOOKS * LOOK_MS) / 1000} s`);
}
