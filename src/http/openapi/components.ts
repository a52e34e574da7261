// Components of the OpenAPI document: schemas, responses and headers that several operations share.

import { STATUS_CODES } from "node:http";
import type { TSchema } from "typebox";
import { REFUSALS, type RefusalCode } from "../../refusal.ts";
import { allExamples, answerExamples, type Example, type Examples } from "./examples.ts";
import { TEXT, TEXT_KEYS } from "../text.ts";

type Json = Record<string, unknown>;

export class Components {
  readonly #schemas: Record<string, Json> = {};
  readonly #responses: Record<string, Json> = {};
  readonly #examples: Examples;

  constructor(examples: Examples) {
    this.#examples = examples;
  }

  all(others: Json): Json {
    return {
      ...others,
      schemas: this.#schemas,
      responses: this.#responses,
      parameters: {
        IdempotencyKey: {
          name: "Idempotency-Key",
          in: "header",
          required: false,
          description: "The effect happens once per caller and key; a repeated request gets the first response. Keys are kept for at least 24 hours.",
          schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]+$" },
        },
        IfNoneMatch: {
          name: "If-None-Match",
          in: "header",
          required: false,
          description: "Entity tags of answers that the client has, or `*`. If the answer is one of them, 304 comes without a body.",
          schema: { type: "string" },
        },
      },
      headers: {
        "Idempotent-Replayed": {
          description: "`true` if this is the response to an earlier request with the same key",
          schema: { type: "string", const: "true" },
        },
        ETag: { description: "Equal answers have equal tags", schema: { type: "string" } },
        "Retry-After": { description: "Seconds", schema: { type: "integer", minimum: 1 } },
        "WWW-Authenticate": { description: "Bearer", schema: { type: "string" } },
      },
    };
  }

  idempotencyKey(): Json {
    return ref("parameters", "IdempotencyKey");
  }

  ifNoneMatch(): Json {
    return ref("parameters", "IfNoneMatch");
  }

  entityTag(): Json {
    return ref("headers", "ETag");
  }

  /** The response to a client that has the answer. */
  notModified(): Json {
    return { description: "The client has this answer", headers: { ETag: this.entityTag() } };
  }

  replayed(): Json {
    return ref("headers", "Idempotent-Replayed");
  }

  /** A schema in which every titled part is a reference to a component. */
  schema(schema: TSchema): unknown {
    return this.#hoist(schema);
  }

  /** The problem responses of one status. Without `own` examples the response is a component that all operations with these codes share. */
  refusal(status: number, codes: RefusalCode[], own?: Example[]): Json {
    const name = codes.map((code) => code.toLowerCase().replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())).join("Or");
    if (own === undefined && this.#responses[name]) return ref("responses", name);
    const examples =
      own ?? allExamples(this.#examples).filter(({ answer }) => codes.includes((answer as { code: RefusalCode } | undefined)?.code as RefusalCode));
    const header = status === 401 ? "WWW-Authenticate" : status === 429 || status === 503 ? "Retry-After" : undefined;
    const response = {
      description: codes.map((code) => `\`${code}\`: ${REFUSALS[code].en}`).join("; ") || STATUS_CODES[status],
      ...(header ? { headers: { [header]: ref("headers", header) } } : {}),
      content: {
        "application/problem+json": {
          schema: { allOf: [ref("schemas", "Problem"), { properties: { status: { const: status }, code: { enum: codes } } }] },
          ...answerExamples(examples, status),
        },
      },
    };
    if (own !== undefined) return response;
    this.#responses[name] = response;
    return ref("responses", name);
  }

  #hoist(part: unknown): unknown {
    if (Array.isArray(part)) return part.map((item) => this.#hoist(item));
    if (typeof part !== "object" || part === null) return part;
    const { title, ...rest } = Object.fromEntries(
      Object.entries(part)
        .filter(([key]) => key !== TEXT && key !== TEXT_KEYS)
        .map(([key, value]) => [key, this.#hoist(value)]),
    );
    const schema = this.#standardized(rest);
    if (typeof title !== "string") return title === undefined ? schema : { title, ...schema };
    const known = this.#schemas[title];
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two schemas are called ${title}`);
    this.#schemas[title] = schema;
    return ref("schemas", title);
  }

  /** Rewrites `if` and discriminated schemas as `oneOf`, which readers and client generators know. */
  #standardized(schema: Json): Json {
    if (schema["if"] !== undefined && schema["then"] !== undefined) return { oneOf: [schema["else"], schema["then"]] };
    const { discriminator, oneOf } = schema as { discriminator?: { propertyName: string }; oneOf?: { $ref: string }[] };
    if (!discriminator || !oneOf) return schema;
    const { propertyName } = discriminator;
    const mapping = Object.fromEntries(
      oneOf.map(({ $ref }) => {
        const { properties } = this.#schemas[$ref.split("/").at(-1) as string] as { properties: Record<string, { const: string }> };
        return [properties[propertyName]?.const, $ref];
      }),
    );
    return { oneOf, discriminator: { propertyName, mapping } };
  }
}

function ref(kind: string, name: string): { $ref: string } {
  return { $ref: `#/components/${kind}/${name}` };
}
