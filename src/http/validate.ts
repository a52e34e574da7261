// Validates requests against the schemas of their routes, and words the errors.

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { FastifySchemaValidationError } from "fastify/types/schema.js";
import { UUID_PATTERN } from "../ids.ts";
import { type FieldError, Refusal, type RefusalCode } from "../refusal.ts";
import { isDay, parseInstant } from "./instant.ts";
import { escapePointer } from "./json.ts";
import { addTextKeywords } from "./text.ts";

const MAX_ERRORS = 20;

const FORMATS = {
  uuid: new RegExp(UUID_PATTERN),
  "date-time": (text: string) => parseInstant(text) !== undefined,
  date: isDay,
} as const;
const FORMAT_NAMES = { uuid: "UUID", "date-time": "date-time as in RFC 3339, between the years 1 and 9999", date: "date (YYYY-MM-DD)" };

// `strict` checks schemas, and TypeBox writes them. `strictNumbers` refuses Infinity, which JSON.parse makes of 1e400.
const STRICT = {
  allErrors: true,
  strict: false,
  strictNumbers: true,
  removeAdditional: false,
  useDefaults: true,
  discriminator: true,
  formats: FORMATS,
  // TypeBox makes only valid schemas, and Ajv takes 40 ms to compile the schema that it would check them by.
  meta: false,
  validateSchema: false,
  // Ajv's optimizer takes a fifth of the processor time in which the shop opens, and makes no validation faster.
  code: { optimize: false },
};
/** Bodies are not coerced; only text that people read is normalized (text.ts). */
const BODY = new Ajv({ ...STRICT, coerceTypes: false });
/** Paths, queries and headers are strings, coerced to the schema's types. */
const STRINGS = new Ajv({ ...STRICT, coerceTypes: true });
addTextKeywords(BODY);
addTextKeywords(STRINGS);

type Validation = true | { error: FastifySchemaValidationError[] };

/**
 * The validator of one part of a route's requests. Its schema is compiled at the first request: all together take half of the processor time
 * in which the shop opens, and the largest takes 10 ms.
 */
export function validatorFor({ schema, httpPart }: { schema: object; httpPart?: string }): (part: unknown) => Validation {
  let validate: ValidateFunction | undefined;
  if (httpPart === "body") return (part) => (validate ??= BODY.compile(schema))(part) || { error: validate.errors ?? [] };
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  return (part) => {
    for (const [name, value] of Object.entries(part as object)) {
      const message = stringFault(value, properties[name]?.type);
      if (message) return { error: [{ instancePath: `/${escapePointer(name)}`, keyword: "type", params: {}, schemaPath: "", message }] };
    }
    return (validate ??= STRINGS.compile(schema))(part) || { error: validate.errors ?? [] };
  };
}

/** The fault of a string that Ajv would coerce too freely: it reads " 5", "0x5" and "5e0" as 5, and "1e400" as Infinity. json.ts checks bodies. */
function stringFault(value: unknown, type: string | undefined): string | undefined {
  if (typeof value !== "string") return undefined;
  if (type === "integer" && !/^-?\d{1,16}$/.test(value)) return "must be integer";
  return value.includes("\0") ? "must not contain the NUL character" : undefined;
}

/** The refusal that names every invalid field by its JSON pointer. `faults` gives a field its own code, such as `body/amount`. */
export function invalidRequest(validation: ErrorObject[], part: string, faults: Record<string, RefusalCode>): Refusal {
  const errors = validation.filter(isRelevant).map(fieldError);
  const own = errors.map(({ path }) => faults[`${part}${path}`]).find((code) => code !== undefined);
  return new Refusal(own ?? "INVALID_REQUEST", { errors: errors.slice(0, MAX_ERRORS) });
}

/** For a nullable field, keeps the error about its value and drops Ajv's extra `anyOf` and "must be null" errors. */
function isRelevant({ keyword, params }: ErrorObject): boolean {
  return keyword !== "if" && keyword !== "anyOf" && keyword !== "propertyNames" && params["type"] !== "null";
}

function fieldError({ instancePath: parentPath, propertyName, keyword, params, message = "invalid value" }: ErrorObject): FieldError {
  const instancePath = propertyName === undefined ? parentPath : `${parentPath}/${escapePointer(propertyName)}`;
  const { missingProperty, additionalProperty, allowedValues, tag, format, pattern } = params as Record<string, unknown>;
  const within = (name: unknown): string => `${instancePath}/${escapePointer(String(name))}`;
  if (keyword === "required") return { path: within(missingProperty), message: "is required" };
  if (keyword === "additionalProperties") return { path: within(additionalProperty), message: "unknown property" };
  if (keyword === "discriminator") return { path: within(tag), message: "unknown kind" };
  if (keyword === "format") return { path: instancePath, message: `must be a ${FORMAT_NAMES[format as keyof typeof FORMATS] ?? format}` };
  if (keyword === "pattern" && pattern === "\\S") return { path: instancePath, message: "must not be blank" };
  if (keyword === "enum") return { path: instancePath, message: `must be one of ${(allowedValues as string[]).join(", ")}` };
  return { path: instancePath, message };
}
