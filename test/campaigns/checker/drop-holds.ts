// Judges drops with a line, whose holds end and pass on without a request: the units that are surely held, ordered or bought at one
// moment are never more than there are, and no entry waits while a later one of the same variant and quantity is held.
//
// An entry is surely held from the response that says so until its end, or until its person does what may end it. Where a response is
// missing, units count less, and never more, so a correct shop has no finding.

import { nameOf, type Request } from "./requests.ts";

type Drop = { id: string; productId: string; mode: string; serverTime: string };
type Entry = { entryId: string; dropId: string; number: number; variantId: string; quantity: number; status: string; heldUntil: string | null };
type Order = {
  orderId: string;
  userId: string;
  status: string;
  expiresAt: string | null;
  orderItems: { productId: string; variantId: string; quantity: number }[];
};
type Holding = { owner: string; variantId: string; from: number; to: number; units: number };
/** A request that may end holds, or orders. */
type End = { invokedAt: number; respondedAt: number };

/** Of clocks, and of the time from a decision to a response. */
const MARGIN_MS = 250;
/** A shop on a clock of its own, as tests of time have it. */
const OTHER_CLOCK_MS = 2000;
const MAY_END = /^(POST \/orders\/[^/]+\/cancel|POST \/admin\/orders\/[^/]+\/refunds|POST \/payments|POST \/admin\/returns\/.*)$/;

/** Each finding is a sentence. @param origin the wall clock's time at 0 of the history's clock */
export function findWrongHolds(requests: readonly Request[], origin: number): { drops: number; findings: string[] } {
  const drops = new Map<string, Drop>();
  const stocks = new Map<string, { at: number; units: number }[]>();
  for (const { method, path, status = 0, response, respondedAt } of requests) {
    if (method !== "POST" || status !== 201) continue;
    if (
      path === "/admin/drops" &&
      response.mode === "FIRST_COME" &&
      Math.abs(Date.parse(response.serverTime) - origin - respondedAt) < OTHER_CLOCK_MS
    )
      drops.set(response.productId, response as Drop);
    if (path === "/admin/products")
      for (const { variants } of (response.products ?? [response]) as { variants: { id: string; stock: number }[] }[])
        for (const { id, stock } of variants) stocks.set(id, [{ at: -Infinity, units: stock }]);
  }
  for (const { path, body, invokedAt, status = 0 } of requests) {
    const variantId = /^\/admin\/variants\/([^/]+)\/stock$/.exec(path)?.[1];
    const { delta = 0 } = (body ?? {}) as { delta?: number };
    if (variantId !== undefined && delta > 0 && status < 400) stocks.get(variantId)?.push({ at: invokedAt, units: delta });
  }
  const holdings = new Holdings(requests, drops, origin).all;
  const findings = [...oversold(holdings, stocks), ...overtaken(requests, new Set([...drops.values()].map(({ id }) => id)))];
  return { drops: drops.size, findings };
}

class Holdings {
  readonly all: Holding[] = [];
  readonly #origin: number;
  /** Times at which a person, or an operator for them, may have ended a hold or an order. */
  readonly #ends = new Map<string, End[]>();

  constructor(requests: readonly Request[], drops: Map<string, Drop>, origin: number) {
    this.#origin = origin;
    const products = new Map([...drops.values()].map(({ id, productId }) => [id, productId]));
    for (const request of requests) for (const id of endedBy(request)) this.#ends.set(id, [...(this.#ends.get(id) ?? []), request]);
    for (const request of requests) {
      const { path, status = 0, response, caller } = request;
      if (status >= 300 || typeof response !== "object" || response === null) continue;
      if (/^\/drops\/[^/]+\/entries(\/mine)?$/.test(path) && products.has(response.dropId) && response.status === "HELD") {
        const { dropId, variantId, quantity, heldUntil } = response as Entry;
        const person = `person ${caller}`;
        const owner = `${person} drop ${dropId}`;
        this.#add({ owner, variantId, units: quantity }, request, heldUntil, [person, `${person} product ${products.get(dropId)}`, `drop ${dropId}`]);
      }
      if (response.orderId === undefined || !Array.isArray(response.orderItems) || !/^\/orders(\/[^/]+)?$/.test(path)) continue;
      const { orderId, status: state, expiresAt, orderItems } = response as Order;
      if (state !== "COMPLETED" && state !== "PENDING") continue;
      for (const { productId, variantId, quantity } of orderItems)
        if (drops.has(productId))
          this.#add({ owner: `order ${orderId}`, variantId, units: quantity }, request, state === "PENDING" ? expiresAt : null);
    }
  }

