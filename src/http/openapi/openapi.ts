// The OpenAPI 3.1 document, made of what the routes declare of themselves, so that it says what is checked and answered.

import { STATUS_CODES } from "node:http";
import type { TSchema } from "typebox";
import { REFUSALS, type RefusalCode } from "../../refusal.ts";
import { bodyLimitNote } from "../body-limit.ts";
import { Components } from "./components.ts";
import { answerExamples, type Examples, examplesOf, parameterExample, requestExamples } from "./examples.ts";
import type { Operation } from "../route.ts";
import { problemSchema } from "../schemas.ts";

type Json = Record<string, unknown>;

const CODES = Object.keys(REFUSALS) as RefusalCode[];
/** Answers that say the same whatever was asked for. */
const EVERYWHERE: ReadonlySet<number> = new Set([401, 403, 413, 415, 422, 429, 500, 503]);

const DESCRIPTION = `A headless commerce core for the minute in which everybody comes at once.

Money is an integer in the currency's minor unit (won), instants are RFC 3339 in UTC, ids are UUIDs. Every list takes \`limit\` and \`cursor\` and answers \`nextCursor\`.

Whoever calls shows a token; where the shop mints its own, \`npx jangnal token --user ID --role shopper\` gives one. A request that changes something may come with an \`Idempotency-Key\`: it is then done once, however often it is sent.

A refusal is a problem document (RFC 9457): \`code\` is for programs, \`detail\` for people, in Korean, or in English for \`Accept-Language: en\`. What is checked first: token (401), shape (400), authority (403), existence (404), state (400, 402, 409). A path that is not here answers 404 \`NOT_FOUND\`, one that is here by another method 405 \`METHOD_NOT_ALLOWED\`; what is no HTTP request at all is answered 400, 408 or 431 and the connection closed.`;

/** @param examples what a test has run, by operation; the document shows no other */
export function openApi(operations: readonly Operation[], version: string, examples: Examples): Json {
  const components = new Components(examples);
  components.schema(problemSchema(CODES));
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const { path, method } = operation.facts;
    (paths[path] ??= {})[method.toLowerCase()] = describe(operation, components, examples);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Jangnal", version, description: DESCRIPTION, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    tags: [...new Set(operations.map(({ facts }) => facts.tag))].map((name) => ({ name })),
    paths,
    components: components.all({
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "`sub` is the user id, `role` is `shopper` or `operator`" },
      },
    }),
  };
}

function describe({ facts, refusals, writes }: Operation, components: Components, all: Examples): Json {
  const { operationId, tag, summary, description, audience, optionalToken, params, query, body, answers, bulk = false } = facts;
  const { mediaType = "application/json" } = facts;
  const examples = examplesOf(all, operationId);
  const parameters = [...parametersIn("path", params), ...parametersIn("query", query)].map((parameter) => {
    const example = parameterExample(examples, parameter.name);
    return { ...parameter, schema: components.schema(parameter.schema), ...(example === undefined ? {} : { example }) };
  });
  const optional = body !== undefined && !hasRequired(body);
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    ...(audience !== "anyone" ? { security: [{ bearer: [] }] } : optionalToken ? { security: [{}, { bearer: [] }] } : {}),
    parameters: [...parameters, ...(writes ? [components.idempotencyKey()] : [])],
    ...(body
      ? {
          requestBody: {
            description: bodyLimitNote(bulk),
            required: !optional,
            content: { "application/json": { schema: components.schema(body), ...requestExamples(examples) } },
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [status, answer(Number(status), schema, mediaType, writes, components, examples)]),
      ),
      ...Object.fromEntries(
        [...Map.groupBy(refusals, (code) => REFUSALS[code].status)].map(([status, codes]) => [
          String(status),
          components.refusal(status, codes, EVERYWHERE.has(status) ? undefined : examples),
        ]),
      ),
    },
  };
}

type Parameter = { name: string; in: string; required: boolean; description?: string; schema: TSchema };

function parametersIn(where: "path" | "query", schema: TSchema | undefined): Parameter[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema & { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property;
    return { name, in: where, required: required.includes(name), ...(description ? { description } : {}), schema: rest };
  });
}

/** Where every member is optional the body may be left out. */
function hasRequired(body: TSchema): boolean {
  const { required = [], if: either } = body as { required?: string[]; if?: unknown };
  return required.length > 0 || either !== undefined;
}

function answer(
  status: number,
  schema: TSchema | null,
  mediaType: string,
  writes: boolean,
  components: Components,
  examples: ReturnType<typeof examplesOf>,
): Json {
  return {
    description: STATUS_CODES[status] ?? "",
    ...(writes ? { headers: { "Idempotent-Replayed": components.replayed() } } : {}),
    ...(schema === null
      ? {}
      : { content: { [mediaType.split(";", 1)[0] as string]: { schema: components.schema(schema), ...answerExamples(examples, status) } } }),
  };
}
