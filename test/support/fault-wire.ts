// A wire to any server, on which what passes can be slow, come byte by byte, stop for a while or for ever, or break.

import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** `half open`: both sides believe that they are connected, and nothing passes any more. */
export type Fault = "none" | "latency" | "trickle" | "half open" | "reset";

const LATENCY_MS = 50;
/** Bytes at a time, and how often. */
const TRICKLE = { bytes: 7, everyMs: 1 };

export class FaultWire {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #fault: Fault = "none";

  private constructor(server: Server, target: { port: number } | { path: string }) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (near) => {
      if (this.#fault === "reset") return near.resetAndDestroy();
      const far = connect(target);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from.setNoDelay(true));
        from.on("error", () => to.destroy());
        from.on("close", () => this.#sockets.delete(from) && to.destroy());
        this.#carry(from, to);
      }
    });
  }

  /** @param target a port of this machine, or the path of a socket */
  static open(target: { port: number } | { path: string }): Promise<FaultWire> {
    const server = createServer();
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(new FaultWire(server, target))));
  }

  /** From now on. Healed, what was kept back by `half open` passes: a pause for those who have waited for it. */
  set fault(fault: Fault) {
    this.#fault = fault;
    for (const socket of this.#sockets) {
      if (fault === "reset") breakOff(socket);
      else if (fault === "half open") socket.pause();
      else socket.resume();
    }
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #carry(from: Socket, to: Socket): void {
    let before: Promise<unknown> = Promise.resolve();
    const later = (ms: number, data: Buffer): void => {
      before = before.then(() => new Promise((resolve) => setTimeout(() => resolve(to.writable && to.write(data)), ms)));
    };
    from.on("data", (data: Buffer) => {
      if (this.#fault === "latency") later(LATENCY_MS, data);
      else if (this.#fault === "trickle")
        for (let at = 0; at < data.length; at += TRICKLE.bytes) later(TRICKLE.everyMs, data.subarray(at, at + TRICKLE.bytes));
      else void before.then(() => to.writable && to.write(data)); // Behind what is still on its way.
    });
    if (this.#fault === "half open") from.pause();
  }
}

/** A socket in the file system can't be reset. */
function breakOff(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
