// A webhook receiver that verifies signatures with the public library and responds as the test says.

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { Envelope } from "../../src/outbox/envelope.ts";

export const WEBHOOK_SECRET = `whsec_${Buffer.from("thirty-two bytes for the webhook").toString("base64")}`;

export class WebhookReceiver {
  readonly received: Envelope[] = [];
  /** Number of requests, rejected ones included. */
  requests = 0;
  /** The response to an event; 204 accepts it. */
  answer: (
    envelope: Envelope,
  ) => { status: number; headers?: Record<string, string> } | Promise<{ status: number; headers?: Record<string, string> }> = () => ({ status: 204 });
  /** Whether to break the connection instead of a response. */
  breaks: (envelope: Envelope) => boolean = () => false;
  /** `webhook-id` of all accepted deliveries, in order. */
  readonly deliveryIds: string[] = [];
  readonly #verifier = new Webhook(WEBHOOK_SECRET);
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void this.#take(Buffer.concat(chunks).toString("utf8"), request.headers).then((answer) => {
        if (answer === "break") request.socket.destroy();
        else response.writeHead(answer.status, answer.headers ?? {}).end();
      });
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`;
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(body: string, headers: IncomingHttpHeaders): Promise<{ status: number; headers?: Record<string, string> } | "break"> {
    this.requests++;
    let envelope: Envelope;
    try {
      envelope = this.#verifier.verify(body, headers as Record<string, string>) as Envelope;
    } catch {
      return { status: 400 };
    }
    if (this.breaks(envelope)) return "break";
    const answer = await this.answer(envelope);
    if (answer.status < 300) {
      this.received.push(envelope);
      this.deliveryIds.push(String(headers["webhook-id"]));
    }
    return answer;
  }
}
