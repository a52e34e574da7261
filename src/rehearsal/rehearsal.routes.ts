import Type from "typebox";
import { iso, isoOrNull } from "../database/statement.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { perform, type Routes } from "../http/route.ts";
import { Body, Id, Instant, NextCursor, Nullable, OneOf, page, Query } from "../http/schemas.ts";
import { invalid } from "../refusal.ts";
import { STATES } from "./rehearsal.ts";
import type { RehearsalRecord } from "./rehearsal.sql.ts";
import type { Rehearsals } from "./rehearsals.ts";

const MAX_BUYERS = 10_000;
const MAX_ARRIVE_MS = 60_000;

const Count = (description?: string) => Type.Integer(description ? { description } : {});
const Latency = Nullable(Type.Object({ p50: Type.Number(), p95: Type.Number(), p99: Type.Number(), max: Type.Number() }));
const Side = Nullable(
  Type.Object({
    asked: Count(),
    succeeded: Count(),
    refusedBy: Type.Record(Type.String(), Type.Integer()),
    askedAgain: Count("Retries of requests that the shop refused temporarily"),
    latencyMs: Latency,
    order: Type.Object({
      outOfOrder: Count("Buyers who succeeded although they sent their request after another buyer was told that nothing was left"),
      farthest: Nullable(Count("The largest difference between a winner's place by sending time and by service time")),
    }),
  }),
);
const Report = Type.Object({
  tookMs: Count("From the opening to the last response"),
  claims: Side,
  orders: Side,
  timeline: Type.Object({
    stretchMs: Type.Integer(),
    points: Type.Array(
      Type.Object({ claims: Count(), orders: Count(), refused: Count(), p50: Nullable(Type.Number()), p99: Nullable(Type.Number()) }),
    ),
  }),
  left: Type.Object(
    { stock: Nullable(Type.Integer()), coupons: Nullable(Type.Integer()) },
    { description: "Of the copies, before orders were undone" },
  ),
  refunded: Count("Orders that were undone afterwards"),
  audit: Type.Object({ violations: Type.Integer(), checkedAt: Instant() }),
});
const Rehearsal = Type.Object(
  {
    id: Id(),
    state: OneOf(STATES),
    productId: Nullable(Id("The original")),
    couponId: Nullable(Id("The original")),
    copies: Type.Object({ productId: Nullable(Id()), couponId: Nullable(Id()) }),
    plan: Type.Object({
      buyers: Type.Integer(),
      arriveWithinMs: Type.Integer(),
      product: Nullable(Type.Object({ name: Type.String(), stock: Type.Integer() })),
      coupon: Nullable(Type.Object({ name: Type.String(), quantity: Type.Integer() })),
    }),
    progress: Nullable(
      Type.Object({ opensAt: Instant(), arrived: Count(), claimed: Count(), sold: Count(), refused: Count(), done: Count("Buyers who are done") }),
    ),
    report: Nullable(Report),
    failure: Nullable(Type.String()),
    createdAt: Instant(),
    finishedAt: Nullable(Instant()),
  },
  { title: "Rehearsal" },
);

const params = Type.Object({ id: Id() });

const START_DESCRIPTION =
  "The shop copies the product with its stock, and the coupon campaign. It creates buyers with just enough balance, who send their requests from a separate process over this machine's loopback: each claims a coupon if there is a campaign, and orders one unit if there is a product. The copies are marked and appear in no list. Afterwards they are closed, all orders are undone, and the shop is audited. Orders and refunds of a rehearsal are real: the data platform receives their events, and the buyers remain, with their play money. One rehearsal at a time (503 `BUSY`). The buyers' tokens are the shop's own, also if an issuer signs all others.";

export function rehearsalRoutes(routes: Routes, rehearsals: Rehearsals): void {
  changeRoutes(routes, rehearsals);
  viewRoutes(routes, rehearsals);
}

function changeRoutes(routes: Routes, rehearsals: Rehearsals): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/rehearsals",
      operationId: "startRehearsal",
      audience: "operator",
      permission: "operations",
      tag: "Rehearsals",
      summary: "Rehearse a drop: simulated buyers against copies of a product and a coupon",
      description: START_DESCRIPTION,
      body: Body({
        productId: Type.Optional(Id()),
        couponId: Type.Optional(Id("A campaign. At least one of productId and couponId is required")),
        buyers: Type.Integer({ minimum: 1, maximum: MAX_BUYERS }),
        arriveWithinMs: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: MAX_ARRIVE_MS,
            default: 2000,
            description: "From the opening on; half of the buyers arrive in the first quarter",
          }),
        ),
      }),
      answers: { 201: Rehearsal },
      refusals: ["PRODUCT_NOT_FOUND", "COUPON_NOT_FOUND"],
      shape({ body }) {
        if (body.productId === undefined && body.couponId === undefined) invalid("/productId", "either productId or couponId is required");
      },
    },
    ({ body: { productId, couponId, buyers, arriveWithinMs = 2000 } }) =>
      perform(
        async () =>
          view(
            await rehearsals.start({
              productId: productId?.toLowerCase() ?? null,
              couponId: couponId?.toLowerCase() ?? null,
              buyers,
              arriveWithinMs,
            }),
          ),
        201,
      ),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/rehearsals/{id}/stop",
      operationId: "stopRehearsal",
      audience: "operator",
      permission: "operations",
      tag: "Rehearsals",
      summary: "Stop a rehearsal",
      description: "Stops it within a second or two, and removes its copies. A finished rehearsal is not changed.",
      params,
      body: Body({}),
      answers: { 200: Rehearsal },
      refusals: ["NOT_FOUND"],
    },
    ({ params: { id } }) => perform(async () => view(await rehearsals.stop(id))),
  );
}

function viewRoutes(routes: Routes, rehearsals: Rehearsals): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/rehearsals",
      operationId: "listRehearsals",
      audience: "operator",
      permission: "operations",
      tag: "Rehearsals",
      summary: "Rehearsals, newest first",
      description: "Rehearsals by any instance, also those that have ended.",
      query: Query(page),
      answers: { 200: Type.Object({ rehearsals: Type.Array(Rehearsal), nextCursor: NextCursor }) },
      shape: ownCursor("rehearsals", ["id"]),
    },
    async ({ query: { limit = 20, cursor } }) => {
      const [before] = (readCursor("rehearsals", cursor, ["id"]) ?? [null]) as [string | null];
      const rows = await rehearsals.page(before, limit + 1);
      return { rehearsals: rows.slice(0, limit).map(view), nextCursor: nextCursor(rows, limit, "rehearsals", (row) => [row.id]) };
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/rehearsals/{id}",
      operationId: "getRehearsal",
      audience: "operator",
      permission: "operations",
      tag: "Rehearsals",
      summary: "One rehearsal: its progress, and its report when it is done",
      description: "`report` is null until the rehearsal is done.",
      params,
      answers: { 200: Rehearsal },
      refusals: ["NOT_FOUND"],
    },
    async ({ params: { id } }) => view(await rehearsals.find(id)),
  );
}

function view(record: RehearsalRecord) {
  const { id, state, sourceProductId, sourceCouponId, productId, couponId, plan, progress, report, failure, createdAt, finishedAt } = record;
  return {
    id,
    state,
    productId: sourceProductId,
    couponId: sourceCouponId,
    copies: { productId, couponId },
    plan,
    progress,
    report,
    failure,
    createdAt: iso(createdAt),
    finishedAt: isoOrNull(finishedAt),
  };
}
