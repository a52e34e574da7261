import Type from "typebox";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { perform, type Routes } from "../http/route.ts";
import { Body, Id, NextCursor, page, Query } from "../http/schemas.ts";
import { invalid } from "../refusal.ts";
import { RehearsalSchema, rehearsalView } from "./rehearsal-view.ts";
import type { Rehearsals } from "./rehearsals.ts";

const MAX_BUYERS = 10_000;
const MAX_ARRIVE_MS = 60_000;

const params = Type.Object({ id: Id() });
const Percent = (description: string) => Type.Integer({ minimum: 0, maximum: 100, description });

const START_DESCRIPTION =
  "The shop copies the product with its stock, and the coupon campaign. It creates buyers with just enough balance, who send their requests from a separate process over this machine's loopback: each claims a coupon if there is a campaign, and orders one unit if there is a product. With `dropId` the product is sold by a copy of the drop: with its mode, limit and waitlist, and holds of at most five seconds. People enter, wait in line, order or give up, and some try with several accounts. The copies are marked and appear in no list. Afterwards they are closed, all orders are undone, and the shop is audited. Orders and refunds of a rehearsal are real: the data platform receives their events, and the buyers remain, with their play money. One rehearsal at a time (503 `BUSY`). The buyers' tokens are the shop's own, also if an issuer signs all others.";

export function rehearsalRoutes(routes: Routes, rehearsals: Rehearsals): void {
  startRoute(routes, rehearsals);
  stopRoute(routes, rehearsals);
  viewRoutes(routes, rehearsals);
}

function startRoute(routes: Routes, rehearsals: Rehearsals): void {
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
        dropId: Type.Optional(Id("A drop, whose product is copied with it; productId is left out then")),
        giveUpPercent: Type.Optional(Percent("With dropId: of those who hold units, so many leave or let the hold lapse. Default 20")),
        manyAccountsPercent: Type.Optional(Percent("With dropId: of the people, so many try with three accounts each. Default 0")),
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
      answers: { 201: RehearsalSchema },
      refusals: ["PRODUCT_NOT_FOUND", "COUPON_NOT_FOUND", "DROP_NOT_FOUND"],
      shape({ body }) {
        const { productId, couponId, dropId } = body;
        if (dropId !== undefined && productId !== undefined) invalid("/productId", "must not be given with dropId, which names the product");
        if ((productId ?? couponId ?? dropId) === undefined) invalid("/productId", "productId, couponId or dropId is required");
        for (const name of ["giveUpPercent", "manyAccountsPercent"] as const)
          if (dropId === undefined && body[name] !== undefined) invalid(`/${name}`, "is for rehearsals of a drop");
      },
    },
    ({ body: { productId, couponId, dropId, buyers, arriveWithinMs = 2000, giveUpPercent = 20, manyAccountsPercent = 0 } }) =>
      perform(
        async () =>
          rehearsalView(
            await rehearsals.start({
              productId: productId?.toLowerCase() ?? null,
              couponId: couponId?.toLowerCase() ?? null,
              buyers,
              arriveWithinMs,
              ...(dropId === undefined ? {} : { dropId: dropId.toLowerCase(), habits: { giveUpPercent, manyAccountsPercent } }),
            }),
          ),
        201,
      ),
  );
}

function stopRoute(routes: Routes, rehearsals: Rehearsals): void {
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
      answers: { 200: RehearsalSchema },
      refusals: ["NOT_FOUND"],
    },
    ({ params: { id } }) => perform(async () => rehearsalView(await rehearsals.stop(id))),
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
      answers: { 200: Type.Object({ rehearsals: Type.Array(RehearsalSchema), nextCursor: NextCursor }) },
      shape: ownCursor("rehearsals", ["id"]),
    },
    async ({ query: { limit = 20, cursor } }) => {
      const [before] = (readCursor("rehearsals", cursor, ["id"]) ?? [null]) as [string | null];
      const rows = await rehearsals.page(before, limit + 1);
      return { rehearsals: rows.slice(0, limit).map(rehearsalView), nextCursor: nextCursor(rows, limit, "rehearsals", (row) => [row.id]) };
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
      answers: { 200: RehearsalSchema },
      refusals: ["NOT_FOUND"],
    },
    async ({ params: { id } }) => rehearsalView(await rehearsals.find(id)),
  );
}
