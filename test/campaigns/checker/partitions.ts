// Divides the requests of a history into operations on objects: the stock of a variant, a wallet, a campaign, the numbers of a drop, and
// what a person has bought of it. An object with a request that has no model here is left out, and counted.

import type { Order as CommonOrder } from "../../support/verification.ts";
import type { Operation } from "./linearizability.ts";
import type { CouponInput, LimitInput, NumbersInput, StockInput, WalletInput } from "./models.ts";
import { nameOf, type Request } from "./requests.ts";

/** `initial` is null for an object that the history did not create. */
export type Partition<Input, Initial> = { id: string; initial: Initial; operations: Operation<Input>[]; isModeled: boolean };
export type Partitions = {
  stock: Map<string, Partition<StockInput, number | null>>;
  wallets: Map<string, Partition<WalletInput, { balance: number | null; version: number | null }>>;
  coupons: Map<string, Partition<CouponInput, number>>;
  numbers: Map<string, Partition<NumbersInput, null>>;
  limits: Map<string, Partition<LimitInput, number>>;
};

type LineItem = CommonOrder["orderItems"][number] & { productId: string };
type Order = CommonOrder & { holdsStock: boolean; orderItems: LineItem[] };
type Drop = { id: string; productId: string; mode: string; limitPerCustomer: number | null };

const UUID = "[0-9a-f]{8}-[0-9a-f-]{27}";
const route = (method: string, path: string): RegExp => new RegExp(`^${method} ${path.replaceAll("{id}", `(${UUID})`)}$`);
const CHARGE = route("POST", "/users/(me|{id})/balance/charge").source.replace(`(me|(${UUID}))`, `(me|${UUID})`);
const ROUTES = {
  charge: new RegExp(CHARGE),
  balance: new RegExp(`^GET /users/(me|${UUID})/balance$`),
  issue: route("POST", "/coupons/{id}/issue"),
  issueMany: route("POST", "/admin/coupons/{id}/issue"),
  campaign: route("PATCH", "/admin/coupons/{id}"),
  product: route("GET", "/products/{id}"),
  adjust: route("POST", "/admin/variants/{id}/stock"),
  cancel: route("POST", "/orders/{id}/cancel"),
  refund: route("POST", "/admin/orders/{id}/refunds"),
  entry: route("POST", "/drops/{id}/entries"),
};
/** Requests that change objects in ways that have no model: the objects that they name are left out. */
const NOT_MODELED =
  /^(POST \/admin\/(returns\/.*|stock|catalog\/import|rehearsals.*|users\/.*\/erase|payments\/.*|balances\/revoke)|PUT .*|(POST|DELETE) \/orders\/.*\/returns.*)$/;

export function partitionsOf(requests: readonly Request[]): Partitions {
  return new Divider(requests).partitions;
}

class Divider {
  readonly partitions: Partitions = { stock: new Map(), wallets: new Map(), coupons: new Map(), numbers: new Map(), limits: new Map() };
  readonly #orders = new Map<string, Order>();
  readonly #dropOf = new Map<string, Drop>();
  readonly #variantsOf = new Map<string, string[]>();
  readonly #refunds = new Map<string, Request[]>();
  /** Ids of objects that a request without a model has changed. */
  readonly #leftOut = new Set<string>();

