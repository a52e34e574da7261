// `metadata`: a shop's own data on a row, texts by key. The shop stores it and never reads it.

import Type from "typebox";

export type Metadata = Record<string, string>;

export const MetadataSchema = () =>
  Type.Unsafe<Metadata>({
    type: "object",
    propertyNames: { minLength: 1, maxLength: 40 },
    additionalProperties: Type.String({ maxLength: 500 }),
    maxProperties: 50,
    description: "The shop's own data: up to 50 texts by key",
  });
