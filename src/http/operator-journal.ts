// Operators' requests in their journal: each write route drafts an entry, so no route can forget it.

import type { FastifyReply, FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import type { TrustedProxies } from "../config.ts";
import type { EntryDraft } from "../journal/entry.ts";
import { inputOf } from "../journal/input.ts";
import { writeRefusal } from "../journal/journaled.ts";
import { nounOf, subjectsOfRequest } from "../journal/subjects.ts";
import { Refusal } from "../refusal.ts";
import type { Till } from "../till/till.ts";
import { clientAddressReader } from "./client-address.ts";
import type { RouteDefinition } from "./route-definition.ts";

type Definition = RouteDefinition<TSchema, TSchema, TSchema>;

export class OperatorJournal {
  readonly #till: Till;
  readonly #addressOf: ReturnType<typeof clientAddressReader>;

  constructor(till: Till, trustProxy: TrustedProxies | undefined) {
    this.#till = till;
    this.#addressOf = clientAddressReader(trustProxy);
  }

  /** The draft of the entry of an operator's request; undefined for other callers. */
  draftOf({ operationId, path, permission, params, body, lines }: Definition, request: FastifyRequest): EntryDraft | undefined {
    const { caller, raw } = request;
    if (caller?.role !== "operator" || permission === undefined) return undefined;
    const noun = nounOf(path);
    const named = request.params as Record<string, unknown>;
    const sent = lines ? {} : (request.body ?? {});
    return {
      actor: caller.id,
      operation: operationId,
      permission,
      subjects: subjectsOfRequest(noun, named, sent),
      noun,
      input: { ...inputOf(permission, named, [params]), ...inputOf(permission, sent, [body]) },
      requestId: request.id,
      address: this.#addressOf(raw),
    };
  }

  /** Sends a refusal, after its entry is written. */
  refuse(reply: FastifyReply, refusal: Refusal, entry: EntryDraft | undefined): void {
    if (entry === undefined) return reply.refuse(refusal);
    writeRefusal(this.#till, entry, refusal).then(
      () => reply.refuse(refusal),
      (error: unknown) => reply.fail(error),
    );
  }
}

/** Returns the refusal that `work` throws. */
export function orRefusal<T>(work: () => T): T | Refusal {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