  constructor(requests: readonly Request[]) {
    for (const request of requests) this.#learn(request);
    for (const request of requests) this.#divide(request);
    for (const [orderId, refunds] of this.#refunds) this.#refund(orderId, refunds);
    // Holds take units and give them back without a request.
    for (const [productId, { mode }] of this.#dropOf)
      if (mode !== "DIRECT") for (const id of this.#variantsOf.get(productId) ?? []) this.#leftOut.add(id);
    for (const kind of Object.values(this.partitions) as Map<string, Partition<unknown, unknown>>[])
      for (const partition of kind.values()) if (partition.id.split(" ").some((id) => this.#leftOut.has(id))) partition.isModeled = false;
  }

  /** Facts that never change, and initial values. */
  #learn({ method, path, status = 0, response }: Request): void {
    if (status >= 300 || typeof response !== "object" || response === null) return;
    const order = response as Partial<Order>;
    if (order.orderId !== undefined && order.orderItems !== undefined && !this.#orders.has(order.orderId))
      this.#orders.set(order.orderId, order as Order);
    if (method !== "POST") return;
    if (path === "/admin/users") for (const { id } of listOf(response, "users")) this.#wallet(id, { balance: 0, version: 0 });
    if (path === "/admin/products")
      for (const { id: productId, variants } of listOf(response, "products")) {
        this.#variantsOf.set(
          productId,
          variants.map(({ id }) => id),
        );
        for (const { id, stock } of variants) this.#stock(id, stock);
      }
    if (path === "/admin/coupons") this.#coupons(response.id, response.totalQuantity);
    if (path === "/admin/drops") this.#dropOf.set(response.productId, response as Drop);
  }

  #divide(request: Request): void {
    const { method, path, status = 0, response, respondedAt } = request;
    const name = `${method} ${path.replace(/\?.*/, "")}`;
    const isUnknown = respondedAt === Infinity;
    if (NOT_MODELED.test(name)) return this.#leaveOut(request);
    const match = (pattern: RegExp): string | undefined => pattern.exec(name)?.[1];
    const code = status >= 400 ? String(response?.code) : undefined;
    if (code === "STOCK_INSUFFICIENT" && response.variantId !== undefined) {
      const { variantId, requested, available } = response;
      this.#addStock(request, variantId, { kind: "refused", requested, available });
    }
    if (code === "BALANCE_INSUFFICIENT" && response.available !== undefined)
      this.#addWallet(request, this.#payerOf(request), { kind: "refused", requested: response.requested, available: response.available });
    if (code === "DROP_LIMIT_EXCEEDED") this.#limitRefused(request);
    const campaign = match(ROUTES.issue) ?? match(ROUTES.issueMany) ?? match(ROUTES.campaign);
    if (campaign !== undefined) return this.#divideCoupon(request, campaign, name);
    const drop = match(ROUTES.entry);
    if (drop !== undefined && (isUnknown || status === 201)) return this.#enter(request, drop);
    if (name === "POST /orders") return this.#place(request);
    if (name === "POST /payments") return this.#pay(request);
    if (name === "POST /admin/balances/grant") return this.#grant(request);
    const cancelled = match(ROUTES.cancel) ?? match(ROUTES.refund);
    if (cancelled !== undefined) return this.#keepRefund(request, cancelled);
    const charged = match(ROUTES.charge);
    if (charged !== undefined) return this.#charge(request, userOf(request, charged));
    const adjusted = match(ROUTES.adjust);
    if (adjusted !== undefined && (isUnknown || status === 200))
      return this.#addStock(request, adjusted, { kind: "adjust", delta: (request.body as { delta: number }).delta, stock: response?.stock });
    if (isUnknown || status !== 200) return;
    const wallet = match(ROUTES.balance);
    if (wallet !== undefined)
      this.#addWallet(request, userOf(request, wallet), { kind: "read", balance: response.balance, version: response.version });
    if (match(ROUTES.product) !== undefined)
      for (const { id, stock } of response.variants as { id: string; stock: number }[]) this.#addStock(request, id, { kind: "read", stock });
  }

  #divideCoupon(request: Request, id: string, name: string): void {
    const { status = 0, response, respondedAt, body } = request;
    const isUnknown = respondedAt === Infinity;
    const partition = this.#coupons(id, null);
    const add = (input: CouponInput): void => push(partition, request, input);
    if (name.startsWith("PATCH")) {
      if (isUnknown) partition.isModeled = false;
      else if (status === 200) add({ kind: "terms", total: response.totalQuantity });
    } else if (name.includes("/admin/")) {
      // The response does not tell which users already had one.
      if (isUnknown || (status === 200 && response.alreadyHad > 0)) partition.isModeled = false;
      else if (status === 200) add({ kind: "issued", userIds: [...new Set((body as { userIds: string[] }).userIds)] });
    } else {
      const userId = (body as { userId?: string } | undefined)?.userId ?? request.caller;
      if (isUnknown || status === 201) add({ kind: "issued", userIds: [userId] });
      else if (response?.code === "COUPON_ALREADY_ISSUED") add({ kind: "already issued", userId });
      else if (response?.code === "COUPON_SOLD_OUT") add({ kind: "sold out", userId });
    }
  }

  #enter(request: Request, id: string): void {
    const partition = this.partitions.numbers.get(id) ?? { id, initial: null, operations: [], isModeled: true };
    this.partitions.numbers.set(id, partition);
    push(partition, request, request.respondedAt === Infinity ? { kind: "unknown" } : { kind: "entered", number: request.response.number });
  }

  #place(request: Request): void {
    const { status = 0, response, respondedAt, body } = request;
    if (respondedAt === Infinity) return this.#placeUnknown(request);
    if (status !== 201) return;
    const order = response as Order;
    const isPaid = order.status === "COMPLETED";
    if ((body as { orderedAt?: string } | undefined)?.orderedAt !== undefined) return this.#leaveOut(request);
    if (isPaid || order.holdsStock) this.#take(request, order);
    // It gives its units back when it expires, without a request.
    if (!isPaid && order.holdsStock) for (const { variantId } of order.orderItems) this.#leftOut.add(variantId);
    if (isPaid && order.paidAmount > 0) this.#addWallet(request, order.userId, { kind: "move", amount: -order.paidAmount });
  }

