// A shop and its database on one folder, as processes of their own, that can be killed at any moment and are opened again on what is left.
// The database is one of two: PostgreSQL apart, as DATABASE_URL has it, or the shop's own.

import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { audit, type Violation } from "../../../src/audit/audit.ts";
import { Database } from "../../../src/database/pool.ts";
import { type EmbeddedServer, startEmbedded } from "../../../src/database/embedded/embedded.ts";
import { killWithoutWarning } from "../../support/power-failure.ts";
import { serve } from "../../support/process.ts";
import { dieWithUs, freePort } from "../../support/services.ts";

const PRELOAD = join(import.meta.dirname, "die-at.ts");
const SETTINGS = {
  BALANCE_FUNDING: "gateway",
  DEMO: "off",
  ORDER_EXPIRES_AFTER: "PT1S",
  PAYMENT_GATEWAY_URL: "simulator",
  PAYMENT_GATEWAY_TIMEOUT_MS: "300",
  PAYMENT_GATEWAY_BREAKER_MS: "100",
  PAYMENT_SETTLE_AFTER_MS: "100",
  PAYMENT_GIVE_UP_AFTER_MS: "2000",
};

/** Where the shop is to die: at this point, when it passes it for the so manieth time. */
export type Death = { point: string; pass: number };

export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), "jangnal-torture-"));
  /** Whether the shop brings its database along. */
  own = false;
  readonly #port: number;
  #shop: Awaited<ReturnType<typeof serve>> | undefined;
  #server: EmbeddedServer | undefined;

  private constructor(port: number) {
    this.#port = port;
  }

  /** Nothing runs yet. */
  static async at(): Promise<Sandbox> {
    return new Sandbox(await freePort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get eventsFile(): string {
    return join(this.folder, "events.ndjson");
  }

  /** PostgreSQL on this folder, whichever process it belongs to. */
  get databaseUrl(): string {
    return `postgresql:///jangnal?host=${encodeURIComponent(this.own ? readFileSync(join(this.folder, "postgres.socket"), "utf8") : this.#door)}&port=5432&user=jangnal&sslmode=disable`;
  }

  /** Where a shop finds a database that is apart, wherever it was started last. */
  get #door(): string {
    return join(this.folder, "door");
  }

  get pointsFile(): string {
    return join(this.folder, "points");
  }

  /** The shop is open, or has died on the way: answers which. */
  async open(death?: Death): Promise<boolean> {
    await this.openDatabase();
    const env = {
      ...SETTINGS,
      PORT: String(this.#port),
      DATA_DIR: this.folder,
      ...(this.own ? {} : { DATABASE_URL: this.databaseUrl }),
      NODE_OPTIONS: `--import=${PRELOAD}`,
      TORTURE_POINTS: this.pointsFile,
      ...(death ? { TORTURE_POINT: death.point, TORTURE_PASS: String(death.pass) } : {}),
    };
    try {
      this.#shop = await serve(env);
    } catch (error) {
      if (!/"signal":"SIGKILL"/.test((error as Error).message)) throw error;
      return false;
    }
    dieWithUs(this.#shop.child);
    return true;
  }

  /** How the shop ended, or undefined when so much time is over. */
  async ended(withinMs: number): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const timer = setTimeout(resolve, withinMs, undefined);
    void this.#shop?.ended.then(({ code, signal, output }) => resolve(signal ?? `${code} ${output.slice(-2000)}`));
    const end = await promise;
    clearTimeout(timer);
    return end;
  }

  async killShop(): Promise<void> {
    this.#shop?.child.kill("SIGKILL");
    await this.#shop?.ended;
  }

  /** Every process of PostgreSQL, or the postmaster alone. One that is apart is started again. */
  async killDatabase({ children }: { children: boolean }): Promise<void> {
    killWithoutWarning(this.#postmaster(), { children });
    if (this.own) return;
    await this.#server?.died;
    this.#server = undefined;
    await this.openDatabase();
  }

  /** Everything, at once; opened again it may be the other way round. */
  async killBoth(own: boolean): Promise<void> {
    this.#shop?.child.kill("SIGKILL");
    killWithoutWarning(this.#postmaster());
    await this.#shop?.ended;
    await this.#server?.died;
    this.#server = undefined;
    this.own = own;
  }

  /** Connections break, as when somebody pulls a plug. */
  async breakConnections(): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jangnal' AND state <> 'idle'");
    } catch {
      // The database has just gone, and with it the connections.
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** What is wrong in the database, whether or not a shop runs on it. */
  async audit(): Promise<Violation[]> {
    const database = new Database(this.databaseUrl, { size: 1, onError: () => {} });
    try {
      return (await audit(database, "Asia/Seoul")).violations;
    } finally {
      await database.close();
    }
  }

  /** A database in which there is nothing yet, as before the first start. */
  async empty(): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl.replace("/jangnal?", "/postgres?") });
    await client.connect();
    await client.query("DROP DATABASE jangnal WITH (FORCE)");
    await client.query("CREATE DATABASE jangnal");
    await client.end();
  }

  async remove(): Promise<void> {
    this.#shop?.child.kill("SIGTERM");
    await this.#shop?.ended;
    await this.#server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #postmaster(): number {
    return Number(readFileSync(join(this.folder, "postgres/postmaster.pid"), "utf8").split("\n")[0]);
  }

  /** One that is apart, unless it runs. */
  async openDatabase(): Promise<void> {
    if (this.own || this.#server) return;
    this.#server = await startEmbedded({ dataDir: this.folder });
    const socket = new URL(this.#server.url("jangnal").replace("///", "//x/")).searchParams.get("host") as string;
    symlinkSync(socket, `${this.#door}.new`);
    renameSync(`${this.#door}.new`, this.#door);
  }
}
