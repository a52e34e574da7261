// A rehearsal as the API returns it.

import Type from "typebox";
import { iso, isoOrNull } from "../database/statement.ts";
import { DROP_MODES } from "../drop/drop.ts";
import { Id, Instant, Nullable, OneOf } from "../http/schemas.ts";
import { STATES } from "./rehearsal.ts";
import type { RehearsalRecord } from "./rehearsal.sql.ts";

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
const Counts = Type.Record(Type.String(), Type.Integer());
const Report = Type.Object({
  tookMs: Count("From the opening to the last response"),
  claims: Side,
  orders: Side,
  entries: Type.Optional(Side),
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
  drop: Type.Optional(
    Nullable(
      Type.Object(
        { sold: Count(), soldOutAfterMs: Nullable(Count()), holdsLapsed: Count(), entries: Counts },
        { description: "The report of the copied drop before orders were undone" },
      ),
    ),
  ),
  manyAccounts: Type.Optional(
    Nullable(
      Type.Object(
        { people: Count(), accounts: Count(), units: Count(), mostUnits: Count("Units of one person") },
        { description: "People with several accounts. Limits hold them only with `AUTH_PERSON_CLAIM`" },
      ),
    ),
  ),
  audit: Type.Object({ violations: Type.Integer(), checkedAt: Instant() }),
});
export const RehearsalSchema = Type.Object(
  {
    id: Id(),
    state: OneOf(STATES),
    productId: Nullable(Id("The original")),
    couponId: Nullable(Id("The original")),
    dropId: Nullable(Id("The original")),
    copies: Type.Object({ productId: Nullable(Id()), couponId: Nullable(Id()), dropId: Nullable(Id()) }),
    plan: Type.Object({
      buyers: Type.Integer(),
      arriveWithinMs: Type.Integer(),
      product: Nullable(Type.Object({ name: Type.String(), stock: Type.Integer() })),
      coupon: Nullable(Type.Object({ name: Type.String(), quantity: Type.Integer() })),
      drop: Nullable(
        Type.Object({
          name: Type.String(),
          mode: OneOf(DROP_MODES),
          limitPerCustomer: Nullable(Type.Integer()),
          holdFor: Nullable(Type.String({ description: "At most PT5S, so that units pass on while the rehearsal runs" })),
          waitlist: Type.Boolean(),
          giveUpPercent: Type.Integer(),
          manyAccountsPercent: Type.Integer(),
        }),
      ),
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

export function rehearsalView(record: RehearsalRecord) {
  const {
    id,
    state,
    sourceProductId,
    sourceCouponId,
    sourceDropId,
    productId,
    couponId,
    dropId,
    plan,
    progress,
    report,
    failure,
    createdAt,
    finishedAt,
  } = record;
  return {
    id,
    state,
    productId: sourceProductId,
    couponId: sourceCouponId,
    dropId: sourceDropId,
    copies: { productId, couponId, dropId },
    plan: { ...plan, drop: plan.drop ?? null },
    progress,
    report,
    failure,
    createdAt: iso(createdAt),
    finishedAt: isoOrNull(finishedAt),
  };
}