  /** Its units are in the request; its price is not. */
  #placeUnknown(request: Request): void {
    const { body, caller } = request;
    const { orderItems = [], payment, userId = caller } = body as { orderItems?: Partial<LineItem>[]; payment?: { method: string }; userId?: string };
    if (payment?.method === "DEFERRED") return;
    this.#leftOut.add(userId);
    for (const { variantId, productId = "", quantity = 0 } of orderItems) {
      const [only, ...others] = variantId === undefined ? (this.#variantsOf.get(productId) ?? []) : [variantId];
      if (only !== undefined && others.length === 0) this.#addStock(request, only, { kind: "take", units: quantity });
    }
    // Of a cart, the items are unknown, too.
    if (orderItems.length === 0) for (const id of this.partitions.stock.keys()) this.#leftOut.add(id);
  }

  #pay(request: Request): void {
    const { status = 0, respondedAt, body, response, attempts } = request;
    const { orderId, method } = body as { orderId: string; method: string };
    const order = this.#orders.get(orderId);
    if (order === undefined) return;
    const takes = !order.holdsStock;
    if (respondedAt === Infinity || (method === "CARD" && status === 201 && attempts > 1)) {
      // The gateway's answer comes later, and may be no. Each attempt may have taken the units and given them back.
      for (let attempt = 0; takes && attempt < attempts; attempt++) this.#takeAndGive({ ...request, respondedAt: Infinity }, order);
      if (respondedAt === Infinity) {
        if (method === "BALANCE") this.#leftOut.add(order.userId);
        return;
      }
    }
    if (status === 201) {
      if (takes) this.#take(request, order);
      if (method === "BALANCE" && response.amount > 0) this.#addWallet(request, order.userId, { kind: "move", amount: -response.amount });
    }
    if (status === 402 && takes) this.#takeAndGive(request, order);
  }

  /** A declined card holds the units while the gateway is asked. */
  #takeAndGive(request: Request, order: Order): void {
    for (const { variantId, quantity } of order.orderItems) {
      const partition = this.#stock(variantId, null);
      push(partition, request, { kind: "take", units: quantity });
      push(partition, request, { kind: "give", units: quantity }, partition.operations.length - 1);
    }
  }

  #take(request: Request, { orderItems, userId }: Order): void {
    for (const { variantId, quantity, productId } of orderItems) {
      this.#addStock(request, variantId, { kind: "take", units: quantity });
      this.#addLimit(request, productId, userId, { kind: "buy", units: quantity });
    }
  }

  #grant(request: Request): void {
    const { status = 0, respondedAt, body } = request;
    if (respondedAt !== Infinity && status !== 200) return;
    const { grants: all = [] } = body as { grants?: { userId: string; amount: number }[] };
    const perUser = Map.groupBy(all, ({ userId }) => userId);
    for (const [userId, grants] of perUser)
      this.#addWallet(request, userId, { kind: "move", amount: grants.reduce((sum, { amount }) => sum + amount, 0), count: grants.length });
  }

  /** By card, the start takes a version of the wallet, and the end moves the money with another version. */
  #charge(request: Request, userId: string): void {
    const { status = 0, respondedAt, body, response } = request;
    const { amount, paymentKey } = body as { amount: number; paymentKey?: string };
    const isUnknown = respondedAt === Infinity;
    const isDone = status === 200;
    const isDeclined = status === 402 && response.transactionId !== undefined;
    const started = paymentKey !== undefined && (isUnknown || isDone || isDeclined);
    const { operations } = this.#wallet(userId);
    if (started) this.#addWallet(request, userId, { kind: "move", amount: 0 });
    const told = isDone ? { balance: response.newBalance, version: response.version } : {};
    if (isUnknown || isDone) push({ operations }, request, { kind: "move", amount, ...told }, started ? operations.length - 1 : undefined);
  }

  #keepRefund(request: Request, orderId: string): void {
    const { status = 0, respondedAt } = request;
    if (respondedAt !== Infinity && status !== 200) return;
    this.#refunds.set(orderId, [...(this.#refunds.get(orderId) ?? []), request]);
  }

  /** The refunds of an order follow each other: the responses tell how much had been refunded in all after each. */
  #refund(orderId: string, refunds: Request[]): void {
    const order = this.#orders.get(orderId);
    if (order === undefined) return;
    if (refunds.some(({ respondedAt, body }) => respondedAt === Infinity || (body as { restock?: boolean } | undefined)?.restock === false)) {
      for (const id of [order.userId, ...order.orderItems.map(({ variantId }) => variantId)]) this.#leftOut.add(id);
      return;
    }
    const before = new Map<string, number>();
    for (const request of refunds.toSorted((a, b) => refundedUnits(a.response) - refundedUnits(b.response))) {
      const after = request.response as Order;
      if (after.status === "CANCELLED") {
        if (order.holdsStock)
          for (const { variantId, quantity } of after.orderItems) this.#addStock(request, variantId, { kind: "give", units: quantity });
        continue;
      }
      for (const { variantId, refundedQuantity, productId } of after.orderItems) {
        const units = refundedQuantity - (before.get(variantId) ?? 0);
        before.set(variantId, refundedQuantity);
        if (units <= 0) continue;
        this.#addStock(request, variantId, { kind: "give", units });
        this.#addLimit(request, productId, order.userId, { kind: "return", units });
      }
      if (after.payment?.method === "BALANCE" && after.refundedAmount > 0)
        this.#addWallet(request, order.userId, { kind: "refund", orderId, refundedInAll: after.refundedAmount });
    }
  }

  #limitRefused(request: Request): void {
    const { body, caller, response } = request;
    const { orderItems = [], userId = caller } = (body ?? {}) as { orderItems?: LineItem[]; userId?: string };
    const [product, ...others] = new Set(orderItems.map(({ productId }) => productId));
    if (product === undefined || others.length > 0) return;
    const requested = orderItems.reduce((sum, { quantity }) => sum + quantity, 0);
    this.#addLimit(request, product, userId, { kind: "refused", requested, already: response.already });
  }

  /** Only drops that take orders directly: elsewhere, holds count too. */
  #addLimit(request: Request, productId: string, userId: string, input: LimitInput): void {
    const drop = this.#dropOf.get(productId);
    if (drop?.mode !== "DIRECT" || drop.limitPerCustomer === null) return;
    const id = `${drop.id} ${userId}`;
    const partition = this.partitions.limits.get(id) ?? { id, initial: drop.limitPerCustomer, operations: [], isModeled: true };
    this.partitions.limits.set(id, partition);
    push(partition, request, input);
  }

  #addStock(request: Request, variantId: string, input: StockInput): void {
    push(this.#stock(variantId, null), request, input);
  }

  #addWallet(request: Request, userId: string, input: WalletInput): void {
    push(this.#wallet(userId), request, input);
  }

  #stock(id: string, initial: number | null): Partition<StockInput, number | null> {
    const known = this.partitions.stock.get(id);
    if (known) return known;
    const made = { id, initial, operations: [], isModeled: true };
    this.partitions.stock.set(id, made);
    return made;
  }

  #wallet(
    id: string,
    initial: { balance: number | null; version: number | null } = { balance: null, version: null },
  ): Partition<WalletInput, typeof initial> {
    const known = this.partitions.wallets.get(id);
    if (known) return known;
    const made = { id, initial, operations: [], isModeled: true };
    this.partitions.wallets.set(id, made);
    return made;
  }

  #coupons(id: string, total: number | null): Partition<CouponInput, number> {
    const known = this.partitions.coupons.get(id);
    if (known) return known;
    const made = { id, initial: total ?? 0, operations: [], isModeled: total !== null };
    this.partitions.coupons.set(id, made);
    return made;
  }

  #payerOf({ body, caller }: Request): string {
    const { userId, orderId } = (body ?? {}) as { userId?: string; orderId?: string };
    return userId ?? this.#orders.get(orderId ?? "")?.userId ?? caller;
  }

  /** Leaves out all objects whose id is in the request or its response, and those of an order that it names. */
  #leaveOut({ path, body, response, status = 0 }: Request): void {
    if (status >= 400) return;
    const ids = `${path} ${JSON.stringify(body)} ${JSON.stringify(response)}`.match(new RegExp(UUID, "g")) ?? [];
    for (const id of ids) {
      const order = this.#orders.get(id);
      for (const one of [id, ...(order ? [order.userId, ...order.orderItems.map(({ variantId }) => variantId)] : [])]) this.#leftOut.add(one);
    }
  }
}

function push<Input>(partition: { operations: Operation<Input>[] }, request: Request, input: Input, after?: number): void {
  const { invokedAt, respondedAt } = request;
  partition.operations.push({ input, invokedAt, respondedAt, name: nameOf(request), ...(after === undefined ? {} : { after }) });
}

function listOf(response: Record<string, unknown>, member: string): { id: string; variants: { id: string; stock: number }[] }[] {
  return (response[member] ?? [response]) as never;
}

function refundedUnits({ orderItems }: Order): number {
  return orderItems.reduce((sum, { refundedQuantity }) => sum + refundedQuantity, 0);
}

function userOf({ caller }: Request, id: string): string {
  return id === "me" ? caller : id;
}
