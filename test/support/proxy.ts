// A wire between a shop and its PostgreSQL that can be slow, hang, break, and lose a COMMIT or the answer to it.

import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/**
 * What becomes of a COMMIT: it passes; it is lost; it passes and its answer is lost; it passes and no answer ever comes; or its transaction
 * has failed when it arrives, and who sent it has not heard of that.
 */
export type CommitFate = "pass" | "lost" | "answer lost" | "silence" | "failed before";

export class Proxy {
  /** The same database, through the proxy. */
  readonly url: string;
  /** Where PostgreSQL is: a server that was started again may be elsewhere. */
  upstreamUrl: string;
  /** In each direction. */
  latencyMs = 0;
  /** Nobody is let through, as where the database is away. */
  refusing = false;
  /** Whoever comes waits at the door, as where a pooler pauses while the database moves. */
  #door: Promise<void> | undefined;
  #opened = (): void => {};
  /** Nothing is passed on, and nobody is told. */
  hanging = false;
  /** Asked for each COMMIT of a till's round. */
  onCommit: () => CommitFate = () => "pass";
  readonly #server: Server;
  readonly #wires = new Set<Wire>();

  private constructor(server: Server, upstreamUrl: string) {
    this.#server = server;
    this.upstreamUrl = upstreamUrl;
    const url = new URL(upstreamUrl.replace(/^(\w+:\/\/)\//, "$1localhost/"));
    for (const [name, value] of [
      ["host", undefined],
      ["port", undefined],
      ["sslmode", "disable"],
    ] as const) {
      url.searchParams.delete(name);
      if (value !== undefined) url.searchParams.set(name, value);
    }
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.url = url.href;
    server.on("connection", (client) => {
      if (this.refusing) return void client.destroy();
      client.on("error", () => client.destroy());
      void (this.#door ?? Promise.resolve()).then(() => client.destroyed || this.#connect(client));
    });
  }

  #connect(client: Socket): void {
    const wire = new Wire(this, client, upstream(this.upstreamUrl));
    this.#wires.add(wire);
    void wire.over.then(() => this.#wires.delete(wire));
  }

  static open(upstreamUrl: string): Promise<Proxy> {
    const server = createServer();
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(new Proxy(server, upstreamUrl))));
  }

  /** Breaks every connection. */
  cut(): void {
    for (const wire of this.#wires) wire.cut();
  }

  /** The database is away from now on, until `comeBack`. */
  goAway(): void {
    this.refusing = true;
    this.cut();
  }

  comeBack(): void {
    this.refusing = false;
  }

  /** Breaks every connection and lets new ones wait, until `resume`. */
  pause(): void {
    this.#door = new Promise((resolve) => (this.#opened = resolve));
    this.cut();
  }

  /** The database is at this URL from now on. */
  resume(upstreamUrl: string): void {
    this.upstreamUrl = upstreamUrl;
    this.#door = undefined;
    this.#opened();
  }

  async close(): Promise<void> {
    this.refusing = true;
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function upstream(url: string): Socket {
  const { hostname, port, searchParams } = new URL(url.replace(/^(\w+:\/\/)\//, "$1localhost/"));
  const host = searchParams.get("host") ?? hostname;
  const at = Number(searchParams.get("port") ?? (port || 5432));
  return host.startsWith("/") ? connect(`${host}/.s.PGSQL.${at}`) : connect(at, host);
}

const COMMIT = "COMMIT\0";
/** How a flight names it (src/database/pipeline.ts). */
const BIND_COMMIT = "\0commit\0";
/** A query that fails, as a message of its own. */
const FAILING = Buffer.from("Q\0\0\0\x0fSELECT 1/0\0", "latin1");
/** What comes of it and is not for the client: the error, and that the server is ready again. */
const ITS_ANSWER = new Set(["E", "Z"]);

/** What is done with a message on its way: it passes, or is left out, or is lost with everything behind it, or others go in front of it. */
type Passage = "pass" | "leave out" | "lose" | { before: Buffer };

/** One connection: messages are taken apart on their way, so that a COMMIT is seen however it was cut into packets. */
class Wire {
  readonly over: Promise<void>;
  readonly #proxy: Proxy;
  readonly #client: Socket;
  readonly #server: Socket;
  #isRound = false;
  #fate: CommitFate = "pass";
  /** How many answers to what the wire itself has asked are still to come. */
  #ownAnswers = 0;

  constructor(proxy: Proxy, client: Socket, server: Socket) {
    this.#proxy = proxy;
    this.#client = client;
    this.#server = server;
    this.over = new Promise((resolve) => client.on("close", () => resolve()));
    for (const socket of [client, server]) socket.setNoDelay(true).on("error", () => this.cut());
    client.on("close", () => server.end()); // What it had sent before still arrives.
    server.on("close", () => client.destroy());
    this.#carry(client, server, true, (type, body) => this.#asked(type, body));
    this.#carry(server, client, false, (type, body) => this.#answered(type, body));
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  /** The till's rounds write their own id: only their COMMIT is tampered with. */
  #asked(type: string, body: Buffer): Passage {
    if (type === "B" && body.includes("\0round\0")) this.#isRound = true;
    if (type !== "B" || !body.includes(BIND_COMMIT) || !this.#isRound) return "pass";
    this.#isRound = false;
    this.#fate = this.#proxy.onCommit();
    if (this.#fate === "lost") return "lose";
    if (this.#fate !== "failed before") return "pass";
    this.#ownAnswers = ITS_ANSWER.size;
    return { before: FAILING };
  }

  #answered(type: string, body: Buffer): Passage {
    if (this.#ownAnswers > 0 && ITS_ANSWER.has(type)) {
      this.#ownAnswers--;
      return "leave out";
    }
    return this.#fate === "silence" || (this.#fate === "answer lost" && type === "C" && body.toString("latin1") === COMMIT) ? "lose" : "pass";
  }

  #carry(from: Socket, to: Socket, hasGreeting: boolean, decide: (type: string, body: Buffer) => Passage): void {
    let rest: Buffer = Buffer.alloc(0);
    let greeting = hasGreeting;
    from.on("data", (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const passed: Buffer[] = [];
      let stopped = false;
      while (!stopped) {
        const head = greeting ? 0 : 1; // The first message of a client has no type.
        if (rest.length < head + 4) break;
        const end = head + rest.readUInt32BE(head);
        if (rest.length < end) break;
        const message = rest.subarray(0, end);
        rest = rest.subarray(end);
        const type = greeting ? "" : String.fromCharCode(message[0] as number);
        greeting = false;
        const passage = decide(type, message.subarray(head + 4));
        if (typeof passage === "object") passed.push(passage.before, message);
        else if (passage === "pass") passed.push(message);
        else stopped = passage === "lose";
      }
      if (passed.length > 0) this.#send(to, Buffer.concat(passed));
      if (stopped && this.#fate !== "silence") this.#lose();
    });
  }

  /** This connection breaks here; and where nobody is let in any more, the others with it. */
  #lose(): void {
    this.#client.destroy();
    if (this.#proxy.refusing) this.#proxy.goAway();
  }

  #send(to: Socket, data: Buffer): void {
    if (this.#proxy.hanging) return;
    if (this.#proxy.latencyMs === 0) to.write(data);
    else setTimeout(() => to.writable && to.write(data), this.#proxy.latencyMs);
  }
}
