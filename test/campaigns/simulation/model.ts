// A naive model of the shop: sequential, in plain maps. It shares no rule and no arithmetic with src/, so that it can check the shop.
// It takes the ids of new rows from the shop's responses.

import { isDeepStrictEqual } from "node:util";
import assert from "node:assert/strict";
import type { Discount } from "../../../src/coupon/coupon.ts";
import { expand, Goods, type GoodsReturn, quantitiesOf } from "./goods.ts";
import { BALANCE_MAX, CANCEL_WITHIN_MS, NOTE, ORDER_EXPIRES_AFTER_MS, type Result, type Step, type Terms } from "./steps.ts";
import type { Json } from "../../support/shop.ts";

type Item = { variantId: string; productId: string; price: number; quantity: number; refunded: number };
type Order = {
  userId: string;
  status: string;
  items: Item[];
  total: number;
  discount: number;
  refunded: number;
  coupon: string | null;
  expiresAt: number | null;
  completedAt?: number;
  /** Paid by card: neither the payment nor a refund changes the balance. */
  byCard: boolean;
  /** Brought in by an operator: its buyer cannot cancel it. */
  imported?: true;
  note: string | null;
  /** Parcels and returns. */
  goods: Goods;
};
type Coupon = {
  couponId: string;
  userId: string;
  state: "AVAILABLE" | "USED" | "EXPIRED" | "VOID";
  expiresAt: number;
  orderId: string | null;
  voided?: true;
};
type LineItem = { productId: string; variantId: string | null; quantity: number };
type CartItem = { id: string; productId: string; variantId: string; quantity: number };

/** Thrown for a refusal; not an Error, since a stack trace would be slow. */
class ModelRefusal {
  readonly code: string;
  constructor(code: string) {
    this.code = code;
  }
}
function refuse(code: string): never {
  throw new ModelRefusal(code);
}

type Answer = Json;

/** `adjustments`: all changes of the stock except sales and refunds; the first is the initial stock. */
type Variant = { productId: string; price: number; stock: number; adjustments: { delta: number; stockAfter: number }[] };

export class Model {
  readonly users = new Map<string, { balance: number; version: number; erased?: true }>();
  /** Granted money that was not taken back, by user. */
  readonly granted = new Map<string, number>();
  /** The user of each external id. */
  readonly externalIds = new Map<string, string>();
  /** When the erasure of a user was committed, by user and by freed external id: rounds that had read the row before may use it. */
  readonly #erasedAt = new Map<string, number>();
  readonly products = new Map<string, { forSale: boolean; variants: string[] }>();
  readonly variants = new Map<string, Variant>();
  readonly campaigns = new Map<string, Terms & { holders: Set<string> }>();
  readonly coupons = new Map<string, Coupon>();
  readonly carts = new Map<string, CartItem[]>();
  readonly orders = new Map<string, Order>();

