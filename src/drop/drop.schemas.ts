// Responses of the drops' routes.

import Type from "typebox";
import { Id, Instant, Nullable, OneOf, Version } from "../http/schemas.ts";
import { DROP_MODES, DROP_STATUSES } from "./drop.ts";

export const DropSchema = Type.Object(
  {
    id: Id(),
    name: Type.String(),
    productId: Id(),
    mode: OneOf(DROP_MODES),
    opensAt: Instant(),
    closesAt: Nullable(Instant()),
    limitPerCustomer: Nullable(Type.Integer({ description: "Units per person, over all orders and holds; null: no limit" })),
    holdFor: Nullable(Type.String({ description: "How long a hold lasts, an ISO 8601 duration" })),
    waitlist: Type.Boolean({ description: "Whether entries wait in line when nothing is left for them" }),
    status: OneOf(DROP_STATUSES),
    remaining: Type.Integer({ description: "Free units of the product's variants on sale" }),
    entries: Type.Integer({ description: "Entries that were numbered" }),
    called: Type.Integer({
      description: "The number (after a draw: the rank) before the first waiting entry's; if none waits, the last one's",
    }),
    serverTime: Type.String({ format: "date-time", description: "The shop's time when the response was made" }),
    metadata: Type.Record(Type.String(), Type.String()),
    version: Version("Raised by each edit of an operator, never by a sale"),
  },
  { title: "Drop" },
);
