import Type from "typebox";
import { iso, isoOrNull } from "../database/statement.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { perform, type Routes } from "../http/route.ts";
import { Body, Id, Instant, NextCursor, Nullable, OneOf, page, Query } from "../http/schemas.ts";
import { invalid } from "../refusal.ts";
import { STATES } from "./rehearsal.ts";
import type { RehearsalRecord } from "./rehearsal.sql.ts";
import type { Rehearsals } from "./rehearsals.ts";

const MOST_BUYERS = 10_000;
const MOST_ARRIVE_MS = 60_000;

const Count = (description?: string) => Type.Integer(description ? { description } : {});
const Latency = Nullable(Type.Object({ p50: Type.Number(), p95: Type.Number(), p99: Type.Number(), max: Type.Number() }));
const Side = Nullable(
  Type.Object({
    asked: Count(),
    succeeded: Count(),
    refusedBy: Type.Record(Type.String(), Type.Integer()),
    askedAgain: Count("How often somebody came again because the shop asked for patience"),
    latencyMs: Latency,
    order: Type.Object({
      outOfOrder: Count("Who got something although they asked only after somebody else had been told that nothing was left"),
      farthest: Nullable(Count("The most places between where a winner stood when asking and when served")),
    }),
  }),
);
const Report = Type.Object({
  tookMs: Count("From the opening to the last answer"),
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
    { description: "Of the copies, before anything was given back" },
  ),
  refunded: Count("Orders that were given back afterwards"),
  audit: Type.Object({ violations: Type.Integer(), checkedAt: Instant() }),
});
const Rehearsal = Type.Object(
  {
    id: Id(),
    state: OneOf(STATES),
    productId: Nullable(Id("What was copied")),
    couponId: Nullable(Id("What was copied")),
    copies: Type.Object({ productId: Nullable(Id()), couponId: Nullable(Id()) }),
    plan: Type.Object({
      buyers: Type.Integer(),
      arriveWithinMs: Type.Integer(),
      product: Nullable(Type.Object({ name: Type.String(), stock: Type.Integer() })),
      coupon: Nullable(Type.Object({ name: Type.String(), quantity: Type.Integer() })),
    }),
    progress: Nullable(
      Type.Object({ opensAt: Instant(), arrived: Count(), claimed: Count(), sold: Count(), refused: Count(), done: Count("Buyers who went home") }),
    ),
    report: Nullable(Report),
    failure: Nullable(Type.String()),
    createdAt: Instant(),
    finishedAt: Nullable(Instant()),
  },
  { title: "Rehearsal" },
);

export function rehearsalRoutes(routes: Routes, rehearsals: Rehearsals): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/rehearsals",
      operationId: "startRehearsal",
      audience: "operator",
      tag: "Rehearsals",
      summary: "Rehearse a drop: simulated buyers against copies of a product and a coupon",
      description:
        "The shop copies the product, its stock and the coupon campaign, makes buyers with just enough balance, and lets them come from a process of its own over this machine's loopback: each claims a coupon where there is one, and orders one piece where there is a product. The copies are marked and in no list. Afterwards they are closed, everything that was bought is given back, and the shop is audited. Orders and refunds of a rehearsal are real ones: the data platform is told of them, and its buyers stay, with their play money. One at a time (503 `BUSY`); 404 `NOT_FOUND` where an issuer's keys are configured, for the shop can then make no tokens.",
      body: Body({
        productId: Type.Optional(Id()),
        couponId: Type.Optional(Id("A campaign. At least one of the two")),
        buyers: Type.Integer({ minimum: 1, maximum: MOST_BUYERS }),
        arriveWithinMs: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: MOST_ARRIVE_MS,
            default: 2000,
            description: "From the opening on; half of them come in the first quarter",
          }),
        ),
      }),
      answers: { 201: Rehearsal },
      refusals: ["NOT_FOUND", "PRODUCT_NOT_FOUND", "COUPON_NOT_FOUND"],
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

  routes.read(
    {
      method: "GET",
      path: "/admin/rehearsals",
      operationId: "listRehearsals",
      audience: "operator",
      tag: "Rehearsals",
      summary: "Rehearsals, newest first",
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

  const params = Type.Object({ id: Id() });
  routes.read(
    {
      method: "GET",
      path: "/admin/rehearsals/{id}",
      operationId: "getRehearsal",
      audience: "operator",
      tag: "Rehearsals",
      summary: "One rehearsal: how far it is, and its report once it is done",
      params,
      answers: { 200: Rehearsal },
      refusals: ["NOT_FOUND"],
    },
    async ({ params: { id } }) => view(await rehearsals.find(id)),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/rehearsals/{id}/stop",
      operationId: "stopRehearsal",
      audience: "operator",
      tag: "Rehearsals",
      summary: "Send the crowd of a rehearsal home",
      description: "It is stopped within a second or two, and tidied up. One that is over stays as it is.",
      params,
      body: Body({}),
      answers: { 200: Rehearsal },
      refusals: ["NOT_FOUND"],
    },
    ({ params: { id } }) => perform(async () => view(await rehearsals.stop(id))),
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
