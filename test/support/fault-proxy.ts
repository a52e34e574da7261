// A TCP proxy that injects faults into connections to PostgreSQL, Redis, NATS or the payment gateway.

import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { CommitFaults, type CommitFault } from "./commit-faults.ts";

/**
 * A fault of all connections, in both directions. `half open`: both sides believe that they are connected, but no data passes;
 * it passes after the fault. `reset`: connections are reset, new ones too.
 */
export type NetworkFault = "none" | "latency" | "trickle" | "half open" | "reset";

/** A libpq URL, a port of this machine, or the path of a Unix socket. */
export type Upstream = string | { port: number } | { path: string };

/** Sees the data of a connection; returns true to drop it. */
type Interceptor = {
  request?: (data: Buffer, connection: Connection) => boolean;
  response?: (data: Buffer, connection: Connection) => boolean;
};

const LATENCY_MS = 50;
const TRICKLE = { bytes: 7, everyMs: 1 };

export class FaultProxy {
  readonly port: number;
  /** Added in each direction. */
  latencyMs = 0;
  /** New connections are closed at once, as if the server were down. */
  refusing = false;
  /** Called for each COMMIT of a round; only with a libpq URL. */
  onCommit: () => CommitFault = () => "none";
  interceptor: Interceptor = {};
  #fault: NetworkFault = "none";
  #upstream: Upstream;
  #resumed: PromiseWithResolvers<void> | undefined;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();

  private constructor(server: Server, upstream: Upstream) {
    this.#server = server;
    this.#upstream = upstream;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client) => {
      client.on("error", () => client.destroy());
      if (this.#fault === "reset") client.resetAndDestroy();
      else if (this.refusing) client.destroy();
      else void Promise.resolve(this.#resumed?.promise).then(() => client.destroyed || this.#connect(client));
    });
  }

