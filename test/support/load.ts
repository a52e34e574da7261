// Buyers who go on buying whatever happens, and remember what they were told. Each order has a key of its own and is asked for again,
// at whichever instance answers, until somebody says what became of it: as a client should.

import { setTimeout as pause } from "node:timers/promises";
import { RetryingClient } from "./retrying-client.ts";
import { Client, good } from "./shop.ts";

export type LoadOptions = {
  /** Where instances are; read anew for each request, so that it may change. */
  instances: () => readonly string[];
  operator: Client;
  buyers?: number;
  /** Orders per second of all together; as many as possible, unless given. */
  perSecond?: number;
};

type Told = { orderId: string; times: number };

export class Load {
  /** What was acknowledged, by buyer and key. */
  readonly acknowledged = new Map<string, Told>();
  /** Two answers to one key that name different orders. */
  readonly contradictions: string[] = [];
  readonly asker: RetryingClient;
  /** Who buys. */
  readonly userIds: string[] = [];
  productId = "";
  readonly #options: LoadOptions;
  #lastAt = 0;
  #longestPauseMs = 0;
  #lapped = { acknowledged: 0, askedAgain: 0 };
  #stopped = false;
  #buying: Promise<unknown> = Promise.resolve();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.asker = new RetryingClient(options.instances);
  }

  get unanswered(): RetryingClient["unanswered"] {
    return this.asker.unanswered;
  }

  async start(): Promise<void> {
    const { operator, buyers = 40, perSecond } = this.#options;
    const { users } = good(await operator.post("/admin/users", { users: Array.from({ length: buyers }, () => ({ name: "손님" })) }), 201) as {
      users: { id: string }[];
    };
    this.userIds.push(...users.map(({ id }) => id));
    good(
      await operator.post("/admin/balances/grant", { grants: this.userIds.map((userId) => ({ userId, amount: 100_000_000, reason: "load" })) }),
      200,
    );
    this.productId = (good(await operator.post("/admin/products", { name: "사과", price: 1, stock: 100_000_000 }), 201) as { id: string }).id;
    this.#lastAt = performance.now();
    this.#buying = Promise.all(this.userIds.map((id) => this.#buy(id, perSecond === undefined ? 0 : (buyers * 1000) / perSecond)));
  }

  /** Resolves when so many more orders have been acknowledged. */
  async more(count: number, withinMs = 60_000): Promise<void> {
    const goal = this.acknowledged.size + count;
    for (const deadline = Date.now() + withinMs; this.acknowledged.size < goal; await pause(5)) {
      if (Date.now() > deadline)
        throw new Error(`only ${this.acknowledged.size - goal + count} of ${count} more orders were acknowledged within ${withinMs} ms`);
    }
  }

  /** Nobody begins anything new; resolves when everybody knows what became of what they had begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#buying;
  }

  async #buy(userId: string, everyMs: number): Promise<void> {
    const { token } = new Client("http://unused", userId, "shopper");
    if (everyMs > 0) await pause(Math.random() * everyMs);
    for (let i = 0; !this.#stopped; i++) {
      const beganAt = performance.now();
      await this.#order(`${userId}/${i}`, token);
      // Every so often somebody asks once more: what was answered must be answered the same, everywhere.
      if (i % 10 === 0) await this.#order(`${userId}/${i}`, token);
      if (everyMs > 0) await pause(Math.max(0, everyMs - (performance.now() - beganAt)));
    }
  }

  async #order(key: string, token: string): Promise<void> {
    const body = { orderItems: [{ productId: this.productId, quantity: 1 }] };
    const answer = await this.asker.ask({ method: "POST", path: "/orders", body, key, token });
    if (answer.status !== 201) throw new Error(`an order was refused: ${JSON.stringify(answer.body)}`);
    this.#remember(key, answer.body.orderId);
  }

  /** What happened since it was asked last. */
  lap(): { acknowledged: number; longestPauseMs: number; askedAgain: number } {
    const { askedAgain } = this.asker;
    const lap = {
      acknowledged: this.acknowledged.size - this.#lapped.acknowledged,
      longestPauseMs: Math.max(this.#longestPauseMs, performance.now() - this.#lastAt),
      askedAgain: askedAgain - this.#lapped.askedAgain,
    };
    this.#lapped = { acknowledged: this.acknowledged.size, askedAgain };
    this.#longestPauseMs = 0;
    return lap;
  }

  #remember(key: string, orderId: string): void {
    const told = this.acknowledged.get(key);
    if (told && told.orderId !== orderId) this.contradictions.push(key);
    this.acknowledged.set(key, { orderId, times: (told?.times ?? 0) + 1 });
    const now = performance.now();
    this.#longestPauseMs = Math.max(this.#longestPauseMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}
