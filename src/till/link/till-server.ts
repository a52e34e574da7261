// The till's end of the link to the workers: executes the commands that they name, and sends back
// the answers.

import { rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { toRefusal } from "../../problem.ts";
import type { Command } from "../command.ts";
import type { LocalTill } from "../till.ts";
import { readMessages, send, type SentAnswer, type SentCommand, type ToTill } from "./wire.ts";

export type TillServerOptions = {
  till: Pick<LocalTill, "submit" | "finish" | "load">;
  /** All commands that a worker may name. */
  commands: ReadonlyMap<string, Command<unknown, unknown>>;
  /** Called for a bug: a command that failed by no rule. */
  onFault: (command: string, error: unknown) => void;
  /** Executes a command at its place in a worker's trace. */
  within?: (<T>(traceparent: string | undefined, execute: () => T) => T) | undefined;
};

/** One worker. */
type Peer = {
  socket: Socket;
  /** Both are sent in one message, in the next turn of the event loop. */
  announced: string[];
  answers: SentAnswer[];
  isFlushing: boolean;
  /** Commands that are not answered yet, and whether their callers have disconnected. */
  waiting: Map<number, { gone: boolean }>;
};

/** A relay pauses at least as long between two passes. */
const EVENTS_MS = 50;

export class TillServer {
  readonly #options: TillServerOptions;
  readonly #server: Server;
  readonly #peers = new Set<Peer>();
  #announcesSoon = false;

  constructor(options: TillServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Starts to accept workers at the path of a Unix socket, which a till that was killed may have left behind. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    // Exclusive: the cluster's primary process takes no part in this socket.
    this.#server.listen({ path, exclusive: true });
    await once(this.#server, "listening");
  }

  /** Tells all workers that caches are outdated, before they get an answer that is sent later. */
  announce(message: string): void {
    for (const peer of this.#peers) {
      peer.announced.push(message);
      this.#flushSoon(peer);
    }
  }

  /** Tells all workers that events wait for a relay. Calls within `EVENTS_MS` share a message. */
  announceEvents(): void {
    if (this.#announcesSoon) return;
    this.#announcesSoon = true;
    setTimeout(() => {
      this.#announcesSoon = false;
      for (const { socket } of this.#peers) send(socket, { events: true });
    }, EVENTS_MS).unref();
  }

  /** Accepts no more workers, and resolves when those that are connected have disconnected. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const peer: Peer = { socket, announced: [], answers: [], isFlushing: false, waiting: new Map() };
    this.#peers.add(peer);
    socket.on("error", () => {});
    socket.once("close", () => this.#peers.delete(peer));
    readMessages<ToTill>(socket, ({ commands, gone = [] }) => {
      for (const sent of commands) this.#execute(peer, sent);
      for (const id of gone) {
        const command = peer.waiting.get(id);
        if (command) command.gone = true;
      }
    });
    send(socket, { load: this.#options.till.load });
  }

  #execute(peer: Peer, [id, finish, name, input, traceparent]: SentCommand): void {
    const { till, commands, onFault, within = (_place, execute) => execute() } = this.#options;
    const command = commands.get(name);
    if (!command) {
      onFault(name, new Error(`a worker named the command ${JSON.stringify(name)}, which the till does not know`));
      return this.#answer(peer, [id, null, { code: "INTERNAL", details: {} }]);
    }
    // A command whose worker has died is not decided: its caller has lost the connection.
    const caller = { gone: false };
    peer.waiting.set(id, caller);
    const gone = (): boolean => caller.gone || peer.socket.destroyed;
    const submitted = within(traceparent, () => (finish ? till.finish(command, input, gone) : till.submit(command, input, gone)));
    submitted.then(
      (answer) => this.#answer(peer, [id, answer]),
      (error: unknown) => {
        const { code, details } = toRefusal(error);
        if (code === "INTERNAL") onFault(name, error);
        this.#answer(peer, [id, null, { code, details }]);
      },
    );
  }

  #answer(peer: Peer, answer: SentAnswer): void {
    peer.waiting.delete(answer[0]);
    peer.answers.push(answer);
    this.#flushSoon(peer);
  }

  #flushSoon(peer: Peer): void {
    if (peer.isFlushing) return;
    peer.isFlushing = true;
    setImmediate(() => this.#flush(peer));
  }

  #flush(peer: Peer): void {
    const { announced, answers } = peer;
    peer.announced = [];
    peer.answers = [];
    peer.isFlushing = false;
    send(peer.socket, { announced, answers, load: this.#options.till.load });
  }
}
