// The coupons of one user.

import Type from "typebox";
import { selectWallets } from "../balance/balance.sql.ts";
import { BatchedPages } from "../database/batched-pages.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { newestFirst, type PagedList } from "../http/pages.ts";
import type { Routes } from "../http/route.ts";
import { OneOf, page, Query, UserParams } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import { UserCouponListSchema } from "./coupon.schemas.ts";
import { COUPON_FILTERS, type CouponFilter, selectUserCoupons, userCouponOf } from "./coupon.sql.ts";
import { userCouponView } from "./user-coupon-view.ts";

const NO_COUPONS = { ko: "보유한 쿠폰이 없습니다", en: "There are no coupons here" };

type Row = Record<string, unknown> & { page: number; id: string; name: string };

/** Each filter is a list of its own: a cursor of one filter is refused by another. */
const LISTS = Object.fromEntries(COUPON_FILTERS.map((status) => [status, newestFirst(`user coupons ${status}`)])) as Record<
  CouponFilter,
  PagedList<[id: string]>
>;

export function userCouponRoutes(routes: Routes, { database, now }: { database: Database; now: Now }): void {
  const pages = new Map(
    COUPON_FILTERS.map((status) => [status, new BatchedPages<Row>((batch) => database.rows(selectUserCoupons(batch, status, now())))]),
  );

  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/coupons",
      operationId: "listUserCoupons",
      audience: "owner",
      permission: "customers",
      tag: "Coupons",
      summary: "The user's coupons, newest first",
      description: "`AVAILABLE` are the coupons that an order can use now.",
      params: UserParams,
      query: Query({ ...page, status: Type.Optional(OneOf(COUPON_FILTERS, "Only coupons with this status now")) }),
      answers: { 200: UserCouponListSchema },
      faults: { "params/userId": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
      shape: ({ query }) => LISTS[query.status ?? "AVAILABLE"].checkCursor({ query }),
    },
    async ({ params: { userId }, query, locale }) => {
      const { status = "AVAILABLE" } = query;
      const at = now();
      const { rows, nextCursor } = await LISTS[status].read(
        query,
        async (after, limit) => (await pages.get(status)?.get(userId, after?.[0] ?? null, limit)) ?? [],
        ({ id }) => [id],
      );
      if (rows.length === 0 && (await database.rows(selectWallets([userId]))).length === 0) refuse("USER_NOT_FOUND", { userId });
      const userCoupons = rows.map((row) => userCouponView({ coupon: userCouponOf(row), name: row.name }, at));
      return { userCoupons, nextCursor, ...(userCoupons.length === 0 ? { message: NO_COUPONS[locale] } : {}) };
    },
  );
}
