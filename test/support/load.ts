// Buyers who place orders continuously and remember the responses. Each order has its own idempotency key
// and is repeated, at any instance, until there is a final response, as a real client should do it.

import { setTimeout as pause } from "node:timers/promises";
import { RetryingClient } from "./retrying-client.ts";
import { Client, good } from "./shop.ts";

export type LoadOptions = {
  /** URLs of the instances; called for each request, so that they may change. */
  instances: () => readonly string[];
  operator: Client;
  buyers?: number;
  /** Orders per second of all buyers together; by default as many as possible. */
  perSecond?: number;
  /** Called for each acknowledged order, with the time in ms since 1970 at which it was first sent. */
  onAcknowledged?: (orderId: string, sentAt: number) => void;
};

type Acknowledged = { orderId: string; times: number };

export class Load {
  /** Acknowledged orders, by buyer and number. */
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Keys for which two responses named different orders. */
  readonly contradictions: string[] = [];
  readonly client: RetryingClient;
  /** The buyers. */
  readonly userIds: string[] = [];
  productId = "";
  readonly #options: LoadOptions;
  #lastAt = 0;
  #longestPauseMs = 0;
  #lastLap = { acknowledged: 0, retries: 0 };
  #stopped = false;
  #buying: Promise<unknown> = Promise.resolve();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.client = new RetryingClient(options.instances);
  }

  get retries(): RetryingClient["retries"] {
    return this.client.retries;
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

  /** Resolves when this number of further orders has been acknowledged. */
  async more(count: number, withinMs = 60_000): Promise<void> {
    const goal = this.acknowledged.size + count;
    for (const deadline = Date.now() + withinMs; this.acknowledged.size < goal; await pause(5)) {
      if (Date.now() > deadline)
        throw new Error(`only ${this.acknowledged.size - goal + count} of ${count} more orders were acknowledged within ${withinMs} ms`);
    }
  }

  /** Stops the buyers. Resolves when each has the final response to its last order. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#buying;
  }

  async #buy(userId: string, everyMs: number): Promise<void> {
    const { token } = new Client("http://unused", userId, "shopper");
    if (everyMs > 0) await pause(Math.random() * everyMs);
    for (let i = 0; !this.#stopped; i++) {
      const startedAt = performance.now();
      await this.#order(`${userId}/${i}`, token);
      // A repeated request must get the same response from any instance.
      if (i % 10 === 0) await this.#order(`${userId}/${i}`, token);
      if (everyMs > 0) await pause(Math.max(0, everyMs - (performance.now() - startedAt)));
    }
  }

  async #order(key: string, token: string): Promise<void> {
    const body = { orderItems: [{ productId: this.productId, quantity: 1 }] };
    const sentAt = Date.now();
    const response = await this.client.send({ method: "POST", path: "/orders", body, key, token });
    if (response.status !== 201) throw new Error(`an order was refused: ${JSON.stringify(response.body)}`);
    this.#options.onAcknowledged?.(response.body.orderId, sentAt);
    this.#remember(key, response.body.orderId);
  }

  /** Counts since the last lap. */
  lap(): { acknowledged: number; longestPauseMs: number; retries: number } {
    const retries = this.client.retryCount;
    const lap = {
      acknowledged: this.acknowledged.size - this.#lastLap.acknowledged,
      longestPauseMs: Math.max(this.#longestPauseMs, performance.now() - this.#lastAt),
      retries: retries - this.#lastLap.retries,
    };
    this.#lastLap = { acknowledged: this.acknowledged.size, retries };
    this.#longestPauseMs = 0;
    return lap;
  }

  #remember(key: string, orderId: string): void {
    const known = this.acknowledged.get(key);
    if (known && known.orderId !== orderId) this.contradictions.push(key);
    this.acknowledged.set(key, { orderId, times: (known?.times ?? 0) + 1 });
    const now = performance.now();
    this.#longestPauseMs = Math.max(this.#longestPauseMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}
