// Transactions of a history with the versions that they wrote and read, by the ledgers that the databases kept: the movements of a
// wallet, the events of an order, and the entries of a drop are chains of versions, in the order in which they were committed.

import type { Ledgers } from "../../support/history.ts";
import type { Transaction } from "./cycles.ts";
import { nameOf, type Request } from "./requests.ts";

type Read = Transaction["reads"][number];
/** `faults`: acknowledged changes that no ledger has. */
export type Linked = { transactions: Transaction[]; linked: number; faults: string[] };

export function linkLedgers(requests: readonly Request[], ledgers: readonly Ledgers[]): Linked {
  const rows = new Rows(ledgers);
  const faults: string[] = [];
  const transactions: Transaction[] = [];
  for (const request of requests) {
    const found = rows.of(request);
    faults.push(...found.missing.map((what) => `${nameOf(request)} was acknowledged, but the ledger has no ${what}`));
    if (found.writes.length + found.reads.length === 0) continue;
    const { invokedAt, respondedAt } = request;
    transactions.push({ name: nameOf(request), writes: found.writes, reads: found.reads, invokedAt, respondedAt });
  }
  const linked = transactions.length;
  // The other rows were written by jobs, by settlement, or by requests that name no row.
  for (const { chain, version } of rows.others())
    transactions.push({ name: `version ${version} of ${chain}`, writes: [{ chain, version }], reads: [] });
  return { transactions, linked, faults };
}

/** The rows of all ledgers by the facts that responses tell. */
class Rows {
  readonly #byTransaction = new Map<string, Read>();
  readonly #payments = new Map<string, Read>();
  readonly #refunds = new Map<string, Read[]>();
  readonly #events = new Map<string, { type: string; seq: number }[]>();
  readonly #entries = new Map<string, Read>();
  readonly #wallets = new Map<string, number>();
  readonly #all = new Map<string, Read>();

  constructor(ledgers: readonly Ledgers[]) {
    const keep = (chain: string, version: number): Read => {
      const row = { chain, version };
      this.#all.set(`${chain} ${version}`, row);
      return row;
    };
    for (const { wallets, orders, drops } of ledgers) {
      for (const { userId, version, id, type, orderId } of wallets) {
        const row = keep(`wallet ${userId}`, version);
        this.#wallets.set(userId, version);
        this.#byTransaction.set(id, row);
        if (orderId === null) continue;
        if (type === "PAYMENT") this.#payments.set(orderId, row);
        if (type === "REFUND") this.#refunds.set(orderId, [...(this.#refunds.get(orderId) ?? []), row]);
      }
      // A charge by card took a version when it began, and gave it up for a later one when the money came.
      for (const [userId, last] of this.#wallets)
        for (let version = 1; version < last; version++) if (!this.#all.has(`wallet ${userId} ${version}`)) keep(`wallet ${userId}`, version);
      for (const { orderId, seq, type } of orders) {
        keep(`order ${orderId}`, seq);
        const events = this.#events.get(orderId);
        if (events) events.push({ type, seq });
        else this.#events.set(orderId, [{ type, seq }]);
      }
      for (const { dropId, number, id } of drops) this.#entries.set(id, keep(`drop ${dropId}`, number));
    }
  }

  /** The rows that were written by no request that is known. */
  others(): Iterable<Read> {
    return this.#all.values();
  }

  of(request: Request): { writes: Read[]; reads: Read[]; missing: string[] } {
    const { method, path, status = 0, response, respondedAt } = request;
    const none = { writes: [], reads: [], missing: [] };
    if (respondedAt === Infinity || status >= 300 || typeof response !== "object" || response === null) return none;
    if (method === "GET") return { ...none, reads: this.#reads(request) };
    if (path.endsWith("/balance/charge")) return this.#written([this.#byTransaction.get(response.transactionId)], "movement");
    if (/^\/drops\/[^/]+\/entries$/.test(path)) return this.#written([this.#entries.get(response.entryId)], "entry");
    const events = this.#events.get(response.orderId);
    if (response.orderId === undefined || this.#events.size === 0) return none;
    if (events === undefined) return { ...none, missing: path === "/orders" ? ["order"] : [] };
    if (path === "/orders") {
      const paid = response.payment?.method === "BALANCE" && response.paidAmount > 0;
      return this.#written([this.#event(response.orderId, 1), ...(paid ? [this.#payments.get(response.orderId)] : [])], "order or payment");
    }
    if (path === "/payments") {
      const completed = events.find(({ type }) => type === "order.completed");
      const paid = response.method === "BALANCE" && response.amount > 0;
      return this.#written(
        [completed && this.#event(response.orderId, completed.seq), ...(paid ? [this.#payments.get(response.orderId)] : [])],
        "payment",
      );
    }
    // Of several refunds, the response does not tell which movement is its own.
    if (path.endsWith("/cancel") || path.endsWith("/refunds")) {
      const ends = events.filter(({ type }) => /cancelled|refunded/.test(type));
      const [end] = ends;
      const [movement, ...more] = this.#refunds.get(response.orderId) ?? [];
      if (ends.length !== 1 || end === undefined || more.length > 0) return none;
      return this.#written([this.#event(response.orderId, end.seq), ...(movement ? [movement] : [])], "refund");
    }
    return none;
  }

  #event(orderId: string, seq: number): Read | undefined {
    return this.#all.get(`order ${orderId} ${seq}`) ?? { chain: `order ${orderId}`, version: seq };
  }

  #reads({ path, response, caller }: Request): Read[] {
    const wallet = /^\/users\/([^/]+)\/balance$/.exec(path)?.[1];
    if (wallet !== undefined) {
      const userId = wallet === "me" ? caller : wallet;
      return this.#wallets.has(userId) ? [{ chain: `wallet ${userId}`, version: response.version }] : [];
    }
    const order = /^\/orders\/([^/]+)\/history$/.exec(path)?.[1];
    if (order === undefined || !this.#events.has(order) || !Array.isArray(response.events)) return [];
    return [{ chain: `order ${order}`, version: response.events.length }];
  }

  #written(found: (Read | undefined)[], what: string): { writes: Read[]; reads: Read[]; missing: string[] } {
    const writes = found.filter((row) => row !== undefined);
    for (const { chain, version } of writes) this.#all.delete(`${chain} ${version}`);
    return { writes, reads: [], missing: writes.length < found.length ? [what] : [] };
  }
}
