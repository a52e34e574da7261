import type { FastifyReply, FastifyRequest } from "fastify";

const inTurn = new WeakMap<object, (() => void)[]>();

/**
 * Requests pipelined on one connection are handled one after the other, so they are decided in the order in which they were sent and
 * each sees what the one before it did. A connection with one request at a time, which is nearly every one, waits for nothing.
 */
export function oneAtATime(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { socket } = request.raw;
  const waiting = inTurn.get(socket);
  reply.raw.once("close", () => {
    const next = inTurn.get(socket)?.shift();
    if (next) next();
    else inTurn.delete(socket);
  });
  if (waiting) {
    waiting.push(done);
  } else {
    inTurn.set(socket, []);
    done();
  }
}
