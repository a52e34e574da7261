// Schemas that many routes share.

import Type, { type TProperties, type TSchema } from "typebox";
import type { RefusalCode } from "../refusal.ts";
import { TEXT, TEXT_KEYS } from "./text.ts";

/** A request body: unknown properties are refused. */
export function Body<T extends TProperties>(properties: T, options: Record<string, unknown> = {}): ReturnType<typeof Type.Object<T>> {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** A query: strings are coerced to the schema's types, and unknown parameters are ignored. */
export function Query<T extends TProperties>(properties: T): ReturnType<typeof Type.Object<T>> {
  return Type.Object(properties);
}

export const Id = (description?: string) => Type.String({ format: "uuid", ...(description ? { description } : {}) });
export const Instant = () => Type.String({ format: "date-time", description: "RFC 3339, in UTC" });
export const Day = (description: string) => Type.String({ format: "date", description });
/**
 * Text that people read, not blank. Validation trims it and normalizes it to Unicode NFC (text.ts), so that a name typed on two systems is one
 * name. `maxLength` counts code points after that.
 */
export const Text = (maxLength: number, description?: string) =>
  Type.String({ minLength: 1, maxLength, pattern: "\\S", [TEXT]: true, ...(description ? { description } : {}) });
/** The same, but it may be empty. */
export const OptionalText = (maxLength: number) => Type.String({ maxLength, [TEXT]: true });
/** A key of another system, such as an `externalId` or an SKU: not blank, stored and compared byte by byte. */
export const ForeignKey = (maxLength: number, description?: string) =>
  Type.String({ minLength: 1, maxLength, pattern: "\\S", ...(description ? { description } : {}) });
/** A record of text by text, such as options and their values. Keys and values are text that people read. */
export const TextRecord = (maxKeyLength: number, maxLength: number, maxProperties: number) =>
  Type.Unsafe<Record<string, string>>({
    type: "object",
    [TEXT_KEYS]: true,
    propertyNames: { minLength: 1, maxLength: maxKeyLength, pattern: "\\S" },
    additionalProperties: Text(maxLength),
    maxProperties,
  });
/** The parameter `q` of a list: every word in it must occur. */
export const Search = (description: string) => Type.Optional(Type.String({ maxLength: 200, [TEXT]: true, description }));
export const Amount = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum, description: "In the currency's minor unit" });
export const ExpectedAmount = () =>
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      "The amount that the buyer was shown, in the currency's minor unit. If the amount has changed since: 409 AMOUNT_CHANGED, without any effect",
  });
export const Quantity = () => Type.Integer({ minimum: 1, maximum: 1_000_000 });
/** Fits PostgreSQL's integer, which one change per second would exhaust in 68 years. */
export const Version = (description?: string) => Type.Integer({ minimum: 0, maximum: 2_147_483_647, ...(description ? { description } : {}) });
/** The gateway's key of a payment that the buyer has authorized. */
export const PaymentKey = (description: string) => Type.String({ minLength: 1, maxLength: 200, pattern: "^[\\x21-\\x7e]+$", description });
export const Money = () => Type.Integer({ description: "In the currency's minor unit" });
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const OneOf = <const T extends readonly string[]>(values: T, description?: string) =>
  Type.Unsafe<T[number]>({ type: "string", enum: [...values], ...(description ? { description } : {}) });

/** In place of a user's id in a path: the caller. */
export const ME = "me";
export const UserParams = Type.Object({ userId: Id("A user's id, or `me`") });

/** The parameters `limit` and `cursor` of every list. */
export const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: "The most entries of the page" })),
  // The longest cursor holds a name of 300 characters, each escaped in JSON, all in base64.
  cursor: Type.Optional(Type.String({ maxLength: 3000, description: "`nextCursor` of the previous page" })),
};
export const NextCursor = Nullable(Type.String({ description: "The next page's `cursor`; null at the end" }));

/** One of two shapes: with or without `property`. Errors name the fields of the shape that was sent. */
export function Either<A, B>(property: string, withProperty: TSchema, without: TSchema): ReturnType<typeof Type.Unsafe<A | B>> {
  return Type.Unsafe<A | B>({ type: "object", if: { required: [property] }, then: withProperty, else: without });
}

/** The problem document (RFC 9457) of these refusals. */
export function problemSchema(codes: RefusalCode[]): TSchema {
  return Type.Object(
    {
      type: Type.String({ format: "uri-reference", description: "A path that explains this kind of refusal" }),
      title: Type.String({ description: "The standard reason phrase of the status" }),
      status: Type.Integer(),
      code: OneOf(codes),
      detail: Type.String({ description: "A sentence for people, in Korean or English" }),
      requestId: Type.String({ description: "The id of this request, as in `X-Request-Id`" }),
      errors: Type.Optional(
        Type.Array(
          Type.Object({
            path: Type.String({ description: "A JSON pointer into the body, or a slash and the parameter's name" }),
            message: Type.String(),
          }),
          { description: "The invalid fields" },
        ),
      ),
    },
    {
      title: "Problem",
      additionalProperties: true,
      description: "Further properties give what the client needs in order to act: ids, amounts, `retryAfter` in seconds",
    },
  );
}