  /**
   * The expected result of a step.
   * @param actual for its ids, and for refunded amounts, which may be rounded either way
   * @param committedAt when its round was committed
   */
  do(step: Step, now: number, actual: Result, committedAt = now): Result {
    try {
      if (step.kind === "erase user") return { answer: this.#erase(step.userId, committedAt) };
      if (this.#isStale(step, now, actual)) return actual;
      // A refusal changes nothing, so all checks come before all changes.
      return { answer: this.#do(step, now, "answer" in actual ? actual.answer : undefined) };
    } catch (error) {
      if (error instanceof ModelRefusal) return { refusal: error.code };
      throw error;
    }
  }

  #do(step: Step, now: number, a: Answer): unknown {
    switch (step.kind) {
      case "create user":
        if (step.externalId !== null && this.externalIds.has(step.externalId)) refuse("INVALID_REQUEST");
        if (!a) return "a user";
        if (step.externalId !== null) this.externalIds.set(step.externalId, a[0].id);
        this.users.set(a[0].id, { balance: 0, version: 0 });
        return [{ id: a[0].id, externalId: step.externalId }];

      case "charge": {
        const user = this.#customer(step.userId);
        if (step.version !== null && step.version !== user.version) refuse("BALANCE_CONFLICT");
        if (user.balance + step.amount > BALANCE_MAX) refuse("BALANCE_LIMIT_EXCEEDED");
        this.#pay(step.userId, step.amount);
        return { userId: step.userId, newBalance: user.balance, version: user.version };
      }

      case "grant": {
        const each = new Map<string, number>();
        for (const id of step.userIds) this.#customer(id);
        for (const id of step.userIds) {
          const user = this.#customer(id);
          each.set(id, (each.get(id) ?? 0) + step.amount);
          if (user.balance + (each.get(id) ?? 0) > BALANCE_MAX) refuse("BALANCE_LIMIT_EXCEEDED");
        }
        for (const id of step.userIds) {
          this.#pay(id, step.amount);
          this.granted.set(id, (this.granted.get(id) ?? 0) + step.amount);
        }
        return { granted: step.userIds.length, totalAmount: step.userIds.length * step.amount };
      }

      case "create product": {
        if (!a) return "a product";
        const ids = (a[0].variants as { id: string }[]).map(({ id }) => id);
        step.variants.forEach(({ price, stock }, i) =>
          this.variants.set(ids[i] as string, { productId: a[0].id, price, stock, adjustments: [{ delta: stock, stockAfter: stock }] }),
        );
        this.products.set(a[0].id, { forSale: step.forSale, variants: ids });
        return [this.product(a[0].id)];
      }

      case "edit product": {
        const product = this.products.get(step.productId) ?? refuse("PRODUCT_NOT_FOUND");
        if (step.price !== null && product.variants.length > 1) refuse("INVALID_REQUEST");
        product.forSale = step.forSale;
        if (step.price !== null) this.#variant(product.variants[0] as string).price = step.price;
        return this.product(step.productId);
      }

      case "adjust stock": {
        const variant = this.variants.get(step.variantId) ?? refuse("PRODUCT_NOT_FOUND");
        if (variant.stock + step.delta < 0) refuse("STOCK_INSUFFICIENT");
        variant.stock += step.delta;
        variant.adjustments.push({ delta: step.delta, stockAfter: variant.stock });
        return { variantId: step.variantId, stock: variant.stock };
      }

      case "create campaign":
        this.#checkTimes(step.terms);
        if (!a) return "a campaign";
        this.campaigns.set(a.id, { ...step.terms, holders: new Set() });
        return { id: a.id, issuedQuantity: 0, ...step.terms };

      case "edit campaign": {
        const campaign = this.campaigns.get(step.couponId) ?? refuse("COUPON_NOT_FOUND");
        if (step.terms.discount && !isDeepStrictEqual(step.terms.discount, campaign.discount) && campaign.holders.size > 0) refuse("INVALID_REQUEST");
        if ((step.terms.totalQuantity ?? campaign.totalQuantity) < campaign.holders.size) refuse("INVALID_REQUEST");
        this.#checkTimes({ ...campaign, ...step.terms });
        Object.assign(campaign, step.terms);
        return { id: step.couponId, issuedQuantity: campaign.holders.size, totalQuantity: campaign.totalQuantity };
      }

      case "issue coupon": {
        this.#customer(step.userId, now, a);
        const campaign = this.campaigns.get(step.couponId) ?? refuse("COUPON_NOT_FOUND");
        const { opensAt, closesAt, expiresAt, validDays, holders } = campaign;
        if (holders.has(step.userId)) refuse("COUPON_ALREADY_ISSUED");
        if (now < opensAt || now >= (closesAt ?? Infinity) || now >= (expiresAt ?? Infinity)) refuse("COUPON_CLOSED");
        if (holders.size === campaign.totalQuantity) refuse("COUPON_SOLD_OUT");
        if (!a) return "a coupon";
        const ends = Math.min(expiresAt ?? Infinity, validDays === null ? Infinity : endOfDayInSeoul(now, validDays));
        holders.add(step.userId);
        this.coupons.set(a.id, { couponId: step.couponId, userId: step.userId, state: "AVAILABLE", expiresAt: ends, orderId: null });
        return {
          id: a.id,
          couponId: step.couponId,
          userId: step.userId,
          issuedAt: now,
          expiresAt: ends === Infinity ? null : ends,
          status: "AVAILABLE",
        };
      }

      case "expire coupons": {
        const due = step.userCouponIds.map((id) => this.coupons.get(id)).filter((coupon) => coupon?.state === "AVAILABLE" && coupon.expiresAt <= now);
        for (const coupon of due) (coupon as Coupon).state = "EXPIRED";
        return due.length;
      }

      case "add to cart": {
        this.#customer(step.userId);
        const variantId = this.#variantOf(step);
        this.#checkOnSale(step.productId);
        const cart = this.carts.get(step.userId) ?? [];
        if (cart.some((item) => item.variantId === variantId)) refuse("CART_ITEM_DUPLICATE");
        if (!a) return "an item";
        this.carts.set(step.userId, [...cart, { id: a.id, productId: step.productId, variantId, quantity: step.quantity }]);
        return { id: a.id, variantId, quantity: step.quantity, unitPrice: this.#variant(variantId).price, stock: this.#variant(variantId).stock };
      }

      case "set quantity":
      case "remove from cart": {
        this.#customer(step.userId);
        const cart = this.carts.get(step.userId) ?? [];
        const item = cart.find(({ id }) => id === step.itemId) ?? refuse("CART_ITEM_NOT_FOUND");
        const rest = step.kind === "set quantity" ? [{ ...item, quantity: step.quantity }] : [];
        this.carts.set(
          step.userId,
          cart.flatMap((one) => (one === item ? rest : [one])),
        );
        return step.kind === "set quantity" ? { id: item.id, variantId: item.variantId, quantity: step.quantity } : null;
      }

      case "place order": {
        const { userId, userCouponId: coupon, method } = step;
        // An order that is paid later reads the user without a lock, unless it has personal data.
        if (method === "DEFERRED" && step.lineItems !== null && !step.note) this.#customer(userId, now, a);
        else this.#customer(userId);
        const cart = this.carts.get(userId) ?? [];
        if (step.lineItems === null && cart.length === 0) refuse("INVALID_REQUEST");
        const itemsByVariant = new Map<string, Item>();
        for (const lineItem of step.lineItems ?? cart) {
          const variantId = this.#variantOf(lineItem);
          const known = itemsByVariant.get(variantId);
          if (known) known.quantity += lineItem.quantity;
          else itemsByVariant.set(variantId, { variantId, productId: lineItem.productId, price: 0, quantity: lineItem.quantity, refunded: 0 });
        }
        if (coupon !== null && this.coupons.get(coupon)?.userId !== userId) refuse("COUPON_NOT_FOUND");
        const items = [...itemsByVariant.values()];
        for (const item of items) {
          this.#checkOnSale(item.productId);
          item.price = this.#variant(item.variantId).price;
        }
        const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
        const discount = coupon === null ? 0 : discountOf(this.#usableDiscount(coupon, userId, total, now), total);
        const order: Order = {
          userId,
          status: "PENDING",
          items,
          total,
          discount,
          refunded: 0,
          coupon,
          expiresAt: now + ORDER_EXPIRES_AFTER_MS,
          byCard: false,
          note: step.note ? NOTE : null,
          goods: new Goods(),
        };
        this.#checkExpectedAmount(step, order);
        if (method === "BALANCE") this.#checkPayable(order, now);
        if (!a) return "an order";
        this.orders.set(a.orderId, order);
        if (method === "BALANCE") this.#complete(a.orderId, order, now);
        if (step.lineItems === null) this.carts.set(userId, []);
        return this.order(a.orderId);
      }

      case "pay order": {
        const order = this.#own(step);
        if (order.status !== "PENDING" || now >= (order.expiresAt as number)) refuse("ORDER_NOT_PAYABLE");
        this.#checkExpectedAmount(step, order);
        for (const item of order.items) this.#checkOnSale(item.productId);
        this.#checkPayable({ ...order, byCard: step.card !== undefined }, now);
        if (step.card === "declined" && order.total > order.discount) refuse("PAYMENT_DECLINED");
        order.byCard = step.card !== undefined;
        this.#complete(step.orderId, order, now);
        return { orderId: step.orderId, status: "COMPLETED", amount: order.total - order.discount };
      }

      case "cancel order": {
        const order = this.#own(step);
        const tooLate = step.callerId !== null && now >= (order.completedAt ?? now) + CANCEL_WITHIN_MS;
        if (order.imported && step.callerId !== null) refuse("ORDER_NOT_CANCELLABLE STATUS");
        if (order.goods.parcels.length > 0 && order.status === "COMPLETED") refuse("ORDER_NOT_CANCELLABLE FULFILMENT");
        if (order.goods.isPreparing && order.status === "COMPLETED" && step.callerId !== null) refuse("ORDER_NOT_CANCELLABLE FULFILMENT");
        if (order.status === "COMPLETED" && tooLate) refuse("ORDER_NOT_CANCELLABLE TOO_LATE");
        if (order.status === "COMPLETED")
          return this.#refund(
            step.orderId,
            order.items.map(({ quantity }) => quantity),
            now,
            a,
          );
        if (order.status !== "PENDING") refuse("ORDER_NOT_CANCELLABLE STATUS");
        order.status = "CANCELLED";
        return this.order(step.orderId);
      }

      case "refund order": {
        const order = this.#own({ ...step, callerId: null });
        checkBought(order, step.items);
        if (!isPaid(order)) refuse("ORDER_NOT_REFUNDABLE");
        const wanted = order.items.map((item) =>
          step.items
            ? step.items.filter((one) => one.variantId === item.variantId).reduce((sum, one) => sum + one.quantity, 0)
            : item.quantity - item.refunded,
        );
        if (wanted.every((quantity) => quantity === 0)) refuse("ORDER_NOT_REFUNDABLE");
        if (order.items.some((item, i) => item.refunded + (wanted[i] as number) > item.quantity)) refuse("ORDER_NOT_REFUNDABLE");
        return this.#refund(step.orderId, wanted, now, a, { byReturn: false, restock: step.restock });
      }

      case "expire order": {
        const order = this.orders.get(step.orderId);
        if (order?.status !== "PENDING" || now < (order.expiresAt as number)) return false;
        order.status = "EXPIRED";
        return true;
      }

      case "prepare order": {
        const order = this.#own({ ...step, callerId: null });
        const { goods, items } = order;
        if (goods.isPreparing || goods.status(items) !== "NONE") return this.order(step.orderId);
        if (!isPaid(order) || items.every((item) => goods.unsent(item) === 0)) refuse("ORDER_NOT_SHIPPABLE");
        goods.isPreparing = true;
        return this.order(step.orderId);
      }

      case "ship order": {
        const order = this.#own({ ...step, callerId: null });
        const { goods, items } = order;
        checkBought(order, step.items);
        const unsent = items.filter((item) => goods.unsent(item) > 0);
        if (!isPaid(order) || unsent.length === 0) refuse("ORDER_NOT_SHIPPABLE");
        const wanted = step.items ? quantitiesOf(expand(step.items)) : unsent.map((item) => ({ ...item, quantity: goods.unsent(item) }));
        for (const { variantId, quantity } of wanted)
          if (quantity > (unsent.map((item) => (item.variantId === variantId ? goods.unsent(item) : 0)).find((units) => units > 0) ?? 0))
            refuse("ORDER_NOT_SHIPPABLE");
        if (!a) return "a parcel";
        goods.ship(a.shipments.at(-1).shipmentId, wanted, now);
        return this.order(step.orderId);
      }

      case "deliver shipment": {
        const { goods } = this.#own({ ...step, callerId: null });
        const parcel = goods.parcels.find(({ id }) => id === step.shipmentId) ?? refuse("SHIPMENT_NOT_FOUND");
        parcel.deliveredAt ??= now;
        return this.order(step.orderId);
      }

      case "request return": {
        const order = this.#own(step);
        if (step.callerId !== null) this.#customer(step.callerId, now, a);
        checkBought(order, step.items);
        const units = isPaid(order) ? order.goods.choose(order.goods.returnable(now), step.items) : undefined;
        if (units === undefined || units.length === 0) refuse("ORDER_NOT_RETURNABLE");
        if (!a) return "a return";
        order.goods.returns.push({ id: a.returnId, status: "REQUESTED", units });
        return this.#return(a.returnId);
      }

      case "withdraw return": {
        const found = this.#own(step).goods.returns.find(({ id }) => id === step.returnId);
        if (!found || found.status === "WITHDRAWN") refuse("RETURN_NOT_FOUND");
        if (found.status !== "REQUESTED") refuse("ORDER_NOT_RETURNABLE");
        found.status = "WITHDRAWN";
        return null;
      }

      case "reject return":
        this.#openReturn(step.returnId).status = "REJECTED";
        return this.#return(step.returnId);

      case "receive return": {
        const found = this.#openReturn(step.returnId);
        const [orderId, order] = [...this.orders].find(([, { goods }]) => goods.returns.includes(found)) ?? refuse("RETURN_NOT_FOUND");
        if (!isPaid(order)) refuse("ORDER_NOT_REFUNDABLE");
        const wanted = order.items.map(({ variantId }) => found.units.filter((unit) => unit.variantId === variantId).length);
        if (order.items.some((item, i) => item.refunded + (wanted[i] as number) > item.quantity)) refuse("ORDER_NOT_REFUNDABLE");
        if (!a) return "a refund";
        this.#refund(orderId, wanted, now, a, { byReturn: true, restock: step.restock });
        found.status = "RECEIVED";
        return { ...this.#return(step.returnId), restock: step.restock, refundedAmount: order.refunded };
      }

      case "erase user":
        return assert.fail("erased above");
    }
  }

  /** @param a with `now` if the user's row is read without a lock: a round that read it before the erasure may be committed after it */
  #customer(id: string, now?: number, a?: Answer): { balance: number; version: number } {
    const user = this.users.get(id) ?? refuse("USER_NOT_FOUND");
    if (user.erased && !(a && now !== undefined && now <= (this.#erasedAt.get(id) ?? -1))) refuse("USER_NOT_FOUND");
    return user;
  }

  /** External ids are read without a lock, so one that was freed meanwhile may still be refused. */
  #isStale(step: Step, now: number, actual: Result): boolean {
    if (step.kind !== "create user" || step.externalId === null || !("refusal" in actual) || actual.refusal !== "INVALID_REQUEST") return false;
    return !this.externalIds.has(step.externalId) && now <= (this.#erasedAt.get(`external ${step.externalId}`) ?? -1);
  }

  #erase(userId: string, committedAt: number): unknown {
    const user = this.users.get(userId) ?? refuse("USER_NOT_FOUND");
    const erased = { id: userId, name: "", externalId: null, metadata: {} };
    if (user.erased) return erased;
    const own = [...this.orders.values()].filter((order) => order.userId === userId);
    const isOpen = ({ status, goods, items }: Order): boolean =>
      status === "PENDING" ||
      ((status === "COMPLETED" || status === "PARTIALLY_REFUNDED") && !["SHIPPED", "DELIVERED"].includes(goods.status(items))) ||
      goods.returns.some((one) => one.status === "REQUESTED");
    if (own.some(isOpen)) refuse("USER_NOT_ERASABLE OPEN_ORDERS");
    if (user.balance !== 0) refuse("USER_NOT_ERASABLE BALANCE");
    user.erased = true;
    this.#erasedAt.set(userId, committedAt);
    this.carts.set(userId, []);
    for (const order of own) order.note = null;
    for (const [externalId, owner] of this.externalIds) {
      if (owner !== userId) continue;
      this.externalIds.delete(externalId);
      this.#erasedAt.set(`external ${externalId}`, committedAt);
    }
    return erased;
  }

  #openReturn(returnId: string): GoodsReturn {
    const found = this.#findReturn(returnId) ?? refuse("RETURN_NOT_FOUND");
    if (found.status !== "REQUESTED") refuse("ORDER_NOT_RETURNABLE");
    return found;
  }

  #findReturn(returnId: string): GoodsReturn | undefined {
    return [...this.orders.values()].flatMap(({ goods }) => goods.returns).find(({ id }) => id === returnId);
  }

  #return(returnId: string): Record<string, unknown> {
    const { status, units } = this.#findReturn(returnId) as GoodsReturn;
    return { returnId, status, items: quantitiesOf(units.map(({ variantId }) => variantId)) };
  }

  #pay(userId: string, amount: number): void {
    const user = this.users.get(userId) ?? refuse("USER_NOT_FOUND");
    if (amount === 0) return;
    user.balance += amount;
    user.version += 1;
  }

  #checkTimes({ opensAt, closesAt, expiresAt }: Terms): void {
    if ((closesAt ?? Infinity) <= opensAt || (expiresAt ?? Infinity) <= opensAt) refuse("INVALID_REQUEST");
  }

