// Builds the OpenAPI 3.1 document from the routes' own declarations, so that it matches their behavior.

import { STATUS_CODES } from "node:http";
import type { TSchema } from "typebox";
import { REFUSALS, type RefusalCode } from "../../refusal.ts";
import { bodyLimitNote } from "../body-limit.ts";
import { Components } from "./components.ts";
import { answerExamples, type Example, type Examples, examplesOf, parameterExample, requestExamples } from "./examples.ts";
import { LINES_TYPE } from "../bodies.ts";
import type { Operation } from "../route-definition.ts";
import { problemSchema } from "../schemas.ts";
import { TAGS } from "./tags.ts";

type Json = Record<string, unknown>;

const CODES = Object.keys(REFUSALS) as RefusalCode[];
/** Statuses whose problem documents do not depend on the operation. */
const SHARED_STATUSES: ReadonlySet<number> = new Set([401, 403, 413, 415, 422, 429, 500, 503]);

const DESCRIPTION = `A headless commerce core for flash sales: it sells exactly the stock that exists, in order of arrival.

Money is an integer in the currency's minor unit (won), instants are RFC 3339 in UTC, ids are UUIDs. Every list takes \`limit\` and \`cursor\` and answers \`nextCursor\`.

Callers authenticate with a bearer token; if the shop signs its own tokens, \`npx jangnal token --user ID --role shopper\` mints one. A request that changes something may have an \`Idempotency-Key\`: its effect then happens once, however often it is sent.

A refusal is a problem document (RFC 9457): \`code\` is for programs, \`detail\` for people, in Korean, or in English with \`Accept-Language: en\`. Checks run in this order: token (401), shape (400), authority (403), existence (404), state (400, 402, 409). An unknown path is 404 \`NOT_FOUND\`; a known path with another method is 405 \`METHOD_NOT_ALLOWED\`. Bytes that are not an HTTP request are answered 400, 408 or 431, and the connection is closed.

Every answer has an \`X-Request-Id\`: the request's own if it had one of 1 to 128 visible ASCII characters, else a new one. A problem document names it as \`requestId\`, also when a refusal is replayed. Answers under a user's authority are \`no-store\`.`;

/** @param examples requests and responses that a test has run, by operation; the document shows no others */
export function openApi(operations: readonly Operation[], version: string, examples: Examples): Json {
  const components = new Components(examples);
  components.schema(problemSchema(CODES));
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const { path, method } = operation.definition;
    (paths[path] ??= {})[method.toLowerCase()] = operationObject(operation, components, examples);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Jangnal",
      version,
      description: DESCRIPTION,
      contact: { name: "Maintainers of Jangnal" },
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(operations.map(({ definition }) => definition.tag))].map((name) => ({ name, description: TAGS[name] })),
    paths,
    components: components.all({
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "`sub` is the user id, `role` is `shopper` or `operator`" },
      },
    }),
  };
}

function operationObject({ definition, refusals, writes }: Operation, components: Components, allExamples: Examples): Json {
  const { operationId, tag, summary, description, audience, permission, optionalToken, answers, revalidated } = definition;
  const { mediaType = "application/json" } = definition;
  const examples = examplesOf(allExamples, operationId);
  const success = (status: string, schema: TSchema | null): Json => ({
    description: STATUS_CODES[Number(status)] ?? "",
    ...(writes ? { headers: { "Idempotent-Replayed": components.replayed() } } : revalidated ? { headers: { ETag: components.entityTag() } } : {}),
    ...(schema === null ? {} : { content: contentOf(mediaType, components.schema(schema), answerExamples(examples, Number(status))) }),
  });
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    security: audience !== "anyone" ? [{ bearer: [] }] : optionalToken ? [{}, { bearer: [] }] : [],
    ...(permission === undefined ? {} : { "x-permission": permission }),
    parameters: [
      ...parametersOf(definition, components, examples),
      ...(writes ? [components.idempotencyKey()] : []),
      ...(revalidated ? [components.ifNoneMatch()] : []),
    ],
    ...requestBodyOf(definition, components, examples),
    responses: {
      ...(revalidated ? { 304: components.notModified() } : {}),
      ...Object.fromEntries(Object.entries(answers).map(([status, schema]) => [status, success(status, schema)])),
      ...Object.fromEntries(
        [...Map.groupBy(refusals, (code) => REFUSALS[code].status)].map(([status, codes]) => [
          String(status),
          components.refusal(status, codes, SHARED_STATUSES.has(status) ? undefined : examples),
        ]),
      ),
    },
  };
}

function contentOf(mediaType: string, schema: unknown, examples: Json): Json {
  return { [mediaType.split(";", 1)[0] as string]: { schema, ...examples } };
}

function parametersOf({ path, params, query }: Operation["definition"], components: Components, examples: Example[]): Json[] {
  const ids = idDescriptions(path);
  return [...parametersIn("path", params, ids), ...parametersIn("query", query)].map((parameter) => {
    const example = parameterExample(examples, parameter.name);
    return { ...parameter, schema: components.schema(parameter.schema), ...(example === undefined ? {} : { example }) };
  });
}

type Parameter = { name: string; in: string; required: boolean; description?: string; schema: TSchema };

function parametersIn(where: "path" | "query", schema: TSchema | undefined, descriptions: Record<string, string> = {}): Parameter[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema & { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    const { description = descriptions[name], ...rest } = property;
    return { name, in: where, required: required.includes(name), ...(description ? { description } : {}), schema: rest };
  });
}

/** Descriptions of the ids in a path, by the collections that they follow: `/orders/{orderId}` has an order's id. */
function idDescriptions(path: string): Record<string, string> {
  const ids = [...path.matchAll(/(\w+?)s\/\{(\w+)\}/g)];
  return Object.fromEntries(ids.map(([, noun, name]) => [name, `The ${noun}'s id`]));
}

function requestBodyOf({ body, bulk, lines }: Operation["definition"], components: Components, examples: Example[]): Json {
  if (body === undefined) return {};
  const content = contentOf(lines ? LINES_TYPE : "application/json", components.schema(body), requestExamples(examples));
  return { requestBody: { description: bodyLimitNote(lines ? "lines" : bulk ? "bulk" : "one"), required: isRequired(body), content } };
}

/** A body whose properties are all optional may be missing. */
function isRequired(body: TSchema): boolean {
  const { required = [], else: other } = body as { required?: string[]; else?: TSchema };
  return required.length > 0 || (other !== undefined && isRequired(other));
}
