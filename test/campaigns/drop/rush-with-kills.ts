// A rush at a drop with a line while the shop and PostgreSQL are killed again and again. Its totals are checked all the time.

import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { types } from "../../../src/database/pool.ts";
import { type BooksOptions, type Books, overtakenEntries, type Rows, watchBooks } from "../../support/drop-books.ts";
import { type SeededRandom, random } from "../../support/random.ts";
import { RetryingClient } from "../../support/retrying-client.ts";
import { type Answer, Client, good } from "../../support/shop.ts";
import { Sandbox } from "../crash/sandbox.ts";

export type RushWithKillsOptions = {
  /** People, each of whom enters once or more often. */
  people: number;
  /** Units in all, of two variants. */
  units: number;
  kills: number;
  seed: number;
  onKill?: (kind: string, entries: number) => void;
};

/** Without faults, `findings` is empty. */
export type RushWithKills = Books & { entries: number; retries: number; kills: number; statuses: Record<string, number>; findings: unknown[] };

const LIMIT = 2;
const HOLD = "PT2S";
const VISITORS = 128;
const USERS_AT_ONCE = 1000;
const EMPTIED_WITHIN_MS = 120_000;

export async function rushWithKills({ people, units, kills, seed, onKill = () => {} }: RushWithKillsOptions): Promise<RushWithKills> {
  const sandbox = await Sandbox.create();
  const rng = random(seed);
  let upSince = 0;
  const open = async (): Promise<void> => {
    upSince = Number.POSITIVE_INFINITY;
    await sandbox.open();
    upSince = Date.now();
  };
  try {
    await open();
    await using database = databaseOf(sandbox);
    const rush = await Rush.prepare(sandbox.url, { people, units, seed });
    const { dropId, variantIds } = rush;
    const watching: BooksOptions = { rows: database.rows, dropId, variantIds, stock: units / 2, limit: LIMIT, upSince: () => upSince };
    const books = watchBooks(watching);
    const visiting = rush.visit();
    let killed = 0;
    for (; killed < kills; killed++) {
      // Between two kills is an equal share of the crowd.
      await Promise.race([rush.arrived(Math.ceil((people * (killed + 1)) / (kills + 1))), visiting]);
      await pause(rng.below(300));
      const kind = (["shop", "database", "postmaster", "both"] as const)[killed % 4] as "shop";
      onKill(kind, rush.entryIds.length);
      upSince = Number.POSITIVE_INFINITY;
      await kill(sandbox, kind);
      await open();
    }
    await visiting;
    await rush.lineIsEmpty(database.rows);
    const read = await books.stop();
    const findings = [...(await rush.verify(database.rows)), ...(await sandbox.audit())];
    const rows = await database.rows<{ status: string; count: number }>(
      "SELECT status, count(*)::int AS count FROM drop_entries WHERE drop_id = $1 GROUP BY 1",
      [dropId],
    );
    const statuses = Object.fromEntries(rows.map(({ status, count }) => [status, count]));
    return { ...read, entries: rush.entryIds.length, retries: rush.retries, kills: killed, statuses, findings };
  } finally {
    await sandbox.remove();
  }
}

/** PostgreSQL runs beside the shop, so that each dies alone or with the other. */
async function kill(sandbox: Sandbox, kind: "shop" | "database" | "postmaster" | "both"): Promise<void> {
  if (kind === "shop") return sandbox.killShop();
  if (kind === "both") return sandbox.killBoth(false);
  await sandbox.killDatabase({ children: kind === "database" });
  // The shop goes on; then it is killed, too, as an operator would start it anew.
  await pause(1000);
  await sandbox.killShop();
}

