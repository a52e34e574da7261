// Generates values for a JSON schema: fitting ones, including its bounds, and invalid ones.

import fc from "fast-check";

export type Schema = {
  $ref?: string;
  description?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
};

export type Lookup = (reference: string) => Schema;

/** Stands for an id that the sender chooses: an existing one, mostly of the right kind (`productId`, …). */
export type SomeId = { someId: number; of: string };

/** How to generate values. Plain ones are realistic: small numbers, names, days of this week. */
export type Draw = { lookup: Lookup; plain?: boolean };

const MAX_ITEMS = 4;

const hostile = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ud800",
  "e\u0301",
  "\u202e장날",
  "👩‍👩‍👧‍👦",
  "'; DROP TABLE orders; --",
  "%",
  "_\\",
  "${7*7}",
  "__proto__",
  "constructor",
  "null",
  "\r\nSet-Cookie: a=b",
  "../../etc/passwd",
  "<script>alert(1)</script>",
  "\uffff",
];

export function someId(of: string): fc.Arbitrary<SomeId> {
  return fc.nat(1_000_000).map((number) => ({ someId: number, of }));
}

const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 3, arbitrary: fc.constantFrom(...hostile) },
  { weight: 1, arbitrary: fc.nat(20_000).map((length) => "가".repeat(length)) },
);

/** Any JSON value. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, -1e-7, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1, [], {}, [[]], { a: {} }),
  anyText,
  someId(""),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Values that nearly always fit the schema. @param name of the property */
export function fitting(schema: Schema, draw: Draw, name = ""): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return fitting(draw.lookup(schema.$ref), draw, name);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return fc.oneof(...either.map((one) => fitting(one, draw, name)));
  switch (schema.type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number":
      return draw.plain === true ? smallNumbers(schema) : numbers(schema);
    case "array":
      // The items of `userIds` are of the kind `userId`.
      return fc.array(fitting(schema.items ?? {}, draw, name.replace(/s$/, "")), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? MAX_ITEMS, MAX_ITEMS),
      });
    case "object":
      return draw.plain === true ? plainMembers(schema, draw) : members(schema, (property, name) => fitting(property, draw, name));
    case "string":
      return draw.plain === true ? plainTexts(schema, name) : texts(schema, name);
    case undefined:
    default:
      return anything;
  }
}

/** Values with a fault: another type, a missing or unknown property, or a value out of bounds. */
export function invalid(schema: Schema, draw: Draw): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return invalid(draw.lookup(schema.$ref), draw);
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return fc.oneof(anything, ...either.map((one) => invalid(one, draw)));
  switch (schema.type) {
    case "integer":
    case "number":
      return fc.oneof(anything, fc.constantFrom((schema.minimum ?? 0) - 1, (schema.maximum ?? 2 ** 53) + 1, (schema.minimum ?? 0) + 0.5, 1e300));
    case "string":
      return fc.oneof(anything, anyText, fc.constant("x".repeat(Math.min(schema.maxLength ?? 300, 20_000) + 1)));
    case "array":
      return fc.oneof(anything, fc.array(fc.oneof(fitting(schema.items ?? {}, draw), invalid(schema.items ?? {}, draw)), { maxLength: MAX_ITEMS }));
    case "object":
      return fc.oneof(
        { weight: 1, arbitrary: anything },
        { weight: 6, arbitrary: members({ ...schema, required: [] }, (property, name) => oneOfTwo(property, draw, name)) },
        { weight: 3, arbitrary: members(schema, (property, name) => oneOfTwo(property, draw, name)) },
        {
          weight: 2,
          arbitrary: fc
            .tuple(
              members(schema, (property, name) => fitting(property, draw, name)),
              fc.constantFrom("__proto__", "isAdmin", "id", "role", "toString", ""),
              anything,
            )
            .map(([object, name, value]) => Object.defineProperty({ ...object }, name, { value, enumerable: true, configurable: true })),
        },
      );
    case undefined:
    default:
      return anything;
  }
}

