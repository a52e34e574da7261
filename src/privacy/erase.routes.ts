import Type from "typebox";
import { User } from "../balance/user.schemas.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Id, Text } from "../http/schemas.ts";
import { eraseUser } from "./erase-user.ts";

export function eraseRoutes(routes: Routes, { database, now }: { database: Database; now: Now }): void {
  const erase = eraseUser(database, now);

  routes.write(
    {
      method: "POST",
      path: "/admin/users/{id}/erase",
      operationId: "eraseUser",
      audience: "operator",
      permission: "customers",
      tag: "Users",
      summary: "Erase a user's personal data for good",
      description:
        "Erases name, externalId and metadata; addresses, notes and metadata of the orders; reasons of the returns; and stored responses of idempotent requests that contain them. Orders, payments and ledger stay. The user is no customer any more: further requests of theirs are 404 `USER_NOT_FOUND`. 409 `USER_NOT_ERASABLE` has the `reason` OPEN_ORDERS while an order is unpaid, not shipped or in return, or BALANCE while money is left or on its way.",
      params: Type.Object({ id: Id() }),
      body: Body({ reason: Text(500) }),
      answers: { 200: User },
      faults: { "params/id": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND", "USER_NOT_ERASABLE"],
    },
    ({ params }) => submit(erase, { userId: params.id }),
  );
}
