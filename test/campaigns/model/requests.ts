// Translates steps of the simulation's model into HTTP requests, and responses into results of the model.

import { campaignTerms } from "../simulation/campaign-terms.ts";
import { type GoodsStep, NOTE, type Result, type Step } from "../simulation/steps.ts";
import type { Answer } from "../../support/shop.ts";

/** `as`: the caller, a user's id or null for an operator. */
export type HttpRequest = { operationId: string; as: string | null; method: "GET" | "POST" | "PATCH" | "DELETE"; path: string; body?: unknown };

/** All steps but expiries, which are jobs, and those of parcels, returns and erasures, which are simulated only. */
export type RequestStep = Exclude<Step, { kind: "expire order" | "expire coupons" } | GoodsStep>;

/** HTTP statuses of the refusals, by the contract. */
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

/** @param options `unique` makes the payment key unique; with `orderedAt` an operator imports a past order */
export function requestOf(step: RequestStep, { unique, orderedAt }: { unique: string; orderedAt: number | null }): HttpRequest {
  const post = (operationId: string, as: string | null, path: string, body?: unknown): HttpRequest => ({
    operationId,
    as,
    method: "POST",
    path,
    body,
  });
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
      return post("createCoupon", null, "/admin/coupons", { name: "쿠폰", ...isoTimes(step.terms) });
    case "edit campaign":
      return { operationId: "editCoupon", as: null, method: "PATCH", path: `/admin/coupons/${step.couponId}`, body: isoTimes(step.terms) };
    case "issue coupon":
      return post("issueCoupon", step.userId, `/coupons/${step.couponId}/issue`);
    case "add to cart":
      return post("addToCart", step.userId, `/users/${step.userId}/cart/items`, lineItem(step));
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
      const { userId, lineItems, userCouponId, method, expectedAmount } = step;
      const body = {
        ...(lineItems === null ? { fromCart: true } : { orderItems: lineItems.map(lineItem) }),
        ...(userCouponId === null ? {} : { userCouponId }),
        payment: { method },
        ...(expectedAmount === null ? {} : { expectedAmount }),
        ...(step.note ? { note: NOTE } : {}),
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
        restock: step.restock,
      });
  }
}

/** The result of a step in the terms of the model. */
export function resultOf(step: RequestStep, { status, body }: Answer): Result {
  if (status >= 400) {
    const code = String(body.code);
    if (REFUSED[code] !== status) throw new Error(`${step.kind} was refused with ${status} ${JSON.stringify(body)}`);
    return { refusal: code === "COUPON_UNUSABLE" || code === "ORDER_NOT_CANCELLABLE" ? `${code} ${body.reason}` : code };
  }
  const created = ["create user", "create product", "create campaign", "issue coupon", "add to cart", "place order", "pay order"];
  const expected = step.kind === "remove from cart" ? 204 : created.includes(step.kind) ? 201 : 200;
  if (status !== expected) throw new Error(`${step.kind} got ${status} ${JSON.stringify(body)}`);
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

/** Whether the API accepts the step's values: it does not accept a zero stock change or an empty campaign. */
export function isRequest(step: Step): step is RequestStep {
  if (step.kind === "adjust stock") return step.delta !== 0;
  if (step.kind === "create campaign" || step.kind === "edit campaign") return step.terms.totalQuantity !== 0;
  if (step.kind === "expire order" || step.kind === "expire coupons") return false;
  return true;
}

function lineItem({ productId, variantId, quantity }: { productId: string; variantId: string | null; quantity: number }): Record<string, unknown> {
  return { productId, quantity, ...(variantId === null ? {} : { variantId }) };
}

function isoTimes(terms: Record<string, unknown>): Record<string, unknown> {
  const named = Object.entries(terms).map(([name, value]) => [
    name,
    name.endsWith("At") && value !== null ? new Date(value as number).toISOString() : value,
  ]);
  return Object.fromEntries(named);
}

function msOrNull(instant: string | null): number | null {
  return instant === null ? null : Date.parse(instant);
}
