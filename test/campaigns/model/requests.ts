// The steps of the simulation's model as requests over HTTP, and what is answered in the model's words.

import { campaignTerms } from "../simulation/campaign-terms.ts";
import type { Result, Step } from "../simulation/steps.ts";
import type { Answer } from "../../support/shop.ts";

/** `as` is whose token is sent: a user's id, or null for an operator. */
export type Request = { operationId: string; as: string | null; method: "GET" | "POST" | "PATCH" | "DELETE"; path: string; body?: unknown };

/** What goes by a job and not by a request of its own. */
export type Asked = Exclude<Step, { kind: "expire order" | "expire coupons" }>;

/** Statuses of the refusals that the model knows, as the contract has them. */
const REFUSED: Record<string, number> = {
  INVALID_REQUEST: 400,
  USER_NOT_FOUND: 404,
  PRODUCT_NOT_FOUND: 404,
  COUPON_NOT_FOUND: 404,
  ORDER_NOT_FOUND: 404,
  CART_ITEM_NOT_FOUND: 404,
  PRODUCT_NOT_FOR_SALE: 400,
  STOCK_INSUFFICIENT: 400,
  BALANCE_INSUFFICIENT: 400,
  BALANCE_LIMIT_EXCEEDED: 400,
  COUPON_UNUSABLE: 400,
  COUPON_ALREADY_ISSUED: 409,
  COUPON_SOLD_OUT: 409,
  COUPON_CLOSED: 409,
  BALANCE_CONFLICT: 409,
  CART_ITEM_DUPLICATE: 409,
  ORDER_NOT_PAYABLE: 409,
  AMOUNT_CHANGED: 409,
  ORDER_NOT_CANCELLABLE: 409,
  ORDER_NOT_REFUNDABLE: 409,
  PAYMENT_DECLINED: 402,
};

/** @param unique tells this payment at the gateway from all others; `orderedAt` brings an order in as history */
export function requestOf(step: Asked, { unique, orderedAt }: { unique: string; orderedAt: number | null }): Request {
  const post = (operationId: string, as: string | null, path: string, body?: unknown): Request => ({ operationId, as, method: "POST", path, body });
  switch (step.kind) {
    case "create user":
      return post("createUsers", null, "/admin/users", { name: "손님", ...(step.externalId === null ? {} : { externalId: step.externalId }) });
    case "charge":
      return post("chargeBalance", step.userId, `/users/${step.userId}/balance/charge`, {
        amount: step.amount,
        ...(step.version === null ? {} : { version: step.version }),
      });
    case "grant":
      return post("grantBalances", null, "/admin/balances/grant", {
        grants: step.userIds.map((userId) => ({ userId, amount: step.amount, reason: "model" })),
      });
    case "create product":
      return post("createProducts", null, "/admin/products", {
        name: "사과",
        status: step.forSale ? "ON_SALE" : "NOT_FOR_SALE",
        variants: step.variants,
      });
    case "edit product": {
      const body = { status: step.forSale ? "ON_SALE" : "NOT_FOR_SALE", ...(step.price === null ? {} : { price: step.price }) };
      return { operationId: "editProduct", as: null, method: "PATCH", path: `/admin/products/${step.productId}`, body };
    }
    case "adjust stock":
      return post("adjustStock", null, `/admin/variants/${step.variantId}/stock`, { delta: step.delta, reason: "model" });
    case "create campaign":
      return post("createCoupon", null, "/admin/coupons", { name: "쿠폰", ...instants(step.terms) });
    case "edit campaign":
      return { operationId: "editCoupon", as: null, method: "PATCH", path: `/admin/coupons/${step.couponId}`, body: instants(step.terms) };
    case "issue coupon":
      return post("issueCoupon", step.userId, `/coupons/${step.couponId}/issue`);
    case "add to cart":
      return post("addToCart", step.userId, `/users/${step.userId}/cart/items`, article(step));
    case "set quantity":
      return {
        operationId: "setCartQuantity",
        as: step.userId,
        method: "PATCH",
        path: `/users/${step.userId}/cart/items/${step.itemId}`,
        body: { quantity: step.quantity },
      };
    case "remove from cart":
      return { operationId: "removeFromCart", as: step.userId, method: "DELETE", path: `/users/${step.userId}/cart/items/${step.itemId}` };
    case "place order": {
      const { userId, articles, userCouponId, method, expectedAmount } = step;
      const body = {
        ...(articles === null ? { fromCart: true } : { orderItems: articles.map(article) }),
        ...(userCouponId === null ? {} : { userCouponId }),
        payment: { method },
        ...(expectedAmount === null ? {} : { expectedAmount }),
        ...(orderedAt === null ? {} : { userId, orderedAt: new Date(orderedAt).toISOString() }),
      };
      return post("placeOrder", orderedAt === null ? userId : null, "/orders", body);
    }
    case "pay order": {
      const { orderId, callerId, card, expectedAmount } = step;
      const by = card === undefined ? { method: "BALANCE" } : { method: "CARD", paymentKey: `${card === "declined" ? "decline" : "paid"}-${unique}` };
      return post("payOrder", callerId, "/payments", { orderId, ...by, ...(expectedAmount === null ? {} : { expectedAmount }) });
    }
    case "cancel order":
      return post("cancelOrder", step.callerId, `/orders/${step.orderId}/cancel`);
    case "refund order":
      return post("refundOrder", null, `/admin/orders/${step.orderId}/refunds`, {
        ...(step.items === null ? {} : { items: step.items.map(({ variantId, quantity }) => ({ variantId, quantity })) }),
        reason: "model",
      });
  }
}

