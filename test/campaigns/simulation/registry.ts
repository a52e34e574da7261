// The ids that exist in a simulation, and the steps that an event of the history means with them.

import { orders } from "../../../src/order/order.sql.ts";
import { userCoupons } from "../../../src/coupon/coupon.sql.ts";
import type { MemoryStore } from "../../support/memory-store.ts";
import type { Request } from "./history.ts";
import type { Model } from "./model.ts";
import type { Step } from "./steps.ts";

const UNKNOWN_ID = "00000000-0000-7000-8000-000000000000";
const NO_RETURN = { orderId: UNKNOWN_ID, returnId: UNKNOWN_ID };

export class Registry {
  readonly #store: Pick<MemoryStore, "rows">;
  readonly #model: Model;
  readonly #known = {
    users: [] as string[],
    products: [] as string[],
    variants: [] as string[],
    campaigns: [] as string[],
    coupons: [] as string[],
    orders: [] as string[],
    items: [] as string[],
    shipments: [] as { orderId: string; shipmentId: string }[],
    returns: [] as { orderId: string; returnId: string }[],
  };

  constructor(store: Pick<MemoryStore, "rows">, model: Model) {
    this.#store = store;
    this.#model = model;
  }

  /** Registers the ids that a step has created. */
  learn({ kind }: Step, answer: unknown): void {
    const known = this.#known;
    const { id, orderId, returnId, shipments } = (answer ?? {}) as {
      id: string;
      orderId: string;
      returnId: string;
      shipments: { shipmentId: string }[];
    };
    const made = answer as { id: string; variants: { id: string }[] }[];
    if (kind === "create user") known.users.push((made[0] as { id: string }).id);
    if (kind === "create product") known.products.push((made[0] as { id: string }).id);
    if (kind === "create product") known.variants.push(...(made[0] as { variants: { id: string }[] }).variants.map((variant) => variant.id));
    if (kind === "create campaign") known.campaigns.push(id);
    if (kind === "issue coupon") known.coupons.push(id);
    if (kind === "add to cart") known.items.push(id);
    if (kind === "place order") known.orders.push(orderId);
    if (kind === "ship order") known.shipments.push({ orderId, shipmentId: shipments.at(-1)?.shipmentId ?? "" });
    if (kind === "request return") known.returns.push({ orderId, returnId });
  }

  /** The steps of an event, with the ids that exist now. */
  steps(event: Request, now: number): Step[] {
    const known = this.#known;
    const lineItem = ({
      variant,
      named,
      quantity,
    }: {
      variant: number;
      named: boolean;
      quantity: number;
    }): { productId: string; variantId: string | null; quantity: number } => {
      const variantId = pick(known.variants, variant);
      return {
        productId: this.#model.variants.get(variantId)?.productId ?? pick(known.products, variant),
        variantId: named ? variantId : null,
        quantity,
      };
    };
    const caller = (orderId: string, by: number): string | null =>
      by % 8 === 0 ? null : by % 8 === 1 ? pick(known.users, by) : (this.#model.orders.get(orderId)?.userId ?? null);
    switch (event.ask) {
      case "charge": {
        const userId = pick(known.users, event.user);
        return [{ kind: "charge", userId, amount: event.amount, version: event.stale ? (this.#model.users.get(userId)?.version ?? 0) : null }];
      }
      case "grant":
        return [{ kind: "grant", userIds: event.users.map((user) => pick(known.users, user)), amount: event.amount }];
      case "create user":
        return [{ kind: "create user", externalId: event.external === null ? null : `external ${event.external}` }];
      case "create product":
        return [{ kind: "create product", variants: event.variants, forSale: event.forSale }];
      case "edit product":
        return [{ kind: "edit product", productId: pick(known.products, event.product), forSale: event.forSale, price: event.price }];
      case "adjust stock":
        return [{ kind: "adjust stock", variantId: pick(known.variants, event.variant), delta: event.delta }];
      case "create campaign": {
        const { discount, total, opensIn, closesIn, validDays, expiresIn } = event;
        return [
          {
            kind: "create campaign",
            terms: {
              discount,
              totalQuantity: total,
              opensAt: now + opensIn,
              closesAt: closesIn === null ? null : now + closesIn,
              validDays,
              expiresAt: expiresIn === null ? null : now + expiresIn,
            },
          },
        ];
      }
      case "edit campaign": {
        const { total, discount, closesIn } = event;
        const terms = {
          ...(total === null ? {} : { totalQuantity: total }),
          ...(discount === null ? {} : { discount }),
          ...(closesIn === null ? {} : { closesAt: now + closesIn }),
        };
        return [{ kind: "edit campaign", couponId: pick(known.campaigns, event.campaign), terms }];
      }
      case "issue coupon":
        return [{ kind: "issue coupon", couponId: pick(known.campaigns, event.campaign), userId: pick(known.users, event.user) }];
      case "expire coupons": {
        const due = this.#store.rows(userCoupons).filter(({ status, expiresAt }) => status === "AVAILABLE" && expiresAt !== null && expiresAt <= now);
        return [{ kind: "expire coupons", userCouponIds: due.map(({ id }) => id) }];
      }
      case "add to cart":
        return [{ kind: "add to cart", userId: pick(known.users, event.user), ...lineItem(event) }];
      case "set quantity":
        return [
          {
            kind: "set quantity",
            userId: this.#ownerOf(pick(known.items, event.item), event.user),
            itemId: pick(known.items, event.item),
            quantity: event.quantity,
          },
        ];
      case "remove from cart":
        return [
          { kind: "remove from cart", userId: this.#ownerOf(pick(known.items, event.item), event.user), itemId: pick(known.items, event.item) },
        ];
      case "place order": {
        const userCouponId = event.coupon === null ? null : pick(known.coupons, event.coupon);
        // Mostly by the owner of the coupon.
        const owner = userCouponId !== null && event.user % 8 > 0 ? this.#model.coupons.get(userCouponId)?.userId : undefined;
        const order = { userId: owner ?? pick(known.users, event.user), lineItems: event.lineItems?.map(lineItem) ?? null, userCouponId };
        const expectedAmount = event.expects === null ? null : this.#model.quote(order) + event.expects;
        return [{ kind: "place order", ...order, method: event.method, expectedAmount, note: event.note }];
      }
      case "pay order": {
        const orderId = pick(known.orders, event.order);
        const { total, discount } = this.#model.orders.get(orderId) ?? { total: 0, discount: 0 };
        const expectedAmount = event.expects === null ? null : total - discount + event.expects;
        return [{ kind: "pay order", orderId, callerId: caller(orderId, event.by), expectedAmount }];
      }
      case "cancel order":
        return [{ kind: "cancel order", orderId: pick(known.orders, event.order), callerId: caller(pick(known.orders, event.order), event.by) }];
      case "refund order": {
        const orderId = pick(known.orders, event.order);
        return [{ kind: "refund order", orderId, items: this.#itemsOf(orderId, event.items), restock: event.restock }];
      }
      case "expire orders": {
        const due = this.#store.rows(orders).filter(({ status, expiresAt }) => status === "PENDING" && expiresAt !== null && expiresAt <= now);
        return due.map(({ id }) => ({ kind: "expire order", orderId: id }));
      }
      case "prepare order":
        return [{ kind: "prepare order", orderId: pick(known.orders, event.order) }];
      case "ship order": {
        const orderId = pickMostly(known.orders, (id) => this.#canShip(id), event.order);
        return [{ kind: "ship order", orderId, items: this.#itemsOf(orderId, event.items) }];
      }
      case "deliver shipment":
        return [{ kind: "deliver shipment", ...pickPair(known.shipments, event.shipment, { orderId: UNKNOWN_ID, shipmentId: UNKNOWN_ID }) }];
      case "request return": {
        const orderId = pickMostly(known.orders, (id) => (this.#model.orders.get(id)?.goods.parcels.length ?? 0) > 0, event.order);
        return [{ kind: "request return", orderId, callerId: caller(orderId, event.by), items: this.#itemsOf(orderId, event.items) }];
      }
      case "withdraw return": {
        const found = pickPair(known.returns, event.return, NO_RETURN);
        return [{ kind: "withdraw return", ...found, callerId: caller(found.orderId, event.by) }];
      }
      case "reject return":
        return [{ kind: "reject return", returnId: this.#openReturn(event.return) }];
      case "receive return":
        return [{ kind: "receive return", returnId: this.#openReturn(event.return), restock: event.restock }];
      case "erase user": {
        // One with money is not erased.
        return [{ kind: "erase user", userId: pickMostly(known.users, (id) => this.#model.users.get(id)?.balance === 0, event.user) }];
      }
    }
  }

  #canShip(orderId: string): boolean {
    const order = this.#model.orders.get(orderId);
    return (
      order !== undefined && ["COMPLETED", "PARTIALLY_REFUNDED"].includes(order.status) && order.items.some((item) => order.goods.unsent(item) > 0)
    );
  }

  #openReturn(n: number): string {
    const ids = this.#known.returns.map(({ returnId }) => returnId);
    const open = [...this.#model.orders.values()].flatMap(({ goods }) => goods.returns).filter(({ status }) => status === "REQUESTED");
    return pickMostly(ids, (id) => open.some((one) => one.id === id), n);
  }

  #itemsOf(orderId: string, items: { item: number; quantity: number }[] | null): { variantId: string; quantity: number }[] | null {
    const variantIds = this.#model.orders.get(orderId)?.items.map(({ variantId }) => variantId) ?? [];
    return items?.map(({ item, quantity }) => ({ variantId: pick(variantIds, item), quantity })) ?? null;
  }

  #ownerOf(itemId: string, user: number): string {
    for (const [userId, cart] of this.#model.carts) if (cart.some(({ id }) => id === itemId)) return userId;
    return pick(this.#known.users, user);
  }
}

/** The n-th of these ids, or sometimes one that does not exist. */
function pick(ids: string[], n: number): string {
  return (n % 32 === 31 ? undefined : ids[n % ids.length]) ?? UNKNOWN_ID;
}

/** Three times of four one that may succeed, if there is one. */
function pickMostly(ids: string[], mayWork: (id: string) => boolean, n: number): string {
  const good = n % 4 > 0 ? ids.filter(mayWork) : [];
  return pick(good.length > 0 ? good : ids, n);
}

function pickPair<T>(pairs: readonly T[], n: number, unknown: T): T {
  return (n % 32 === 31 ? undefined : pairs[n % pairs.length]) ?? unknown;
}
