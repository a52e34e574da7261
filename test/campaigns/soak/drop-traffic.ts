// Drops one after the other, each with a crowd that enters, orders, pays, gives up, or lets its hold lapse.

import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../../support/shop.ts";
import type { Traffic } from "./traffic.ts";

const CROWD = 40;
const UNITS = 12;
const ARRIVES_WITHIN_MS = 8000;
const OPEN_MS = 25_000;
const DRAWN_AFTER_MS = 4000;
const LOOKS = 5;
const LOOK_EVERY_MS = 3000;
/** Every n-th drop is a draw. */
const DRAW_EVERY = 4;

export class DropTraffic {
  currentId: string | undefined;
  readonly #traffic: Traffic;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  async run(): Promise<void> {
    const { operator, work } = this.#traffic;
    for (let n = 0; !this.#traffic.stopped; n++) {
      const product = await this.#traffic.send(operator, "POST", "/admin/products", { name: `한정판 ${n}`, price: 100, stock: UNITS });
      if (!product) continue;
      const mode = n % DRAW_EVERY === DRAW_EVERY - 1 ? "DRAW" : "FIRST_COME";
      const now = Date.now();
      const times = {
        opensAt: new Date(now).toISOString(),
        ...(mode === "DRAW" ? { closesAt: new Date(now + ARRIVES_WITHIN_MS).toISOString() } : {}),
      };
      const terms = { name: `드롭 ${n}`, productId: product.id, mode, waitlist: true, holdFor: "PT3S", limitPerCustomer: 2, ...times };
      const drop = await this.#traffic.send(operator, "POST", "/admin/drops", terms);
      if (!drop) continue;
      this.currentId = drop.id;
      work.drops++;
      const start = this.#traffic.rng.below(this.#traffic.users.length - CROWD);
      const crowd = this.#traffic.users.slice(start, start + CROWD).map((user) => this.#visit(user, drop.id, product.id, mode));
      await this.#pause(OPEN_MS);
      // A draw that the end of the traffic interrupts goes on.
      const isClosed = mode === "FIRST_COME" || !this.#traffic.stopped;
      if (isClosed) await this.#traffic.send(operator, "POST", `/admin/drops/${drop.id}/close`);
      await Promise.all(crowd);
      if (isClosed) await this.#traffic.send(operator, "POST", `/admin/drops/${drop.id}/release`);
    }
  }

  async #pause(ms: number): Promise<void> {
    for (const until = performance.now() + ms; !this.#traffic.stopped && performance.now() < until;) await pause(100);
  }

  async #visit(user: Client, dropId: string, productId: string, mode: string): Promise<void> {
    const { rng } = this.#traffic;
    await this.#pause(rng.below(ARRIVES_WITHIN_MS - 500));
    const entries = `/drops/${dropId}/entries`;
    const quantity = 1 + rng.below(2);
    if (!(await this.#traffic.send(user, "POST", entries, { quantity }))) return;
    if (mode === "DRAW") await this.#pause(ARRIVES_WITHIN_MS + DRAWN_AFTER_MS);
    for (let look = 0; look < LOOKS && !this.#traffic.stopped; look++, await this.#pause(LOOK_EVERY_MS)) {
      const mine = await this.#traffic.send(user, "GET", `${entries}/mine`);
      if (mine?.status === "WAITING") continue;
      if (mine?.status !== "HELD") return;
      const whim = rng.below(10);
      if (whim < 3) continue; // The hold lapses.
      if (whim < 4) return void (await this.#traffic.send(user, "DELETE", `${entries}/mine`));
      return this.#buy(user, { productId, quantity, byCard: whim < 7 });
    }
  }

  async #buy(user: Client, { productId, quantity, byCard }: { productId: string; quantity: number; byCard: boolean }): Promise<void> {
    const payment = byCard ? { payment: { method: "DEFERRED" } } : {};
    const order = await this.#traffic.send(user, "POST", "/orders", { orderItems: [{ productId, quantity }], ...payment });
    if (!order) return;
    this.#traffic.remember(order);
    if (byCard) await this.#traffic.send(user, "POST", "/payments", { orderId: order.orderId, method: "CARD", paymentKey: this.#traffic.card() });
  }
}
