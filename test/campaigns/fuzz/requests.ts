// Generates requests to every operation of the OpenAPI document, by all kinds of callers.

import fc from "fast-check";
import { anything, type Draw, fitting, type Lookup, type Schema, someId, invalid } from "./values.ts";

export type Parameter = { $ref?: string; name: string; in: "path" | "query" | "header"; required?: boolean; schema: Schema };
export type Operation = {
  method: string;
  path: string;
  operationId: string;
  parameters: Parameter[];
  body: Schema | undefined;
  /** The body is a stream of lines; requests have one. */
  takesLines: boolean;
};

/** The media type of a stream of lines. */
export const LINES = "application/x-ndjson";

export const CALLERS = ["unauthenticated", "shopper", "another shopper", "operator", "forged token", "invalid signature"] as const;

/** A generated request. `SomeId` values stand for ids that the sender chooses. */
export type FuzzRequest = {
  operationId: string;
  method: string;
  path: string;
  /** Whether the request should succeed: its ids exist, belong to the caller and to each other. */
  isValid: boolean;
  as: (typeof CALLERS)[number];
  params: Record<string, unknown>;
  /** Names and values; names may repeat. Null is sent as an empty value. */
  query: [string, unknown][];
  headers: Record<string, string>;
  /** JSON, or raw text. */
  body: { json: unknown } | { text: string } | null;
};

const KEYS = fc.oneof(
  { weight: 6, arbitrary: fc.nat(5000).map((n) => `key-${n}`) },
  { weight: 1, arbitrary: fc.constantFrom("", "a".repeat(255), "a".repeat(256), "with space", "caf\u00e9", "~!") },
);

const TYPES = fc.constantFrom(
  "application/json",
  "application/json; charset=utf-8",
  "application/json;charset=latin1",
  "application/problem+json",
  "application/x-ndjson",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/",
  ";",
  "application/json, application/json",
);

/** Invalid or hostile JSON. */
const MALFORMED = fc.constantFrom(
  "",
  "{",
  "{}{}",
  '{"a":1,}',
  "{'a':1}",
  '{"amount":1,"amount":2}',
  '{"amount":1e400}',
  '{"amount":01}',
  '{"__proto__":{"role":"operator"}}',
  '{"constructor":{"prototype":{"role":"operator"}}}',
  "null",
  "[]",
  '"text"',
  "1",
  "\ufeff{}",
  '{"a":"\ud800"}',
  `${"[".repeat(5000)}${"]".repeat(5000)}`,
  `{"a":${'{"a":'.repeat(2000)}1${"}".repeat(2000)}}`,
  `{"name":"${"x".repeat(1_100_000)}"}`,
  "NaN",
  "undefined",
  '{"amount":9007199254740993}',
);

/** Arbitrary requests; every third is valid. */
export function fuzzRequests(operation: Operation, lookup: Lookup): fc.Arbitrary<FuzzRequest> {
  return fc.oneof({ weight: 2, arbitrary: anyRequest(operation, { lookup }) }, { weight: 1, arbitrary: validRequests(operation, lookup) });
}

function anyRequest({ method, path, operationId, parameters, body }: Operation, draw: Draw): fc.Arbitrary<FuzzRequest> {
  const inPath = parameters.filter((one) => one.in === "path");
  const inQuery = parameters.filter((one) => one.in === "query");
  return fc.record({
    operationId: fc.constant(operationId),
    method: fc.constant(method),
    path: fc.constant(path),
    isValid: fc.constant(false),
    as: fc.constantFrom(...CALLERS, ...Array.from({ length: 5 }, () => ["shopper", "operator"] as const).flat()),
    params: fc.record(Object.fromEntries(inPath.map(({ name, schema }) => [name, pathValue(schema, draw, kindOf(path, name))]))),
    query: queries(inQuery, draw),
    headers: headers(),
    body: body ? bodies(body, draw) : fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: bodies({}, draw) }),
  });
}

