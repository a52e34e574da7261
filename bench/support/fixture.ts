// A PostgreSQL as the shop brings it along, with the shop's own settings, and one database for each contender.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type EmbeddedServer, startEmbedded } from "../../src/database/embedded/embedded.ts";
import { migrate } from "../../src/database/migrate.ts";
import { fillFixtures } from "./fixtures.ts";

const TEMPLATE = "goods";
/** All contenders keep their connections; nothing else differs from what `npm start` runs on. */
const ROOM = { max_connections: "100" };

export class Fixture {
  readonly directory: string;
  readonly #server: EmbeddedServer;
  readonly #made: string[] = [];

  private constructor(directory: string, server: EmbeddedServer) {
    this.directory = directory;
    this.#server = server;
  }

  static async open(): Promise<Fixture> {
    const directory = mkdtempSync(join(tmpdir(), "jangnal-bench-"));
    try {
      const stage = new Fixture(directory, await startEmbedded({ dataDir: directory, settings: ROOM }));
      await stage.#make(TEMPLATE);
      await migrate(stage.url(TEMPLATE));
      await stage.query(TEMPLATE, fillFixtures);
      return stage;
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

  /** A migrated database with goods in it. Answers its URL. */
  async database(name: string): Promise<string> {
    await this.#make(name, TEMPLATE);
    this.#made.push(name);
    return this.url(name);
  }

  /** Whatever was written so far is on disk, so that nobody pays for what another has left behind. */
  async settle(): Promise<void> {
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

  async #make(name: string, template = "template0"): Promise<void> {
    await this.query("postgres", (client) => client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${template} STRATEGY file_copy`));
  }
}