  static open(upstream: Upstream): Promise<FaultProxy> {
    const server = createServer();
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(new FaultProxy(server, upstream))));
  }

  /** The upstream's libpq URL, through the proxy. */
  get url(): string {
    const url = parse(this.#upstream as string);
    url.searchParams.delete("host");
    url.searchParams.delete("port");
    url.searchParams.set("sslmode", "disable");
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  get fault(): NetworkFault {
    return this.#fault;
  }

  set fault(fault: NetworkFault) {
    this.#fault = fault;
    for (const connection of this.#connections) connection.apply(fault);
  }

  /** Breaks all connections; new ones are accepted. */
  breakConnections(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Breaks all connections and refuses new ones until `reconnect`. */
  disconnect(): void {
    this.refusing = true;
    this.interceptor = {};
    this.breakConnections();
  }

  reconnect(): void {
    this.refusing = false;
  }

  /** Breaks all connections and keeps new ones waiting until `resume`, like a pooler during a failover. */
  pause(): void {
    this.#resumed = Promise.withResolvers();
    this.breakConnections();
  }

  /** @param upstream the URL of a server that may have moved */
  resume(upstream: Upstream): void {
    this.#upstream = upstream;
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  /** Disconnects when a client next sends this text, which is not delivered. Resolves when that has happened. */
  disconnectAt(text: string): Promise<void> {
    return this.#intercept((done) => ({ request: (data) => data.includes(text) && this.#disconnectAnd(done) }));
  }

  /** Disconnects when the server sends `response` on the connection on which a client has sent `to`. The client does not get the response. */
  loseResponse(response: string, { to }: { to: string }): Promise<void> {
    let asked: Connection | undefined;
    return this.#intercept((done) => ({
      request(data, connection) {
        if (data.includes(to)) asked = connection;
        return false;
      },
      response: (data, connection) => connection === asked && data.includes(response) && this.#disconnectAnd(done),
    }));
  }

  /** Holds the response to the next request with this text until `release`. `held` resolves when the server has sent it. */
  holdResponse(text: string): { held: Promise<void>; release(): void } {
    let asked: Connection | undefined;
    const chunks: Buffer[] = [];
    const held = this.#intercept((done) => ({
      request(data, connection) {
        if (asked === undefined && data.includes(text)) asked = connection;
        return false;
      },
      response(data, connection) {
        if (connection !== asked) return false;
        chunks.push(data);
        done();
        return true;
      },
    }));
    const release = (): void => {
      this.interceptor = {};
      for (const data of chunks) asked?.client.write(data);
    };
    return { held, release };
  }

  async close(): Promise<void> {
    this.disconnect();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(client: Socket): void {
    const connection = new Connection(this, client, connect(addressOf(this.#upstream)), typeof this.#upstream === "string");
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  #intercept(interceptor: (done: () => void) => Interceptor): Promise<void> {
    return new Promise((resolve) => {
      this.interceptor = interceptor(resolve);
    });
  }

  #disconnectAnd(done: () => void): true {
    this.disconnect();
    done();
    return true;
  }
}

class Connection {
  readonly client: Socket;
  readonly closed: Promise<void>;
  readonly #server: Socket;
  readonly #proxy: FaultProxy;

  constructor(proxy: FaultProxy, client: Socket, server: Socket, isPostgres: boolean) {
    this.#proxy = proxy;
    this.client = client;
    this.#server = server;
    this.closed = new Promise((resolve) => client.on("close", () => resolve()));
    for (const socket of [client, server]) socket.setNoDelay(true).on("error", () => this.destroy());
    client.on("close", () => server.end()); // The server still gets the data that the client had sent.
    server.on("close", () => client.destroy());
    const commitFaults = isPostgres ? new CommitFaults(() => proxy.onCommit()) : undefined;
    this.#forward(client, server, "request", (data) => commitFaults?.request(data) ?? { data });
    this.#forward(server, client, "response", (data) => commitFaults?.response(data) ?? { data });
    this.apply(proxy.fault);
  }

  destroy(): void {
    this.client.destroy();
    this.#server.destroy();
  }

  apply(fault: NetworkFault): void {
    for (const socket of [this.client, this.#server]) {
      if (fault === "half open") socket.pause();
      else if (fault !== "reset") socket.resume();
      else if (socket.remoteAddress === undefined) socket.destroy(); // A Unix socket cannot be reset.
      else socket.resetAndDestroy();
    }
  }

  #forward(from: Socket, to: Socket, direction: keyof Interceptor, filter: (data: Buffer) => { data: Buffer; breaks?: boolean }): void {
    const send = delayedWriter(to);
    from.on("data", (chunk: Buffer) => {
      if (this.#proxy.interceptor[direction]?.(chunk, this)) return;
      const { data, breaks = false } = filter(chunk);
      const { fault, latencyMs } = this.#proxy;
      if (fault !== "trickle") send(data, fault === "latency" ? LATENCY_MS : latencyMs);
      else
        for (let at = 0; at < data.length; at += TRICKLE.bytes) send(data.subarray(at, at + TRICKLE.bytes), (at / TRICKLE.bytes) * TRICKLE.everyMs);
      if (!breaks) return;
      this.client.destroy();
      if (this.#proxy.refusing) this.#proxy.disconnect();
    });
  }
}

/** Writes in the order of the calls, each after its delay. */
function delayedWriter(to: Socket): (data: Buffer, delayMs: number) => void {
  let pending = 0;
  let previous: Promise<unknown> = Promise.resolve();
  const write = (data: Buffer): boolean => to.writable && to.write(data);
  return (data, delayMs) => {
    if (data.length === 0) return;
    if (delayMs === 0 && pending === 0) return void write(data);
    pending++;
    const delay = new Promise((resolve) => setTimeout(resolve, delayMs));
    previous = Promise.all([previous, delay]).then(() => {
      pending--;
      write(data);
    });
  };
}

function parse(url: string): URL {
  return new URL(url.replace(/^(\w+:\/\/)\//, "$1localhost/"));
}

function addressOf(upstream: Upstream): { host: string; port: number } | { path: string } {
  if (typeof upstream !== "string") return "path" in upstream ? upstream : { host: "127.0.0.1", ...upstream };
  const { hostname, port: urlPort, searchParams } = parse(upstream);
  const host = searchParams.get("host") ?? hostname;
  const port = Number(searchParams.get("port") ?? (urlPort || 5432));
  return host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
}
