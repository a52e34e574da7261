// A shop and its database as child processes on one folder, which can be killed at any moment and started again on the same data.
// PostgreSQL is either external (DATABASE_URL) or embedded in the shop.

import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { audit, type Violation } from "../../../src/audit/audit.ts";
import { Database, types } from "../../../src/database/pool.ts";
import { type EmbeddedServer, startEmbedded } from "../../../src/database/embedded/embedded.ts";
import { keepLedgers } from "../../support/history.ts";
import { ended, killWithoutWarning } from "../../support/power-failure.ts";
import { processesOf, serve } from "../../support/process.ts";
import { killAtExit, freePort } from "../../support/services.ts";

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

/** The shop dies when it passes this kill point for the given time. */
export type Death = { point: string; pass: number };

export class Sandbox {
  readonly folder: string;
  /** Of an external PostgreSQL. */
  databaseFolder: string;
  /** Whether PostgreSQL is embedded in the shop. */
  isEmbedded = false;
  /** Whether the shop reports its kill points. */
  reportsPoints = true;
  readonly #port: number;
  #shop: Awaited<ReturnType<typeof serve>> | undefined;
  #server: EmbeddedServer | undefined;

  readonly #workers: number;

  private constructor(port: number, workers: number, folder: string) {
    this.#port = port;
    this.#workers = workers;
    this.folder = folder;
    this.databaseFolder = folder;
  }

  /** Nothing runs yet. @param workers with more than one, the shop is a till and these workers @param folder by default a new one */
  static async create(workers = 1, folder = mkdtempSync(join(tmpdir(), "jangnal-crash-"))): Promise<Sandbox> {
    return new Sandbox(await freePort(), workers, folder);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get eventsFile(): string {
    return join(this.folder, "events.ndjson");
  }

  /** URL of PostgreSQL on this folder. */
  get databaseUrl(): string {
    return `postgresql:///jangnal?host=${encodeURIComponent(this.isEmbedded ? readFileSync(join(this.folder, "postgres.socket"), "utf8") : this.#socketLink)}&port=5432&user=jangnal&sslmode=disable`;
  }

  /** A link to the socket directory of the external PostgreSQL, which changes with each start. */
  get #socketLink(): string {
    return join(this.folder, "socket");
  }

  get pointsFile(): string {
    return join(this.folder, "points");
  }

  /** Starts the shop. Returns false if it died at its kill point before it was open. */
  async open(death?: Death): Promise<boolean> {
    await this.openDatabase();
    const env = {
      ...SETTINGS,
      PORT: String(this.#port),
      DATA_DIR: this.folder,
      ...(this.isEmbedded ? {} : { DATABASE_URL: this.databaseUrl }),
      ...(this.reportsPoints ? { NODE_OPTIONS: `--import=${PRELOAD}`, CRASH_POINTS: this.pointsFile } : {}),
      ...(death ? { CRASH_POINT: death.point, CRASH_PASS: String(death.pass), CRASH_MARK: this.#unusedMark() } : {}),
    };
    try {
      this.#shop = await serve(env, this.#workers > 1 ? ["--workers", String(this.#workers)] : []);
    } catch (error) {
      // The primary process of several workers reports that the till or the first worker was killed.
      if (!/"signal":"SIGKILL"|ended with null/.test((error as Error).message)) throw error;
      return false;
    }
    killAtExit(this.#shop.child);
    return true;
  }

  /** How the shop ended, or undefined after this time. */
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

  /** Kills the till or one worker of a shop with several workers. Returns false if none runs. */
  killProcess(role: "till" | "worker"): boolean {
    const [victim] = this.#shop ? processesOf(this.#shop.child, role) : [];
    if (victim === undefined) return false;
    process.kill(victim, "SIGKILL");
    return true;
  }

  /** Kills all processes of PostgreSQL, or only the postmaster. Starts an external PostgreSQL again. */
  async killDatabase({ children }: { children: boolean }): Promise<void> {
    killWithoutWarning(this.#postmaster(), { children });
    if (this.isEmbedded) return;
    await this.#server?.died;
    this.#server = undefined;
    await this.openDatabase();
  }

  /** Cuts the power of the external PostgreSQL, and starts it again. The shop goes on. */
  async cutDatabase(cut: () => Promise<void>): Promise<void> {
    await ended(killWithoutWarning(this.#postmaster()));
    await this.#server?.died;
    this.#server = undefined;
    await cut();
    await this.openDatabase();
  }

  /** Kills shop and PostgreSQL at once. @param isEmbedded how PostgreSQL runs from now on */
  async killBoth(isEmbedded: boolean): Promise<void> {
    this.#shop?.child.kill("SIGKILL");
    const killed = killWithoutWarning(this.#postmaster());
    await this.#shop?.ended;
    await ended(killed);
    await this.#server?.died;
    this.#server = undefined;
    this.isEmbedded = isEmbedded;
  }

  /** Terminates all busy connections of the shop. */
  async breakConnections(): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jangnal' AND state <> 'idle'");
    } catch {
      // PostgreSQL has died, and the connections with it.
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Audits the database, with or without a running shop. */
  async audit(): Promise<Violation[]> {
    const database = new Database(this.databaseUrl, { size: 1, onError: () => {} });
    try {
      return (await audit(database, "Asia/Seoul")).violations;
    } finally {
      await database.close();
    }
  }

  /** Lets PostgreSQL write and sync all tables, if it can. */
  async checkpoint(): Promise<void> {
    await this.rows("CHECKPOINT").catch(() => {}); // PostgreSQL has died or could not write.
  }

  /** Rows of a statement, on a connection of its own. */
  async rows<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl, types });
    client.on("error", () => {}); // The query fails, too.
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  /** Replaces the database by an empty one. */
  async empty(): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl.replace("/jangnal?", "/postgres?") });
    await client.connect();
    await client.query("DROP DATABASE jangnal WITH (FORCE)");
    await client.query("CREATE DATABASE jangnal");
    await client.end();
  }

  async remove(): Promise<void> {
    await this.#keepLedgers();
    this.#shop?.child.kill("SIGTERM");
    await this.#shop?.ended;
    await this.#server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Nothing to read before the first start, and after the loss of the database. */
  async #keepLedgers(): Promise<void> {
    if (this.#server || this.isEmbedded) await keepLedgers(this.databaseUrl).catch(() => {});
  }

  #postmaster(): number {
    return Number(readFileSync(join(this.databaseFolder, "postgres/postmaster.pid"), "utf8").split("\n")[0]);
  }

  /** Path of the file that a process creates when it dies at its kill point. */
  #unusedMark(): string {
    const mark = join(this.folder, "died");
    rmSync(mark, { force: true });
    return mark;
  }

  /** Starts the external PostgreSQL, unless it runs. */
  async openDatabase(): Promise<void> {
    if (this.isEmbedded || this.#server) return;
    this.#server = await startEmbedded({ dataDir: this.databaseFolder });
    const socket = new URL(this.#server.url("jangnal").replace("///", "//x/")).searchParams.get("host") as string;
    symlinkSync(socket, `${this.#socketLink}.new`);
    renameSync(`${this.#socketLink}.new`, this.#socketLink);
  }
}
