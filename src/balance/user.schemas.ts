import Type from "typebox";
import { MetadataSchema } from "../http/metadata.ts";
import { Id, Nullable } from "../http/schemas.ts";

export const User = Type.Object(
  { id: Id(), name: Type.String(), externalId: Nullable(Type.String()), metadata: MetadataSchema() },
  { title: "User" },
);