/** Statements on a connection of their own, which is opened again after a kill. */
function databaseOf(sandbox: Sandbox): AsyncDisposable & { rows: Rows } {
  let pool: pg.Pool | undefined;
  const rows: Rows = async <Row>(text: string, values: unknown[] = []) => {
    try {
      if (!pool) (pool = new pg.Pool({ connectionString: sandbox.databaseUrl, max: 2, types })).on("error", () => {});
      return (await pool.query(text, values)).rows as Row[];
    } catch (error) {
      if (typeof (error as { code?: string }).code === "string" && /^(42|22|23)/.test((error as { code: string }).code)) throw error;
      void pool?.end().catch(() => {});
      pool = undefined;
      await pause(50);
      return [];
    }
  };
  return {
    rows,
    [Symbol.asyncDispose]: async () => {
      await pool?.end().catch(() => {});
    },
  };
}

/** The crowd: each visitor takes the next person's turn, or looks after one who came before. */
class Rush {
  readonly dropId: string;
  readonly productId: string;
  readonly variantIds: string[];
  readonly entryIds: string[] = [];
  readonly #url: string;
  readonly #users: string[];
  readonly #rng: SeededRandom;
  readonly #client: RetryingClient;
  #next = 0;
  #key = 0;
  #waiting: { count: number; resolve: () => void } | undefined;

  private constructor(url: string, users: string[], drop: { id: string; productId: string; variantIds: string[] }, seed: number) {
    this.#url = url;
    this.#users = users;
    this.dropId = drop.id;
    this.productId = drop.productId;
    this.variantIds = drop.variantIds;
    this.#rng = random(seed);
    this.#client = new RetryingClient(() => [url]);
  }

  get retries(): number {
    return this.#client.retryCount;
  }

  static async prepare(url: string, { people, units, seed }: { people: number; units: number; seed: number }): Promise<Rush> {
    const { token } = new Client(url, "an-operator", "operator");
    const client = new RetryingClient(() => [url]);
    // A slow machine answers 503 to a part of so many users.
    const post = (path: string, body: unknown, key: string): Promise<Answer> => client.send({ method: "POST", path, body, key, token });
    const users: string[] = [];
    while (users.length < people) {
      const names = Array.from({ length: Math.min(USERS_AT_ONCE, people - users.length) }, () => ({ name: "손님" }));
      const answer = good(await post("/admin/users", { users: names }, `users-${users.length}`), 201);
      const made = (answer.users as { id: string }[]).map(({ id }) => id);
      const grants = made.map((userId) => ({ userId, amount: 1000, reason: "rush" }));
      good(await post("/admin/balances/grant", { grants }, `grant-${users.length}`), 200);
      users.push(...made);
    }
    const variants = ["S", "L"].map((size) => ({ options: { size }, price: 100, stock: units / 2 }));
    const product = good(await post("/admin/products", { name: "한정판", variants }, "product"), 201);
    const terms = { productId: product.id, mode: "FIRST_COME", waitlist: true, holdFor: HOLD, limitPerCustomer: LIMIT };
    const drop = good(await post("/admin/drops", { name: "한정판", ...terms, opensAt: new Date(Date.now() - 1000).toISOString() }, "drop"), 201);
    const variantIds = (product.variants as { id: string }[]).map(({ id }) => id);
    return new Rush(url, users, { id: drop.id, productId: product.id, variantIds }, seed);
  }

