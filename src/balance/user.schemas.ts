import Type from "typebox";
import { MetadataSchema } from "../http/metadata.ts";
import { Id, Instant, Money, Nullable } from "../http/schemas.ts";

const fields = { id: Id(), name: Type.String(), externalId: Nullable(Type.String()), metadata: MetadataSchema() };

export const User = Type.Object(fields, { title: "User" });

export const UserWithBalance = Type.Object(
  {
    ...fields,
    balance: Money(),
    erasedAt: Type.Optional(Type.Unsafe<string>({ ...Instant(), description: "When the user's personal data was erased; only of erased users" })),
  },
  { title: "UserWithBalance" },
);
