// Whether a request has the shape that its route declares, and what is said where it has not.

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { FastifySchemaValidationError } from "fastify/types/schema.js";
import { UUID_PATTERN } from "../ids.ts";
import { type FieldError, Refusal, type RefusalCode } from "../refusal.ts";
import { isDay, parseInstant } from "./instant.ts";
import { escapePointer } from "./json.ts";
import { addTextKeywords } from "./text.ts";

const MOST_ERRORS = 20;

const FORMATS = {
  uuid: new RegExp(UUID_PATTERN),
  "date-time": (text: string) => parseInstant(text) !== undefined,
  date: isDay,
} as const;
const FORMAT_NAMES = { uuid: "UUID", "date-time": "date-time as in RFC 3339, between the years 1 and 9999", date: "date (YYYY-MM-DD)" };

// `strict` is about schemas, and theirs are TypeBox's; `strictNumbers` is about 1e400, which is not a number that the shop knows.
const STRICT = {
  allErrors: true,
  strict: false,
  strictNumbers: true,
  removeAdditional: false,
  useDefaults: true,
  discriminator: true,
  formats: FORMATS,
};
/** Bodies are taken as they are, but for text that people read (text.ts). */
const BODY = new Ajv({ ...STRICT, coerceTypes: false });
/** Paths, queries and headers are strings, and become what the schema wants. */
const STRINGS = new Ajv({ ...STRICT, coerceTypes: true });
addTextKeywords(BODY);
addTextKeywords(STRINGS);

type Verdict = true | { error: FastifySchemaValidationError[] };

export function validatorFor({ schema, httpPart }: { schema: object; httpPart?: string }): (part: unknown) => Verdict {
  if (httpPart === "body") {
    const validate: ValidateFunction = BODY.compile(schema);
    return (part) => validate(part) || { error: validate.errors ?? [] };
  }
  const validate: ValidateFunction = STRINGS.compile(schema);
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  return (part) => {
    for (const [name, value] of Object.entries(part as object)) {
      const message = oddity(value, properties[name]?.type);
      if (message) return { error: [{ instancePath: `/${escapePointer(name)}`, keyword: "type", params: {}, schemaPath: "", message }] };
    }
    return validate(part) || { error: validate.errors ?? [] };
  };
}

/** What Ajv lets pass in a string: to it " 5", "0x5" and "5e0" are 5, and "1e400" is Infinity, of which it asks no more. Bodies are looked through in json.ts. */
function oddity(value: unknown, type: string | undefined): string | undefined {
  if (typeof value !== "string") return undefined;
  if (type === "integer" && !/^-?\d{1,16}$/.test(value)) return "must be integer";
  return value.includes("\0") ? "must not contain the NUL character" : undefined;
}

/** Names every field at fault by its JSON pointer. A field with a code of its own (`body/amount`) decides the refusal's. */
export function invalidRequest(validation: ErrorObject[], part: string, faults: Record<string, RefusalCode>): Refusal {
  const errors = validation.filter(meant).map(fieldError);
  const own = errors.map(({ path }) => faults[`${part}${path}`]).find((code) => code !== undefined);
  return new Refusal(own ?? "INVALID_REQUEST", { errors: errors.slice(0, MOST_ERRORS) });
}

/** Of a field that may also be null only what is wrong with its value is told: not that it is not null, nor that it is neither. */
function meant({ keyword, params }: ErrorObject): boolean {
  return keyword !== "if" && keyword !== "anyOf" && keyword !== "propertyNames" && params["type"] !== "null";
}

function fieldError({ instancePath: place, propertyName, keyword, params, message = "invalid value" }: ErrorObject): FieldError {
  const instancePath = propertyName === undefined ? place : `${place}/${escapePointer(propertyName)}`;
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