  /** A request that overlaps this one may have ended the hold already. @param until the wall clock's time of the end; null: none */
  #add(what: Pick<Holding, "owner" | "variantId" | "units">, { invokedAt, respondedAt }: Request, until: string | null, others: string[] = []): void {
    const timed = until === null ? Infinity : Date.parse(until) - this.#origin - MARGIN_MS;
    const ends = [what.owner, ...others]
      .flatMap((id) => this.#ends.get(id) ?? [])
      .filter((end) => end.respondedAt >= invokedAt && end.invokedAt !== invokedAt);
    const to = Math.min(timed, ...ends.map((end) => end.invokedAt));
    if (to > respondedAt) this.all.push({ ...what, from: respondedAt, to });
  }
}

/** The persons and orders whose holds a request may end. An entry's person ends the hold by an order, too. */
function* endedBy({ method, path, body, caller, response }: Request): Generator<string> {
  const name = `${method} ${path}`;
  const { orderId, userId = caller, orderItems } = (body ?? {}) as { orderId?: string; userId?: string; orderItems?: { productId: string }[] };
  if (name === "POST /orders" && orderItems === undefined) yield `person ${userId}`;
  if (name === "POST /orders") for (const { productId } of orderItems ?? []) yield `person ${userId} product ${productId}`;
  const entered = /^(?:POST|DELETE) \/drops\/([^/]+)\/entries/.exec(name)?.[1];
  if (entered !== undefined) yield `person ${userId} drop ${entered}`;
  const closed = /^POST \/admin\/drops\/([^/]+)\/close$/.exec(name)?.[1];
  if (closed !== undefined) yield `drop ${closed}`;
  if (!MAY_END.test(name)) return;
  const named = orderId ?? response?.orderId ?? /\/orders\/([^/]+)\//.exec(path)?.[1];
  if (named !== undefined) yield `order ${named}`;
}

/** Moments at which more units of a variant are surely held than there are. The first one of each variant. */
function* oversold(holdings: readonly Holding[], stocks: Map<string, { at: number; units: number }[]>): Generator<string> {
  for (const [variantId, own] of Map.groupBy(distinct(holdings), (holding) => holding.variantId)) {
    const stock = stocks.get(variantId);
    if (stock === undefined) continue;
    const changes = own.flatMap(({ from, to, units }) => [
      { at: from, units },
      { at: to, units: -units },
    ]);
    let held = 0;
    for (const { at, units } of changes.toSorted((a, b) => a.at - b.at || a.units - b.units)) {
      held += units;
      const most = stock.reduce((sum, added) => sum + (added.at <= at ? added.units : 0), 0);
      if (held <= most) continue;
      yield `variant ${variantId} is oversold: ${held} units are held, ordered or bought, and there are ${most}`;
      break;
    }
  }
}

/** Several responses tell of one hold: the overlapping ones of the same units count once. */
function distinct(holdings: readonly Holding[]): Holding[] {
  const last = new Map<string, Holding>();
  const kept: Holding[] = [];
  for (const holding of holdings.toSorted((a, b) => a.from - b.from)) {
    const before = last.get(holding.owner);
    if (before !== undefined && before.to >= holding.from) {
      before.to = Math.max(before.to, holding.to);
      continue;
    }
    const own = { ...holding };
    last.set(holding.owner, own);
    kept.push(own);
  }
  return kept;
}

/** Entries that still wait after a later one of the same variant and quantity was held. */
function* overtaken(requests: readonly Request[], dropIds: ReadonlySet<string>): Generator<string> {
  const seen = requests.filter(
    ({ path, status = 0, response }) => status < 300 && /^\/drops\/[^/]+\/entries(\/mine)?$/.test(path) && dropIds.has(response?.dropId),
  );
  const groups = Map.groupBy(seen, ({ response: { dropId, variantId, quantity } }) => `${dropId} ${variantId} ${quantity}`);
  for (const group of groups.values()) {
    const held = group.filter(({ response }) => response.status === "HELD").toSorted((a, b) => a.respondedAt - b.respondedAt);
    const waiting = group
      .filter(({ response, method }) => response.status === "WAITING" && method === "GET")
      .toSorted((a, b) => a.invokedAt - b.invokedAt);
    let [next, last] = [0, 0];
    for (const request of waiting) {
      for (; next < held.length && (held[next] as Request).respondedAt < request.invokedAt; next++)
        last = Math.max(last, (held[next] as Request).response.number);
      if (request.response.number < last) yield `entry ${request.response.number} waits although entry ${last} was held before: ${nameOf(request)}`;
    }
  }
}
