import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";

/** What has come on a connection and is not answered yet, in order. The first is under way. */
type Turn = { request: IncomingMessage | null; begin: () => void };
const turns = new WeakMap<Duplex, Turn[]>();

/**
 * Requests pipelined on one connection are handled one after the other, so they are decided in the order in which they were sent and
 * each sees what the one before it did. A connection with one request at a time, which is nearly every one, waits for nothing.
 */
export function serializePipelined({ raw: request }: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const line = turns.get(request.socket) ?? [];
  turns.set(request.socket, line);
  const turn = { request, begin: done };
  line.push(turn);
  reply.raw.once("close", () => {
    const first = line[0];
    line.splice(line.indexOf(turn), 1);
    // On a connection that ends nobody would hear what became of the rest, so nothing becomes of it.
    if (line[0] !== first && request.socket.writable) line[0]?.begin();
  });
  if (line[0] === turn) done();
}

/**
 * Does something to a connection when all that came on it before is answered: at once where nothing is under way. A request whose
 * body broke off will never be answered; this takes its place.
 */
export function inOrderOfArrival(connection: Duplex, begin: () => void): void {
  const line = turns.get(connection) ?? [];
  const last = line.at(-1);
  const torn = last?.request?.complete === false;
  if (torn) last.begin = begin;
  else line.push({ request: null, begin });
  if (line.length === 1) begin();
}