function oneOfTwo(schema: Schema, draw: Draw, name: string): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 4, arbitrary: fitting(schema, draw, name) },
    { weight: 1, arbitrary: fc.constant(null).chain(() => invalid(schema, draw)) },
  );
}

function members(
  { properties = {}, patternProperties, required = [] }: Schema,
  of: (schema: Schema, name: string) => fc.Arbitrary<unknown>,
): fc.Arbitrary<object> {
  const known = Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, of(property, name)]));
  const fixed = fc.record(known, { requiredKeys: required.filter((name) => name in known) });
  const [free] = Object.values(patternProperties ?? {});
  return free === undefined ? fixed : fc.dictionary(fc.string({ maxLength: 10 }), of(free, ""), { maxKeys: 3 });
}

/** Always sent, or hardly any order would have a variant or be pending. */
const ALWAYS_SENT = new Set(["variantId", "payment"]);

/** Few of the optional properties, and none that only operators may send. */
function plainMembers({ properties = {}, required = [] }: Schema, draw: Draw): fc.Arbitrary<object> {
  const known = Object.entries(properties).filter(([, { description }]) => description?.startsWith("Operators only") !== true);
  return fc.record(
    Object.fromEntries(
      known.map(([name, property]) => {
        const value = fitting(property, draw, name);
        return [
          name,
          required.includes(name) || ALWAYS_SENT.has(name)
            ? value
            : fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value }),
        ];
      }),
    ),
  );
}

function smallNumbers({ minimum = 1, maximum = 5 }: Schema): fc.Arbitrary<number> {
  return fc.integer({ min: Math.max(minimum, 1), max: Math.max(minimum, Math.min(maximum, 5)) });
}

function numbers({ minimum = -1000, maximum = 1_000_000 }: Schema): fc.Arbitrary<number> {
  const within = (number: number): number => Math.max(minimum, Math.min(maximum, number));
  return fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: within(1), max: within(5) }) },
    { weight: 2, arbitrary: fc.constantFrom(minimum, maximum, within(minimum + 1), within(maximum - 1)) },
    { weight: 2, arbitrary: fc.maxSafeInteger().map((number) => within(Math.abs(number))) },
  );
}

const INSTANTS = ["2020-01-01T00:00:00Z", "2026-02-29T00:00:00Z", "2024-02-29T23:59:59.999+09:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"];

function texts({ format, minLength = 0, maxLength = 40 }: Schema, name: string): fc.Arbitrary<unknown> {
  if (format === "uuid") return fc.oneof({ weight: 8, arbitrary: someId(name) }, { weight: 1, arbitrary: fc.uuid() });
  if (format === "date-time")
    return fc.oneof(
      fc.constantFrom(...INSTANTS),
      fc.integer({ min: -86_400, max: 86_400 }).map((seconds) => new Date(Date.now() + seconds * 1000).toISOString()),
    );
  if (format === "date") return fc.constantFrom("2026-11-20", "2020-02-29", "0001-01-01", "9999-12-31", "2026-11-31");
  return fc.oneof(
    { weight: 6, arbitrary: fc.string({ minLength, maxLength: Math.min(maxLength, 30) }) },
    { weight: 2, arbitrary: anyText },
    { weight: 1, arbitrary: fc.constant("y".repeat(Math.min(maxLength, 20_000))) },
  );
}

function plainTexts({ format }: Schema, name: string): fc.Arbitrary<unknown> {
  if (format === "uuid") return someId(name);
  if (format === "date-time") return fc.integer({ min: -86_400, max: 86_400 }).map((seconds) => new Date(Date.now() + seconds * 1000).toISOString());
  if (format === "date") return fc.integer({ min: -5, max: 5 }).map((days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10));
  if (name === "cursor") return someId(name);
  const number = fc.nat(1_000_000);
  return name === "paymentKey" ? number.map((n) => `${["paid", "paid", "paid", "decline", "timeout"][n % 5]}-${n}`) : number.map((n) => `사과 ${n}`);
}
