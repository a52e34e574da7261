// Serializes requests that are pipelined on one connection.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";

/** An unanswered request of a connection. The first of a connection is being handled. */
type Turn = { request: IncomingMessage | null; begin: () => void };
/** The unanswered requests of each connection, in order of arrival. */
const turnsOf = new WeakMap<Duplex, Turn[]>();

/**
 * Handles the requests of a connection one after the other. They are decided in the order in which they were sent, and each sees the effects of
 * the previous one. A connection with a single request, which is nearly every connection, does not wait.
 */
export function serializePipelined({ raw: request }: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const turns = turnsOf.get(request.socket) ?? [];
  turnsOf.set(request.socket, turns);
  const turn = { request, begin: done };
  turns.push(turn);
  reply.raw.once("close", () => {
    const first = turns[0];
    turns.splice(turns.indexOf(turn), 1);
    // On a closing connection the client could not read the remaining responses, so the remaining requests are dropped.
    if (turns[0] !== first && request.socket.writable) turns[0]?.begin();
  });
  if (turns[0] === turn) done();
}

/**
 * Runs `begin` after all requests on the connection are answered, or at once if there are none. A request whose body broke off is never
 * answered, so `begin` takes its turn.
 */
export function inOrderOfArrival(connection: Duplex, begin: () => void): void {
  const turns = turnsOf.get(connection) ?? [];
  const last = turns.at(-1);
  if (last?.request?.complete === false) last.begin = begin;
  else turns.push({ request: null, begin });
  if (turns.length === 1) begin();
}
