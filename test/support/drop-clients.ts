// Clients at drops, for crash tests: through any fault they enter, wait, leave, order, pay, and let holds lapse. An operator opens drops
// with a line and drops with a draw, one after the other.

import { setTimeout as pause } from "node:timers/promises";
import { linesOf } from "../../src/drop/draw/draw-file.ts";
import { verifyDraw } from "../../src/drop/draw/verify-draw.ts";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import type { Clients, Send } from "./clients.ts";
import { overtakenEntries, type Rows } from "./drop-books.ts";
import { type SeededRandom, random } from "./random.ts";
import { type Answer, call, Client, good } from "./shop.ts";

type Drop = { id: string; productId: string; variantId: string; mode: "FIRST_COME" | "DRAW" };

const LIMIT = 2;
const BALANCE = 10_000_000;
const NEXT_DROP_MS = 1200;
const DRAW_CLOSES_AFTER_MS = 1500;
const THINK_MS = 60;
const DRAWN_WITHIN_MS = 60_000;

export class DropClients {
  readonly #clients: Clients;
  readonly #operator: Client;
  readonly #seed: number;
  readonly #drops: Drop[] = [];
  readonly #entryIds: string[] = [];
  #number = 0;
  #stopped = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor(clients: Clients, url: string, seed: number) {
    this.#clients = clients;
    this.#operator = new Client(url, "an-operator", "operator");
    this.#seed = seed;
  }

  async start(count: number): Promise<void> {
    const operate = this.#clients.senderFor(this.#operator);
    const { users } = good(await operate("POST", "/admin/users", { users: Array.from({ length: count }, () => ({ name: "손님" })) }), 201);
    const userIds = (users as { id: string }[]).map(({ id }) => id);
    const grants = userIds.map((userId) => ({ userId, amount: BALANCE, reason: "initial balance" }));
    good(await operate("POST", "/admin/balances/grant", { grants }), 200);
    const visitors = userIds.map((id, i) => this.#runVisitor(new Client(this.#operator.url, id, "shopper"), random(this.#seed + 1000 + i)));
    this.#work = Promise.all([...visitors, this.#runOperator(operate, random(this.#seed + 999))]);
    this.#work.catch(() => {}); // `stop` rejects with the error.
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  async #runOperator(operate: Send, rng: SeededRandom): Promise<void> {
    for (let n = 0; !this.#stopped; n++, await pause(NEXT_DROP_MS)) {
      const product = good(await operate("POST", "/admin/products", { name: `한정판 ${n}`, price: 100, stock: 3 + rng.below(5) }), 201);
      const mode = n % 2 === 0 ? "FIRST_COME" : "DRAW";
      const now = Date.now();
      const closesAt = mode === "DRAW" ? { closesAt: new Date(now + DRAW_CLOSES_AFTER_MS).toISOString() } : {};
      const terms = { name: "드롭", productId: product.id, mode, waitlist: rng.chance(0.8), limitPerCustomer: LIMIT, holdFor: "PT0.7S", ...closesAt };
      const made = await operate("POST", "/admin/drops", { ...terms, opensAt: new Date(now).toISOString() });
      // Refused if retries took so long that its close, or its opening, has passed.
      if (made.status !== 201) continue;
      this.#drops.push({ id: made.body.id, productId: product.id, variantId: product.variants[0].id, mode });
      await this.#steer(operate, rng);
    }
  }

  /** Adds stock to a drop, pauses it for a moment, or closes it. */
  async #steer(operate: Send, rng: SeededRandom): Promise<void> {
    const drop = rng.pick(this.#drops.slice(-4));
    const whim = rng.below(4);
    if (whim === 0) await operate("POST", `/admin/variants/${drop.variantId}/stock`, { delta: 1, reason: "found one more" });
    if (whim === 1) {
      await operate("POST", `/admin/drops/${drop.id}/pause`);
      await pause(rng.below(NEXT_DROP_MS));
      await operate("POST", `/admin/drops/${drop.id}/resume`);
    }
    if (whim === 2 && drop.mode === "FIRST_COME") await operate("POST", `/admin/drops/${drop.id}/close`);
  }

  async #runVisitor(user: Client, rng: SeededRandom): Promise<void> {
    const send = this.#clients.senderFor(user);
    for (; !this.#stopped; await pause(rng.below(THINK_MS * 2))) {
      const drop = this.#drops.length === 0 ? undefined : rng.pick(this.#drops.slice(-3));
      if (drop) await this.#visit(drop, user, rng, send);
    }
  }

  async #visit({ id, productId }: Drop, user: Client, rng: SeededRandom, send: Send): Promise<void> {
    const entries = `/drops/${id}/entries`;
    const entered = await send("POST", entries, { quantity: 1 + rng.below(LIMIT) });
    if (entered.status === 201) this.#entryIds.push(entered.body.entryId);
    const mine = await this.#read(`${entries}/mine`, user);
    if (mine.body.status !== "HELD" && mine.body.status !== "WAITING") return;
    if (rng.chance(0.2)) return void (await send("DELETE", `${entries}/mine`));
    if (mine.body.status === "WAITING" || rng.chance(0.2)) return;
    const method = rng.chance(0.5) ? "BALANCE" : "DEFERRED";
    const order = await send("POST", "/orders", { orderItems: [{ productId, quantity: mine.body.quantity }], payment: { method } });
    if (order.status !== 201) return;
    const { orderId } = order.body;
    if (rng.chance(0.3)) await send("POST", `/orders/${orderId}/cancel`, {});
    else if (method === "DEFERRED" && rng.chance(0.8)) await send("POST", "/payments", { orderId, method: "CARD", paymentKey: this.#card(rng) });
  }

  #card(rng: SeededRandom): string {
    return keyFor({ confirm: [rng.pick(["ok", "ok", "decline", "lost"])], cancel: ["ok"] }, `drop-${this.#seed}-${this.#number++}`);
  }

  #read(path: string, { token }: Client): Promise<Answer> {
    return this.#clients.client.send({ method: "GET", path, key: `read-${this.#number++}`, token });
  }

  /**
   * Compares the entries with those that were acknowledged, and checks that no entry was overtaken, and that each draw was made once and
   * agrees with its public file. Returns the findings.
   */
  async verify(rows: Rows): Promise<string[]> {
    const stored = new Set((await rows<{ id: string }>("SELECT id FROM drop_entries")).map(({ id }) => id));
    const known = new Set(this.#entryIds);
    const findings = [
      ...this.#entryIds.filter((id) => !stored.has(id)).map((id) => `entry ${id} is missing`),
      ...[...stored].filter((id) => !known.has(id)).map((id) => `entry ${id} was not acknowledged`),
      ...(known.size === this.#entryIds.length ? [] : ["an entry was acknowledged twice"]),
    ];
    for (const { id, mode } of this.#drops) {
      for (const { number } of await overtakenEntries(rows, id)) findings.push(`entry ${number} of drop ${id} was overtaken`);
      if (mode === "DRAW") findings.push(...(await verifyOneDraw(this.#operator, rows, id)));
    }
    return findings;
  }

  get counts(): { drops: number; entries: number } {
    return { drops: this.#drops.length, entries: this.#entryIds.length };
  }
}

/** Waits until a draw is made. Returns its faults. */
export async function verifyOneDraw(operator: Client, rows: Rows, dropId: string): Promise<string[]> {
  for (const deadline = Date.now() + DRAWN_WITHIN_MS; ; await pause(100)) {
    const { drawnAt } = good(await operator.get(`/drops/${dropId}/draw`), 200);
    if (drawnAt !== null) break;
    if (Date.now() > deadline) return [`drop ${dropId} was not drawn`];
  }
  const { text } = await call(operator.url, "GET", `/drops/${dropId}/draw/file`);
  const failed: string[] = [];
  await verifyDraw(linesOf(onceOf(Buffer.from(text))), {}, ({ result, text: finding }) => void (result === "failed" && failed.push(finding)));
  const [{ count = 0 } = {}] = await rows<{ count: number }>(
    "SELECT count(*)::int AS count FROM shop_events WHERE subject = $1 AND type = 'drop.drawn'",
    [dropId],
  );
  return [...failed.map((finding) => `draw of ${dropId}: ${finding}`), ...(count === 1 ? [] : [`drop ${dropId} was drawn ${count} times`])];
}

async function* onceOf(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
