// Faults of a COMMIT on a connection to PostgreSQL. Messages are parsed, so that a COMMIT is found in any packet.

/**
 * `request lost`: the COMMIT does not reach PostgreSQL, and the connection breaks. `response lost`: PostgreSQL commits, and the connection
 * breaks. `no response`: PostgreSQL commits, and the client hears nothing. `aborted`: the transaction has failed before the COMMIT arrives.
 */
export type CommitFault = "none" | "request lost" | "response lost" | "no response" | "aborted";

type Filtered = { data: Buffer; breaks?: boolean };
type Decision = "pass" | "drop" | "stop" | { before: Buffer };

const COMMIT_COMPLETE = "COMMIT\0";
/** The name of the COMMIT statement in a Bind message (src/database/pipeline.ts). */
const BIND_COMMIT = "\0commit\0";
/** Only a round's transaction binds the statement `round`. */
const BIND_ROUND = "\0round\0";
/** A Query message that fails. */
const FAILING_QUERY = Buffer.from("Q\0\0\0\x0fSELECT 1/0\0", "latin1");
/** Its responses, which the client must not see: ErrorResponse and ReadyForQuery. */
const FAILING_QUERY_RESPONSES = new Set(["E", "Z"]);

export class CommitFaults {
  readonly #onCommit: () => CommitFault;
  readonly #requests = new MessageParser(true);
  readonly #responses = new MessageParser(false);
  #isRound = false;
  #fault: CommitFault = "none";
  /** Responses to the failing query that are still to come. */
  #hiddenResponses = 0;

  constructor(onCommit: () => CommitFault) {
    this.#onCommit = onCommit;
  }

  /** The data to send to PostgreSQL. */
  request(chunk: Buffer): Filtered {
    return this.#filter(this.#requests.push(chunk), (type, body) => this.#onRequest(type, body));
  }

  /** The data to send to the client. */
  response(chunk: Buffer): Filtered {
    return this.#filter(this.#responses.push(chunk), (type, body) => this.#onResponse(type, body));
  }

  #filter(messages: Message[], decide: (type: string, body: Buffer) => Decision): Filtered {
    const passed: Buffer[] = [];
    for (const { type, body, bytes } of messages) {
      const decision = decide(type, body);
      if (decision === "stop") return { data: Buffer.concat(passed), breaks: this.#fault !== "no response" };
      if (typeof decision === "object") passed.push(decision.before, bytes);
      else if (decision === "pass") passed.push(bytes);
    }
    return { data: Buffer.concat(passed) };
  }

  #onRequest(type: string, body: Buffer): Decision {
    if (type === "B" && body.includes(BIND_ROUND)) this.#isRound = true;
    if (type !== "B" || !body.includes(BIND_COMMIT) || !this.#isRound) return "pass";
    this.#isRound = false;
    this.#fault = this.#onCommit();
    if (this.#fault === "request lost") return "stop";
    if (this.#fault !== "aborted") return "pass";
    this.#hiddenResponses = FAILING_QUERY_RESPONSES.size;
    return { before: FAILING_QUERY };
  }

  #onResponse(type: string, body: Buffer): Decision {
    if (this.#hiddenResponses > 0 && FAILING_QUERY_RESPONSES.has(type)) {
      this.#hiddenResponses--;
      return "drop";
    }
    const isLost = this.#fault === "response lost" && type === "C" && body.toString("latin1") === COMMIT_COMPLETE;
    return isLost || this.#fault === "no response" ? "stop" : "pass";
  }
}

/** `type` is empty for the startup message. */
type Message = { type: string; body: Buffer; bytes: Buffer };

class MessageParser {
  #rest: Buffer = Buffer.alloc(0);
  #isStartup: boolean;

  constructor(hasStartup: boolean) {
    this.#isStartup = hasStartup;
  }

  /** The messages that this chunk completes. */
  push(chunk: Buffer): Message[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Message[] = [];
    for (;;) {
      const typeLength = this.#isStartup ? 0 : 1; // The startup message has no type.
      if (this.#rest.length < typeLength + 4) return messages;
      const end = typeLength + this.#rest.readUInt32BE(typeLength);
      if (this.#rest.length < end) return messages;
      const bytes = this.#rest.subarray(0, end);
      messages.push({ type: this.#isStartup ? "" : String.fromCharCode(bytes[0] as number), body: bytes.subarray(typeLength + 4), bytes });
      this.#rest = this.#rest.subarray(end);
      this.#isStartup = false;
    }
  }
}
