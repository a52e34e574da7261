// Checks every response against the shop's OpenAPI document.

import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Answer } from "./shop.ts";

type Json = Record<string, unknown>;
type Response = { content?: Record<string, unknown> };
type Operation = { method: string; pattern: RegExp; pointer: string; responses: Record<string, Response & { $ref?: string }> };
type Documented = { document: Json; operations: Operation[]; validators: Map<string, ValidateFunction>; ajv: Ajv2020 };

/** Cached for all shops of the process: settings change the accepted requests, not the responses. */
let cached: Promise<Documented> | undefined;
let severalVersions = false;

/** Ends the checks: the process talks to shops of several versions, and a key repeats the answer of another version. */
export function expectSeveralVersions(): void {
  severalVersions = true;
}

/** A balancer answers itself when it reaches no instance. */
function isOfBalancer({ status, headers }: Answer): boolean {
  return status >= 500 && String(headers["server"]).startsWith("nginx") && String(headers["content-type"]).startsWith("text/html");
}

/** Errors: AssertionError if the document does not have the status, media type or body for this operation. */
export async function assertDocumented(url: string, method: string, path: string, answer: Answer): Promise<void> {
  if (severalVersions || isOfBalancer(answer)) return;
  cached ??= load(url);
  const documented = await cached.catch(() => (cached = undefined));
  if (!documented) return; // The next response tries again.
  const problem = String(answer.headers["content-type"]).startsWith("application/problem+json");
  const operation = operationFor(documented, method, path);
  if (operation) fits(documented, operation, method, path, answer);
  else if (problem && method !== "HEAD")
    assert.ok(
      validator(documented, "#/components/schemas/Problem")(answer.body),
      `${method} ${path} responds with an invalid problem: ${JSON.stringify(answer.body)}`,
    );
}

function fits(documented: Documented, { pointer, responses }: Operation, method: string, path: string, { status, headers, body }: Answer): void {
  const named = responses[status];
  assert.ok(named, `${method} ${path} responds ${status}, which is not documented: ${JSON.stringify(body)}`);
  const at = named.$ref ?? `${pointer}/responses/${status}`;
  const response = named.$ref ? (find(documented.document, named.$ref) as Response) : named;
  if (method === "HEAD" || response.content === undefined)
    return assert.ok(!body, `${method} ${path} responds ${status} with a body, which is not documented`);
  const mediaType = String(headers["content-type"]).split(";", 1)[0] as string;
  assert.ok(mediaType in response.content, `${method} ${path} responds ${status} with ${mediaType}, which is not documented`);
  const validate = validator(documented, `${at}/content/${escape(mediaType)}/schema`);
  assert.ok(
    validate(body),
    `${method} ${path} responds ${status} ${JSON.stringify(body)}, which does not match its schema: ${JSON.stringify(validate.errors)}`,
  );
}

async function load(url: string): Promise<Documented> {
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
    uri: (text: string) => URL.canParse(text),
    "uri-reference": /^\/[\w/-]+$/,
  };
  const ajv = new Ajv2020({ strict: false, validateSchema: false, formats, code: { optimize: false } });
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

/** Clients must ignore unknown properties, but the shop must not send any: closes all object schemas. */
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
