// Operations of the shop, as the simulation and its model know them.

import type { Discount } from "../../../src/coupon/coupon.ts";

export type Terms = {
  discount: Discount;
  totalQuantity: number;
  opensAt: number;
  closesAt: number | null;
  validDays: number | null;
  expiresAt: number | null;
};

export type Step =
  | { kind: "charge"; userId: string; amount: number; version: number | null }
  | { kind: "grant"; userIds: string[]; amount: number }
  | { kind: "create user"; externalId: string | null }
  | { kind: "create product"; variants: { price: number; stock: number }[]; forSale: boolean }
  | { kind: "edit product"; productId: string; forSale: boolean; price: number | null }
  | { kind: "adjust stock"; variantId: string; delta: number }
  | { kind: "create campaign"; terms: Terms }
  | { kind: "edit campaign"; couponId: string; terms: Partial<Terms> }
  | { kind: "issue coupon"; couponId: string; userId: string }
  | { kind: "expire coupons"; userCouponIds: string[] }
  | { kind: "add to cart"; userId: string; productId: string; variantId: string | null; quantity: number }
  | { kind: "set quantity"; userId: string; itemId: string; quantity: number }
  | { kind: "remove from cart"; userId: string; itemId: string }
  | {
      kind: "place order";
      userId: string;
      lineItems: { productId: string; variantId: string | null; quantity: number }[] | null;
      userCouponId: string | null;
      method: "BALANCE" | "DEFERRED";
      expectedAmount: number | null;
      /** Whether the buyer leaves a note, which is personal data. */
      note: boolean;
    }
  | { kind: "pay order"; orderId: string; callerId: string | null; expectedAmount: number | null; card?: "approved" | "declined" }
  | { kind: "cancel order"; orderId: string; callerId: string | null }
  | { kind: "refund order"; orderId: string; items: { variantId: string; quantity: number }[] | null; restock: boolean }
  | { kind: "expire order"; orderId: string }
  | GoodsStep;

/** Parcels, returns, and the erasure of users. */
export type GoodsStep =
  | { kind: "prepare order"; orderId: string }
  | { kind: "ship order"; orderId: string; items: { variantId: string; quantity: number }[] | null }
  | { kind: "deliver shipment"; orderId: string; shipmentId: string }
  | { kind: "request return"; orderId: string; callerId: string | null; items: { variantId: string; quantity: number }[] | null }
  | { kind: "withdraw return"; orderId: string; returnId: string; callerId: string | null }
  | { kind: "reject return"; returnId: string }
  | { kind: "receive return"; returnId: string; restock: boolean }
  | { kind: "erase user"; userId: string };

/** The result of a step: its answer, or the code of its refusal, with the reason if there is one. */
export type Result = { answer: unknown } | { refusal: string };

export const BALANCE_MAX = 1_000_000;
export const CANCEL_WITHIN_MS = 7 * 24 * 60 * 60_000;
export const ORDER_EXPIRES_AFTER_MS = 30 * 60_000;
export const RETURN_WITHIN_MS = 7 * 24 * 60 * 60_000;
export const NOTE = "leave it at the door";