/** What came of a step, in the model's words. */
export function resultOf(step: Asked, { status, body }: Answer): Result {
  if (status >= 400) {
    const code = String(body.code);
    if (REFUSED[code] !== status) throw new Error(`${step.kind} was refused with ${status} ${JSON.stringify(body)}`);
    return { refusal: code === "COUPON_UNUSABLE" ? `${code} ${body.reason}` : code };
  }
  const created = ["create user", "create product", "create campaign", "issue coupon", "add to cart", "place order", "pay order"];
  const expected = step.kind === "remove from cart" ? 204 : created.includes(step.kind) ? 201 : 200;
  if (status !== expected) throw new Error(`${step.kind} was answered with ${status} ${JSON.stringify(body)}`);
  if (step.kind === "create user" || step.kind === "create product") return { answer: [body] };
  if (step.kind === "create campaign" || step.kind === "edit campaign") {
    return { answer: campaignTerms(body) };
  }
  if (step.kind === "issue coupon") {
    const { userCouponId: id, couponId, issuedAt, expiresAt } = body;
    const times = { issuedAt: Date.parse(issuedAt), expiresAt: msOrNull(expiresAt) };
    return { answer: { id, couponId, userId: step.userId, ...times, status: "AVAILABLE" } };
  }
  return { answer: step.kind === "remove from cart" ? null : body };
}

/** What the history draws and HTTP has no form for: an amount of nothing, a campaign of nothing. */
export function speakable(step: Step): step is Asked {
  if (step.kind === "adjust stock") return step.delta !== 0;
  if (step.kind === "create campaign" || step.kind === "edit campaign") return step.terms.totalQuantity !== 0;
  if (step.kind === "expire order" || step.kind === "expire coupons") return false;
  return true;
}

function article({ productId, variantId, quantity }: { productId: string; variantId: string | null; quantity: number }): Record<string, unknown> {
  return { productId, quantity, ...(variantId === null ? {} : { variantId }) };
}

function instants(terms: Record<string, unknown>): Record<string, unknown> {
  const named = Object.entries(terms).map(([name, value]) => [
    name,
    name.endsWith("At") && value !== null ? new Date(value as number).toISOString() : value,
  ]);
  return Object.fromEntries(named);
}

function msOrNull(instant: string | null): number | null {
  return instant === null ? null : Date.parse(instant);
}