  #variant(id: string): Variant {
    return this.variants.get(id) ?? refuse("PRODUCT_NOT_FOUND");
  }

  /** The named variant; it may be omitted if the product has only one. */
  #variantOf({ productId, variantId }: { productId: string; variantId: string | null }): string {
    const { variants } = this.products.get(productId) ?? refuse("PRODUCT_NOT_FOUND");
    if (variantId === null && variants.length !== 1) refuse("INVALID_REQUEST");
    return variants.find((id) => variantId === null || id === variantId) ?? refuse("PRODUCT_NOT_FOUND");
  }

  #checkOnSale(productId: string): void {
    if (!this.products.get(productId)?.forSale) refuse("PRODUCT_NOT_FOR_SALE");
  }

  #usableDiscount(userCouponId: string, userId: string, total: number, now: number): Discount {
    const coupon = this.coupons.get(userCouponId);
    if (coupon?.userId !== userId) return refuse("COUPON_NOT_FOUND");
    if (coupon.state === "AVAILABLE" && coupon.expiresAt <= now) refuse("COUPON_UNUSABLE EXPIRED");
    if (coupon.state !== "AVAILABLE") refuse(`COUPON_UNUSABLE ${coupon.state}`);
    const { discount } = this.campaigns.get(coupon.couponId) as Terms;
    if (total < (discount.minOrderAmount ?? 0)) refuse("COUPON_UNUSABLE MIN_ORDER_AMOUNT");
    return discount;
  }

  /** Checks stock, coupon and balance, in this order. */
  #checkPayable({ userId, items, total, discount, coupon, byCard }: Order, now: number): void {
    for (const item of items) if (this.#variant(item.variantId).stock < item.quantity) refuse("STOCK_INSUFFICIENT");
    if (coupon !== null) this.#usableDiscount(coupon, userId, total, now);
    if (!byCard && (this.users.get(userId)?.balance ?? 0) < total - discount) refuse("BALANCE_INSUFFICIENT");
  }

  #complete(orderId: string, order: Order, now: number): void {
    order.completedAt = now;
    for (const item of order.items) this.#variant(item.variantId).stock -= item.quantity;
    if (order.coupon !== null) Object.assign(this.coupons.get(order.coupon) as Coupon, { state: "USED", orderId });
    if (!order.byCard) this.#pay(order.userId, order.discount - order.total);
    order.status = "COMPLETED";
  }

  #checkExpectedAmount({ expectedAmount }: { expectedAmount: number | null }, { total, discount }: Order): void {
    if (expectedAmount !== null && expectedAmount !== total - discount) refuse("AMOUNT_CHANGED");
  }

  /** Makes the available coupons of a campaign void, and used ones when they come back. Returns the number of available ones. */
  voidCampaign(couponId: string, now: number): number {
    let voided = 0;
    for (const coupon of this.coupons.values()) {
      if (coupon.couponId !== couponId || (coupon.state !== "USED" && (coupon.state !== "AVAILABLE" || coupon.expiresAt <= now))) continue;
      if (coupon.state === "AVAILABLE") voided++;
      Object.assign(coupon, { voided: true, state: coupon.state === "USED" ? "USED" : "VOID" });
    }
    return voided;
  }

  /** Takes granted money back, and returns whether there was enough. */
  revoke(userId: string, amount: number): boolean {
    const granted = this.granted.get(userId) ?? 0;
    if (amount > granted || amount > (this.users.get(userId)?.balance ?? 0)) return false;
    this.#pay(userId, -amount);
    this.granted.set(userId, granted - amount);
    return true;
  }

  /** The amount that a page would show for this order now. */
  quote({ userId, lineItems, userCouponId }: { userId: string; lineItems: LineItem[] | null; userCouponId: string | null }): number {
    const total = (lineItems ?? this.carts.get(userId) ?? []).reduce((sum, { productId, variantId, quantity }) => {
      const id = variantId ?? this.products.get(productId)?.variants[0] ?? "";
      return sum + (this.variants.get(id)?.price ?? 0) * quantity;
    }, 0);
    const campaign = this.campaigns.get(this.coupons.get(userCouponId ?? "")?.couponId ?? "");
    return total - (campaign ? discountOf(campaign.discount, total) : 0);
  }

  #own({ orderId, callerId }: { orderId: string; callerId: string | null }): Order {
    const order = this.orders.get(orderId);
    if (!order || (callerId !== null && order.userId !== callerId)) refuse("ORDER_NOT_FOUND");
    return order;
  }

  /** Refunds these quantities. The amount of a part may be rounded either way; all parts together are the paid amount. */
  #refund(orderId: string, wanted: number[], now: number, a: Answer, how = { byReturn: false, restock: true }): unknown {
    const order = this.orders.get(orderId) as Order;
    const paid = order.total - order.discount;
    const whole = order.items.every((item, i) => item.refunded + (wanted[i] as number) === item.quantity);
    const worth = order.items.reduce((sum, item, i) => sum + item.price * (wanted[i] as number), 0);
    const fair = order.total === 0 ? 0 : (paid * worth) / order.total;
    const about = 2 * order.items.length;
    const amount = whole ? paid - order.refunded : a ? a.refundedAmount - order.refunded : Math.ceil(fair + about);
    if (!a) return "a refund";
    assert.ok(amount >= 0 && Math.abs(amount - fair) <= about, `${amount} of ${paid} were refunded, expected about ${fair}`);
    for (const [i, item] of order.items.entries()) {
      order.goods.refund(item, wanted[i] as number, how);
      item.refunded += wanted[i] as number;
      if (how.restock) this.#variant(item.variantId).stock += wanted[i] as number;
    }
    if (!order.byCard) this.#pay(order.userId, amount);
    order.refunded += amount;
    order.status = whole ? "REFUNDED" : "PARTIALLY_REFUNDED";
    const coupon = whole && order.coupon !== null ? this.coupons.get(order.coupon) : undefined;
    if (coupon) Object.assign(coupon, { state: coupon.voided ? "VOID" : coupon.expiresAt <= now ? "EXPIRED" : "AVAILABLE", orderId: null });
    return this.order(orderId);
  }

  /** The expected response for a product. */
  product(id: string): { price: number; stock: number; status: string; variants: { price: number; stock: number }[] } & { id: string } {
    const { forSale, variants } = this.products.get(id) as { forSale: boolean; variants: string[] };
    const each = variants.map((variantId) => ({ id: variantId, price: this.#variant(variantId).price, stock: this.#variant(variantId).stock }));
    const stock = each.reduce((sum, variant) => sum + variant.stock, 0);
    return {
      id,
      price: Math.min(...each.map(({ price }) => price)),
      stock,
      status: !forSale ? "NOT_FOR_SALE" : stock > 0 ? "ON_SALE" : "SOLD_OUT",
      variants: each,
    };
  }

  /** The expected response for an order. */
  order(orderId: string): Record<string, unknown> {
    const { userId, status, total, discount, refunded, coupon, items, note, goods } = this.orders.get(orderId) as Order;
    const unpaid = ["PENDING", "CANCELLED", "EXPIRED"].includes(status);
    return {
      orderId,
      userId,
      status,
      totalAmount: total,
      discountAmount: discount,
      paidAmount: unpaid ? 0 : total - discount,
      refundedAmount: refunded,
      amountDue: status === "PENDING" ? total - discount : 0,
      userCouponId: coupon,
      note,
      fulfilmentStatus: goods.status(items),
      shipments: goods.parcels.map(({ id }) => ({ shipmentId: id })),
      orderItems: items.map((item) => ({
        variantId: item.variantId,
        unitPrice: item.price,
        quantity: item.quantity,
        refundedQuantity: item.refunded,
      })),
    };
  }
}

function isPaid({ status }: Order): boolean {
  return status === "COMPLETED" || status === "PARTIALLY_REFUNDED";
}

function checkBought({ items: bought }: Order, items: { variantId: string }[] | null): void {
  if (items?.some(({ variantId }) => !bought.some((item) => item.variantId === variantId))) refuse("INVALID_REQUEST");
}

/** Rounded down; BigInt division truncates. */
function discountOf(discount: Discount, total: number): number {
  const wanted = discount.type === "FIXED" ? discount.amount : Number((BigInt(total) * BigInt(discount.rate)) / 100n);
  const most = discount.type === "PERCENTAGE" ? (discount.maxAmount ?? Infinity) : Infinity;
  return Math.min(wanted, most, total);
}

const DAY_MS = 86_400_000;
const AHEAD_OF_UTC_MS = 9 * 3_600_000;

/** The end of the n-th day after this one in Seoul, which has no daylight saving time. */
function endOfDayInSeoul(now: number, days: number): number {
  return (Math.floor((now + AHEAD_OF_UTC_MS) / DAY_MS) + days + 1) * DAY_MS - AHEAD_OF_UTC_MS;
}