  /** Resolves when `count` people have come. */
  arrived(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#next >= count) resolve();
      else this.#waiting = { count, resolve };
    });
  }

  async visit(): Promise<void> {
    await Promise.all(Array.from({ length: VISITORS }, () => this.#visitor()));
  }

  async #visitor(): Promise<void> {
    while (this.#next < this.#users.length) {
      const user = this.#users[this.#next++] as string;
      if (this.#waiting && this.#next >= this.#waiting.count) this.#waiting.resolve();
      await this.#enter(user);
      // A person who came before looks again.
      if (this.#rng.chance(0.3)) await this.#look(this.#users[this.#rng.below(this.#next)] as string);
    }
  }

  async #enter(user: string): Promise<void> {
    const variantId = this.variantIds[this.#rng.chance(0.7) ? 0 : 1];
    const entered = await this.#send(user, "POST", `/drops/${this.dropId}/entries`, { variantId, quantity: this.#rng.chance(0.7) ? 1 : 2 });
    if (entered.status !== 201) throw new Error(`an entry was refused: ${entered.text}`);
    this.entryIds.push(entered.body.entryId);
    if (entered.body.status === "HELD") await this.#decide(user, entered.body);
    else if (this.#rng.chance(0.05)) await this.#send(user, "DELETE", `/drops/${this.dropId}/entries/mine`);
  }

  async #look(user: string): Promise<void> {
    const mine = await this.#send(user, "GET", `/drops/${this.dropId}/entries/mine`);
    if (mine.status === 200 && mine.body.status === "HELD") await this.#decide(user, mine.body);
  }

  /** Pays, is declined, gives up, or lets the hold lapse. */
  async #decide(user: string, { variantId, quantity }: { variantId: string; quantity: number }): Promise<void> {
    const whim = this.#rng.below(10);
    if (whim < 3) return;
    if (whim < 5) return void (await this.#send(user, "DELETE", `/drops/${this.dropId}/entries/mine`));
    const method = whim < 7 ? "BALANCE" : "DEFERRED";
    const order = await this.#send(user, "POST", "/orders", {
      orderItems: [{ productId: this.productId, variantId, quantity }],
      payment: { method },
    });
    if (order.status !== 201 || whim === 9) return;
    const { orderId } = order.body;
    // A part of the bought units comes back, too.
    if (whim === 5) await this.#send(user, "POST", `/orders/${orderId}/cancel`, {});
    if (whim === 7) await this.#send(user, "POST", "/payments", { orderId, method: "CARD", paymentKey: `decline-${orderId}` });
    if (whim === 8) await this.#send(user, "POST", "/payments", { orderId, method: "CARD", paymentKey: `card-${orderId}` });
  }

  #send(user: string, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.#client.send({ method, path, body, key: `rush-${this.#key++}`, token: new Client(this.#url, user, "shopper").token });
  }

  /** Lets those who get a hold buy, until no hold is left. */
  async lineIsEmpty(rows: Rows): Promise<void> {
    for (const deadline = Date.now() + EMPTIED_WITHIN_MS; Date.now() < deadline; await pause(500)) {
      const [row] = await rows<{ held: number }>(
        "SELECT count(*)::int AS held FROM drop_entries WHERE drop_id = $1 AND status IN ('HELD', 'ORDERED')",
        [this.dropId],
      );
      if (row?.held === 0) return;
      // They buy, so that the units run out.
      await this.#buyHolds(rows);
    }
    throw new Error("holds did not end");
  }

  async #buyHolds(rows: Rows): Promise<void> {
    const held = await rows<{ userId: string; variantId: string; quantity: number }>(
      `SELECT user_id AS "userId", variant_id AS "variantId", quantity FROM drop_entries WHERE drop_id = $1 AND status = 'HELD' LIMIT 200`,
      [this.dropId],
    );
    await Promise.all(
      held.map(({ userId, variantId, quantity }) =>
        this.#send(userId, "POST", "/orders", { orderItems: [{ productId: this.productId, variantId, quantity }] }),
      ),
    );
  }

  /** Entries that were acknowledged are there once, and none was overtaken. */
  async verify(rows: Rows): Promise<string[]> {
    const stored = new Set((await rows<{ id: string }>("SELECT id FROM drop_entries WHERE drop_id = $1", [this.dropId])).map(({ id }) => id));
    const known = new Set(this.entryIds);
    return [
      ...this.entryIds.filter((id) => !stored.has(id)).map((id) => `entry ${id} is missing`),
      ...[...stored].filter((id) => !known.has(id)).map((id) => `entry ${id} was not acknowledged`),
      ...(await overtakenEntries(rows, this.dropId)).map(({ number }) => `entry ${number} was overtaken`),
    ];
  }
}
