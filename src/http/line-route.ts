// Routes that read lines and answer lines while they read. Their work is one entry in the operators' journal.

import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import { beginWork, endWork } from "../journal/journaled.ts";
import type { Locale } from "../problem.ts";
import type { Till } from "../till/till.ts";
import { LINES_TYPE } from "./bodies.ts";
import { type LineBody, lineBody } from "./line-body.ts";
import type { OperatorJournal } from "./operator-journal.ts";
import type { RouteDefinition } from "./route-definition.ts";

/** Work on lines. `run` starts it; `counts` of it resolve when it has ended, however it ended. */
export type LineWork = { changes: boolean; run: () => { results: Readable; counts: Promise<Record<string, number>> } };

export type LineRouteParts = { till: Till; journal: OperatorJournal; locale: Locale; closing: AbortSignal };

/** The handler of such a route. @param open makes the work on a request's lines */
export function lineHandler(
  { till, journal, locale, closing }: LineRouteParts,
  definition: RouteDefinition<TSchema, TSchema, TSchema>,
  open: (request: FastifyRequest, body: LineBody) => LineWork,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  return async (request, reply) => {
    const { changes, run } = open(request, lineBody(request, reply, locale, closing));
    const draft = changes ? journal.draftOf(definition, request) : undefined;
    const entry = draft && (await beginWork(till, draft));
    const { results, counts } = run();
    // Should the entry fail, a job writes it later.
    if (entry) counts.then((counted) => endWork(till, { ...entry, counts: counted }, { status: 200 })).catch(() => {});
    return reply.type(LINES_TYPE).header("x-accel-buffering", "no").send(results);
  };
}
