// Raw bytes on a TCP connection, for requests that no HTTP client would send.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Answer } from "./shop.ts";

/** A connection on which the test decides which bytes are written when. */
export class RawConnection {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #changed = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#signalChange();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      this.#signalChange();
    });
  }

  #signalChange(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** The next response. Errors: the connection ends before the response is complete. */
  async read(): Promise<Answer> {
    for (;;) {
      const taken = take(this.#received);
      if (taken) {
        this.#received = taken.rest;
        return taken.answer;
      }
      if (this.#closed) throw new Error(`the connection ended after ${JSON.stringify(this.#received.toString("latin1"))}`);
      await this.#changed.promise;
    }
  }

  /** Resolves when the server has closed the connection. Errors: further data arrived. */
  async ended(): Promise<void> {
    while (!this.#closed) await this.#changed.promise;
    if (this.#received.length > 0) throw new Error(`unexpected data: ${this.#received.toString("latin1")}`);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Writes these bytes at once and reads `count` responses. */
export async function exchange(url: string, bytes: string | Buffer, count = 1): Promise<Answer[]> {
  const connection = await RawConnection.open(url);
  try {
    connection.write(bytes);
    const responses: Answer[] = [];
    while (responses.length < count) responses.push(await connection.read());
    return responses;
  } finally {
    connection.close();
  }
}

/** A request as text. Without Content-Length and Transfer-Encoding, Content-Length is added. */
export function requestText(method: string, path: string, headers: Record<string, string> = {}, body?: string): string {
  const lengths = Object.keys(headers).some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  const all = {
    Host: "shop",
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(body === undefined || lengths ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
    ...headers,
  };
  return `${method} ${path} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n${body ?? ""}`;
}

function take(received: Buffer): { answer: Answer; rest: Buffer } | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...fields] = received.toString("latin1", 0, end).split("\r\n");
  const headers = Object.fromEntries(
    fields.map((field) => [field.slice(0, field.indexOf(":")).toLowerCase(), field.slice(field.indexOf(":") + 1).trim()]),
  );
  const length = Number(headers["content-length"] ?? 0);
  const body = received.subarray(end + 4, end + 4 + length);
  if (body.length < length) return undefined;
  const text = body.toString("utf8");
  const status = Number(line.split(" ")[1]);
  return {
    answer: { status, headers, text, body: text !== "" && /json/.test(headers["content-type"] ?? "") ? JSON.parse(text) : text },
    rest: received.subarray(end + 4 + length),
  };
}
