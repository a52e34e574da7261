// Data of the signed-in user.

import { type Body, everyPage, type UserCoupon } from "#client";
import { shop } from "../api.ts";
import { type Resource, type ResourceOptions, useResource } from "../../shared/resource.ts";
import { session } from "../session.ts";

/** The ids of the campaigns from which the user has claimed a coupon. */
export function useClaimed(): Resource<Set<string>> {
  return useUserResource("claimed", async (userId, signal) => new Set((await couponsOf(userId, "ALL", signal)).map(({ couponId }) => couponId)));
}

export async function couponsOf(userId: string, status: "AVAILABLE" | "ALL", signal: AbortSignal): Promise<UserCoupon[]> {
  const coupons: UserCoupon[] = [];
  for await (const { userCoupons } of everyPage((from) => shop.listUserCoupons({ path: { userId }, query: { status, limit: 100, ...from }, signal })))
    coupons.push(...userCoupons);
  return coupons;
}

/** The last instant at which a coupon is valid. A coupon that expires at midnight is valid until 23:59 of the day before. */
export function lastValidInstant(expiresAt: string): string {
  return new Date(Date.parse(expiresAt) - 1).toISOString();
}

/** A resource of the signed-in user. Without a user it stays empty and sends no request. */
export function useUserResource<T>(
  name: string,
  load: (userId: string, signal: AbortSignal) => Promise<T>,
  options: ResourceOptions<T> = {},
): Resource<T> {
  const userId = session.value?.userId;
  return useResource(`${name} ${userId ?? ""}`, (signal) => (userId === undefined ? new Promise<T>(() => {}) : load(userId, signal)), options);
}

export type Cart = Body<"getCart">;
export type Order = Body<"getOrder">;
export type ListedOrder = Body<"listUserOrders">["orders"][number];