/** Requests by permitted callers, with fitting values and no header but the key. */
export function validRequests({ method, path, operationId, parameters, body, takesLines }: Operation, lookup: Lookup): fc.Arbitrary<FuzzRequest> {
  const draw = { lookup, plain: true };
  const inPath = parameters.filter((one) => one.in === "path");
  const inQuery = parameters.filter((one) => one.in === "query");
  const value = ({ name, schema }: Parameter): fc.Arbitrary<unknown> =>
    NAMES[kindOf(path, name)] ?? (schema.format === "uuid" ? someId(kindOf(path, name)) : fitting(schema, draw, name));
  return fc.record({
    operationId: fc.constant(operationId),
    method: fc.constant(method),
    path: fc.constant(path),
    isValid: fc.constant(true),
    as: path.startsWith("/admin/") ? fc.constant("operator") : fc.constantFrom("shopper", "another shopper"),
    params: fc.record(Object.fromEntries(inPath.map((one) => [one.name, value(one)]))),
    query: fc.subarray(inQuery).chain((some) => fc.tuple(...some.map((one) => fc.tuple(fc.constant(one.name), value(one))))),
    headers: takesLines ? fc.constant({ "content-type": LINES }) : fc.record({ "idempotency-key": fc.uuid() }, { requiredKeys: [] }),
    body: body ? fitting(body, draw).map((json) => ({ json })) : fc.constant(null),
  });
}

/** The kind of an id in a path: that of `/admin/orders/{id}` is `orderId`. */
export function kindOf(path: string, name: string): string {
  return name === "id" ? (KINDS[path.split("/{id}")[0]?.split("/").at(-1) as string] ?? "") : name;
}

/** Kinds of ids, by the names of lists in paths and responses. */
export const KINDS: Record<string, string> = {
  users: "userId",
  products: "productId",
  variants: "variantId",
  coupons: "couponId",
  userCoupons: "userCouponId",
  orders: "orderId",
  drops: "dropId",
  entries: "entryId",
  returns: "returnId",
  payments: "paymentId",
  items: "cartItemId",
  cartItems: "cartItemId",
  events: "eventId",
  rehearsals: "rehearsalId",
  demoUsers: "demoUserId",
};

/** Path parameters that are not ids. */
const NAMES: Record<string, fc.Arbitrary<string>> = {
  name: fc.constantFrom("aggregate-sales", "expire-orders", "settle-payments", "purge"),
  slug: fc.constantFrom("not-found", "busy", "internal"),
};

function pathValue(schema: Schema, draw: Draw, kind: string): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 20, arbitrary: NAMES[kind] ?? (schema.format === "uuid" ? someId(kind) : fitting(schema, draw, kind)) },
    { weight: 1, arbitrary: fc.constantFrom("x", "00000000-0000-0000-0000-000000000000", "%", "%25", "%00", "a".repeat(3000), "not-found") },
    { weight: 1, arbitrary: fc.string() },
  );
}

function queries(parameters: Parameter[], draw: Draw): fc.Arbitrary<[string, unknown][]> {
  const known = parameters.map(({ name, schema }) =>
    fc.tuple(fc.constant(name), fc.oneof({ weight: 8, arbitrary: fitting(schema, draw, name) }, { weight: 1, arbitrary: anything })),
  );
  const odd: fc.Arbitrary<[string, unknown]> = fc.tuple(
    fc.constantFrom("limit", "limit[]", "cursor", "__proto__", "%", "%ff", "a.b", "unknown"),
    anything,
  );
  return fc.array(fc.oneof(...known.map((arbitrary) => ({ weight: 4, arbitrary })), { weight: 1, arbitrary: odd }), {
    maxLength: parameters.length === 0 ? 1 : 4,
  });
}

function headers(): fc.Arbitrary<Record<string, string>> {
  return fc.record(
    {
      "idempotency-key": KEYS,
      "accept-language": fc.constantFrom("en", "ko", "de;q=0.5, en;q=0.1", "*", "x".repeat(2000), ";;;q=,"),
      accept: fc.constantFrom("text/html", "application/json", "*/*", "image/png;q=0"),
      "content-type": fc.oneof({ weight: 25, arbitrary: fc.constant("application/json") }, { weight: 1, arbitrary: TYPES }),
      "content-encoding": fc.oneof({ weight: 25, arbitrary: fc.constant("identity") }, { weight: 1, arbitrary: fc.constant("gzip") }),
      "x-forwarded-for": fc.constantFrom("127.0.0.1", "'", "::1"),
      "x-http-method-override": fc.constantFrom("DELETE", "PATCH"),
      "if-none-match": fc.constantFrom("*", '"x"'),
      range: fc.constantFrom("bytes=0-", "bytes=5-1"),
    },
    { requiredKeys: [] },
  );
}

function bodies(schema: Schema, draw: Draw): fc.Arbitrary<FuzzRequest["body"]> {
  return fc.oneof(
    { weight: 24, arbitrary: fitting(schema, draw).map((json) => ({ json })) },
    { weight: 8, arbitrary: invalid(schema, draw).map((json) => ({ json })) },
    { weight: 2, arbitrary: MALFORMED.map((text) => ({ text })) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}
