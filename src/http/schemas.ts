// Pieces of request and answer that many routes share.

import Type, { type TProperties, type TSchema } from "typebox";
import type { RefusalCode } from "../refusal.ts";
import { TEXT, TEXT_KEYS } from "./text.ts";

/** An object without members that nobody asked for: unknown ones are refused. */
export function Body<T extends TProperties>(properties: T, options: Record<string, unknown> = {}): ReturnType<typeof Type.Object<T>> {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** A query: strings become what the schema wants, and what it does not name is passed over. */
export function Query<T extends TProperties>(properties: T): ReturnType<typeof Type.Object<T>> {
  return Type.Object(properties);
}

export const Id = (description?: string) => Type.String({ format: "uuid", ...(description ? { description } : {}) });
export const Instant = () => Type.String({ format: "date-time", description: "RFC 3339, in UTC" });
export const Day = (description: string) => Type.String({ format: "date", description });
/**
 * Text that people read, not blank. Validation stores it trimmed and in Unicode NFC (text.ts), so that a name typed on two systems is one name;
 * `maxLength` counts code points after that.
 */
export const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: "\\S", [TEXT]: true });
/** The same, but it may be empty. */
export const OptionalText = (maxLength: number) => Type.String({ maxLength, [TEXT]: true });
/** A key of another system, such as an `externalId` or a SKU: not blank, stored and compared byte for byte. */
export const ForeignKey = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: "\\S" });
/** Text by text, such as options and their values. Both are text that people read. */
export const TextRecord = (maxKeyLength: number, maxLength: number, maxProperties: number) =>
  Type.Unsafe<Record<string, string>>({
    type: "object",
    [TEXT_KEYS]: true,
    propertyNames: { minLength: 1, maxLength: maxKeyLength, pattern: "\\S" },
    additionalProperties: Text(maxLength),
    maxProperties,
  });
/** `q` of a list: every word in it must occur. */
export const Search = (description: string) => Type.Optional(Type.String({ maxLength: 200, [TEXT]: true, description }));
export const Amount = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum, description: "In the currency's minor unit" });
export const ExpectedAmount = () =>
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      "What the buyer was shown to pay, in the currency's minor unit. If the amount is another one now: 409 AMOUNT_CHANGED, and nothing changes",
  });
export const Quantity = () => Type.Integer({ minimum: 1, maximum: 1_000_000 });
/** As PostgreSQL's integer: a balance that moves once a second outlives it by decades. */
export const Version = (description?: string) => Type.Integer({ minimum: 0, maximum: 2_147_483_647, ...(description ? { description } : {}) });
/** What the buyer has authorized at the gateway, by the gateway's own name. */
export const PaymentKey = (description: string) => Type.String({ minLength: 1, maxLength: 200, pattern: "^[\\x21-\\x7e]+$", description });
export const Money = () => Type.Integer({ description: "In the currency's minor unit" });
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const OneOf = <const T extends readonly string[]>(values: T) => Type.Unsafe<T[number]>({ type: "string", enum: [...values] });

export const UserParams = Type.Object({ userId: Id() });

/** `limit` and `cursor` of every list. */
export const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  // A name of 300 characters, each escaped in JSON and all of them in base64, is the longest that a cursor holds.
  cursor: Type.Optional(Type.String({ maxLength: 3000, description: "`nextCursor` of the page before" })),
};
export const NextCursor = Nullable(Type.String({ description: "The next page's `cursor`; null at the end" }));

/**
 * Either shape, told apart by whether `member` is there. Errors come from the shape that was meant, and name its fields.
 */
export function Either<A, B>(member: string, withMember: TSchema, without: TSchema): ReturnType<typeof Type.Unsafe<A | B>> {
  return Type.Unsafe<A | B>({ type: "object", if: { required: [member] }, then: withMember, else: without });
}

/** The problem document (RFC 9457) of these refusals. */
export function problemSchema(codes: RefusalCode[]): TSchema {
  return Type.Object(
    {
      type: Type.String({ format: "uri-reference", description: "Leads to what this kind of refusal is" }),
      title: Type.String({ description: "HTTP's own name of the status" }),
      status: Type.Integer(),
      code: OneOf(codes),
      detail: Type.String({ description: "For people, in Korean or English" }),
      errors: Type.Optional(
        Type.Array(
          Type.Object({
            path: Type.String({ description: "A JSON pointer into the body, or the parameter's name behind a slash" }),
            message: Type.String(),
          }),
          { description: "Which fields are at fault" },
        ),
      ),
    },
    {
      title: "Problem",
      additionalProperties: true,
      description: "With it stands what the client needs in order to act: ids, amounts, `retryAfter` in seconds",
    },
  );
}
