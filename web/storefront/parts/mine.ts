// What is the visitor's own, on whatever page.

import { type Body, everyPage, type UserCoupon } from "#client";
import { shop } from "../api.ts";
import { type Resource, type ResourceOptions, useResource } from "../../shared/resource.ts";
import { session } from "../session.ts";

/** The campaigns of which the visitor holds, or held, a coupon. */
export function useClaimed(): Resource<Set<string>> {
  return useMine("claimed", async (userId, signal) => new Set((await couponsOf(userId, "ALL", signal)).map(({ couponId }) => couponId)));
}

export async function couponsOf(userId: string, status: "AVAILABLE" | "ALL", signal: AbortSignal): Promise<UserCoupon[]> {
  const found: UserCoupon[] = [];
  for await (const { userCoupons } of everyPage((from) => shop.listUserCoupons({ path: { userId }, query: { status, limit: 100, ...from }, signal })))
    found.push(...userCoupons);
  return found;
}

/** The last moment at which a coupon is good: a coupon that expires as a day begins is good until 23:59 of the day before. */
export function lastMomentOf(expiresAt: string): string {
  return new Date(Date.parse(expiresAt) - 1).toISOString();
}

/** A resource of the signed-in user; without one there is nothing, and nothing is asked. */
export function useMine<T>(name: string, load: (userId: string, signal: AbortSignal) => Promise<T>, options: ResourceOptions<T> = {}): Resource<T> {
  const userId = session.value?.userId;
  return useResource(`${name} ${userId ?? ""}`, (signal) => (userId === undefined ? new Promise<T>(() => {}) : load(userId, signal)), options);
}

export type Cart = Body<"getCart">;
export type Order = Body<"getOrder">;
export type ListedOrder = Body<"listUserOrders">["orders"][number];
