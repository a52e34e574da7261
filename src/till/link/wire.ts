// The messages between a till and the workers that send it commands, over a Unix socket: one JSON
// value on each line. A message carries all that came up in one turn of its sender's event loop, so
// under load a hundred commands cost one write and one read.

import type { Socket } from "node:net";
import type { RefusalCode, RefusalDetails } from "../../refusal.ts";

/**
 * `finish`: 1 if admission control is not asked. `id` is the worker's own number for the command. `traceparent`:
 * its place in a trace.
 */
export type SentCommand = [id: number, finish: 0 | 1, name: string, input: unknown, traceparent?: string];

export type ToTill = {
  commands: SentCommand[];
  /** Ids of commands whose callers have disconnected. */
  gone?: number[];
};

export type SentRefusal = { code: RefusalCode; details: RefusalDetails };
export type SentAnswer = [id: number, answer: unknown] | [id: number, answer: null, refusal: SentRefusal];

/** How busy the till is, for admission control in the workers. */
export type TillLoad = {
  /** The expected wait in ms of a new command. */
  expectedMs: number;
  /** What each further command adds to it, in ms. */
  msPerCommand: number;
  /** Duration in ms of a round of few commands. */
  smallRoundMs: number;
};

/**
 * `announced`: committed rounds have outdated caches; to be read before `answers`, which may be of these rounds.
 * `events`: committed rounds have written events. The first message of a connection has only `load`.
 */
export type ToWorker = { announced?: string[]; events?: true; answers?: SentAnswer[]; load?: TillLoad };

/** Calls `onMessage` with each message that arrives on a socket. */
export function readMessages<Message>(socket: Socket, onMessage: (message: Message) => void): void {
  let parts: string[] = [];
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      parts.push(chunk.slice(start, end));
      const line = parts.length === 1 ? (parts[0] as string) : parts.join("");
      parts = [];
      start = end + 1;
      onMessage(JSON.parse(line) as Message);
    }
    if (start < chunk.length) parts.push(chunk.slice(start));
  });
}

/** Sends a message. A broken connection loses it. */
export function send(socket: Socket, message: ToTill | ToWorker): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
