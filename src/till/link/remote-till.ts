// A worker's end of the link to the till: looks like a till, and sends its commands to the process
// that has it. While that process is away each command is refused at once.

import { connect, type Socket } from "node:net";
import { Refusal } from "../../refusal.ts";
import { AdmissionControl } from "../admission.ts";
import type { Command } from "../command.ts";
import { busy } from "../round-executor.ts";
import type { Till } from "../till.ts";
import { readMessages, send, type SentAnswer, type SentCommand, type TillLoad, type ToWorker } from "./wire.ts";

export type RemoteTillOptions = {
  /** The path of the till's Unix socket. */
  path: string;
  /** The longest wait of a command in ms, as the till's own. */
  waitMs: number;
  /** Called with each announcement of a committed round, before that round's answers. */
  onAnnounced: (message: string) => void;
  /** Called when committed rounds have written events. */
  onEvents?: (() => void) | undefined;
  /** Called when the till is lost and when it is back. */
  onChange: (up: boolean) => void;
  /** The place in a trace of the command that is being sent. */
  traceparent?: (() => string | undefined) | undefined;
};

type Pending = { resolve: (answer: unknown) => void; reject: (error: unknown) => void; gone: () => boolean; isReported: boolean; sentAt: number };

const RECONNECT_MS = 50;
/** How often the callers of waiting commands are looked at, and from which age of a command. */
const LOOK_MS = 100;
/** Every command of a working till is answered in a few times its longest wait; a till that answers none for longer hangs. */
const HANGS_AFTER_WAITS = 4;
const HANGS_AFTER_MS = 5000;

export class RemoteTill implements Till {
  readonly #options: RemoteTillOptions;
  readonly #admission: AdmissionControl;
  readonly #pending = new Map<number, Pending>();
  /** The till process counts its rounds itself. */
  readonly served = { rounds: 0, commands: 0, largest: 0, retries: 0 };
  /** Commands wait in the till's queue, and are counted there. */
  readonly waiting = 0;
  #socket: Socket | undefined;
  #outgoing: SentCommand[] = [];
  #lastId = 0;
  #load: TillLoad = { expectedMs: 0, msPerCommand: 0, smallRoundMs: 0 };
  #loadAt = 0;
  /** Commands that the till's load does not include yet. */
  #sentSince = 0;
  #heardAt = 0;
  #isUp = false;
  #closed = false;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: RemoteTillOptions) {
    this.#options = options;
    this.#admission = new AdmissionControl(options.waitMs);
  }

  /** Whether the till can be reached. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Connects, and keeps connecting until `close`. */
  start(): void {
    this.#connect();
    this.#looking = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Disconnects. Commands that are not answered yet are refused as UNAVAILABLE. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#looking);
    this.#socket?.destroy();
    this.#lose();
  }

  rejectIfOverloaded(): Refusal | undefined {
    if (!this.#isUp) return unavailable();
    const now = performance.now();
    const { expectedMs, msPerCommand, smallRoundMs } = this.#load;
    const waits = Math.max(0, expectedMs - (now - this.#loadAt)) + this.#sentSince * msPerCommand;
    return this.#admission.admits(waits, now, smallRoundMs) ? undefined : busy(waits);
  }

  submit<Input, Answer>(command: Command<Input, Answer>, input: Input, gone: () => boolean = () => false): Promise<Answer> {
    return this.#send(command.name, input, gone, 0);
  }

  finish<Input, Answer>(command: Command<Input, Answer>, input: Input, gone: () => boolean = () => false): Promise<Answer> {
    return this.#send(command.name, input, gone, 1);
  }

  #send<Answer>(name: string, input: unknown, gone: () => boolean, finish: 0 | 1): Promise<Answer> {
    if (!this.#isUp) return Promise.reject(unavailable());
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#pending.set(id, { resolve: resolve as (answer: unknown) => void, reject, gone, isReported: false, sentAt: performance.now() });
      this.#sentSince++;
      const traceparent = this.#options.traceparent?.();
      const sent: SentCommand = traceparent === undefined ? [id, finish, name, input] : [id, finish, name, input, traceparent];
      if (this.#outgoing.push(sent) === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const commands = this.#outgoing;
    this.#outgoing = [];
    if (this.#socket && this.#isUp) send(this.#socket, { commands });
  }

  #connect(): void {
    if (this.#closed) return;
    const socket = connect({ path: this.#options.path });
    this.#socket = socket;
    readMessages<ToWorker>(socket, (message) => this.#receive(message));
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#lose();
      setTimeout(() => this.#connect(), RECONNECT_MS);
    });
  }

  #receive({ announced = [], events, answers = [], load }: ToWorker): void {
    this.#heardAt = performance.now();
    if (load) {
      this.#load = load;
      this.#loadAt = this.#heardAt;
      this.#sentSince = 0;
    }
    if (!this.#isUp) {
      this.#isUp = true;
      this.#options.onChange(true);
    }
    for (const message of announced) this.#options.onAnnounced(message);
    if (events) this.#options.onEvents?.();
    for (const answer of answers) this.#settle(answer);
  }

  #settle([id, answer, refusal]: SentAnswer): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    if (refusal) pending.reject(new Refusal(refusal.code, refusal.details));
    else pending.resolve(answer);
  }

  /**
   * The connection is gone. Whether the commands that were sent took effect is unknown: a repeat
   * with the same key gets the truth.
   */
  #lose(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#outgoing = [];
    if (this.#isUp) {
      this.#isUp = false;
      this.#options.onChange(false);
    }
    for (const { reject } of pending) reject(unavailable());
  }

  /** Reports callers that have disconnected, and drops the connection to a till that hangs. */
  #look(): void {
    const now = performance.now();
    const gone: number[] = [];
    for (const [id, pending] of this.#pending) {
      if (now - pending.sentAt < LOOK_MS) break;
      if (pending.isReported || !pending.gone()) continue;
      pending.isReported = true;
      gone.push(id);
    }
    if (this.#socket && gone.length > 0) send(this.#socket, { commands: [], gone });
    const [oldest] = this.#pending.values();
    const patienceMs = HANGS_AFTER_WAITS * this.#options.waitMs + HANGS_AFTER_MS;
    if (oldest && now - Math.max(oldest.sentAt, this.#heardAt) > patienceMs) this.#socket?.destroy();
  }
}

function unavailable(): Refusal {
  return new Refusal("UNAVAILABLE", { retryAfter: 1 });
}
