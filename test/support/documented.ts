// Holds answers against the shop's own OpenAPI document: what is answered but not documented is a fault of one of the two.

import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Answer } from "./shop.ts";

type Json = Record<string, unknown>;
type Response = { content?: Record<string, unknown> };
type Operation = { method: string; pattern: RegExp; pointer: string; responses: Record<string, Response & { $ref?: string }> };
type Documented = { document: Json; operations: Operation[]; validators: Map<string, ValidateFunction>; ajv: Ajv2020 };

/** The same for every shop of a process: settings change what is taken, never what is answered. */
let learned: Promise<Documented> | undefined;

/** Errors: AssertionError where this operation's entry does not name the status, the media type or what is in the body. */
export async function assertDocumented(url: string, method: string, path: string, answer: Answer): Promise<void> {
  learned ??= learn(url);
  const documented = await learned.catch(() => (learned = undefined));
  if (!documented) return; // A shop that can't even say this is asked for it again by the next answer.
  const problem = String(answer.headers["content-type"]).startsWith("application/problem+json");
  const operation = operationFor(documented, method, path);
  if (operation) fits(documented, operation, method, path, answer);
  else if (problem && method !== "HEAD")
    assert.ok(
      validator(documented, "#/components/schemas/Problem")(answer.body),
      `${method} ${path} answers a problem that is none: ${JSON.stringify(answer.body)}`,
    );
}

function fits(documented: Documented, { pointer, responses }: Operation, method: string, path: string, { status, headers, body }: Answer): void {
  const named = responses[status];
  assert.ok(named, `${method} ${path} answers ${status}, which the document does not name: ${JSON.stringify(body)}`);
  const at = named.$ref ?? `${pointer}/responses/${status}`;
  const response = named.$ref ? (find(documented.document, named.$ref) as Response) : named;
  if (method === "HEAD" || response.content === undefined)
    return assert.ok(!body, `${method} ${path} answers a body with ${status}, and the document names none`);
  const mediaType = String(headers["content-type"]).split(";", 1)[0] as string;
  assert.ok(mediaType in response.content, `${method} ${path} answers ${mediaType} with ${status}, which the document does not name`);
  const validate = validator(documented, `${at}/content/${escape(mediaType)}/schema`);
  assert.ok(
    validate(body),
    `${method} ${path} answers ${status} ${JSON.stringify(body)}, which is not as documented: ${JSON.stringify(validate.errors)}`,
  );
}

async function learn(url: string): Promise<Documented> {
  const response = await fetch(new URL("/openapi.json", url));
  const document = (await response.json()) as Json;
  const operations = Object.entries(document["paths"] as Record<string, Record<string, Pick<Operation, "responses">>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
      pointer: `#/paths/${escape(path)}/${method}`,
      responses,
    })),
  );
  // `/products/popular` before `/products/{productId}`.
  operations.sort((a, b) => a.pointer.split("{").length - b.pointer.split("{").length);
  const formats = {
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    date: /^\d{4}-\d\d-\d\d$/,
    "uri-reference": /^\/[\w/-]+$/,
  };
  const ajv = new Ajv2020({ strict: false, validateSchema: false, formats });
  ajv.addSchema(closed(document) as Json, "shop");
  return { document, operations, validators: new Map(), ajv };
}

function operationFor({ operations }: Documented, method: string, path: string): Operation | undefined {
  const bare = path.split("?", 1)[0] as string;
  return operations.find((one) => one.method === (method === "HEAD" ? "GET" : method) && one.pattern.test(bare));
}

function validator({ ajv, validators }: Documented, pointer: string): ValidateFunction {
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `shop${encodeURI(pointer)}` });
  validators.set(pointer, known);
  return known;
}

/** Clients must bear members that they don't know; the shop must not answer any that it does not name. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
  return copy["type"] === "object" && copy["properties"] !== undefined && copy["additionalProperties"] === undefined
    ? { ...copy, additionalProperties: false }
    : copy;
}

function find(document: Json, pointer: string): unknown {
  return pointer
    .slice(2)
    .split("/")
    .reduce((part: unknown, key) => (part as Json)[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);
}

function escape(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
