// A data platform behind a webhook: checks what it gets with the public library, and answers as it is told.

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { Envelope } from "../../src/outbox/envelope.ts";

export const WEBHOOK_SECRET = `whsec_${Buffer.from("thirty-two bytes for the webhook").toString("base64")}`;

export class WebhookReceiver {
  readonly received: Envelope[] = [];
  /** Everything that arrived, also what was not taken. */
  requests = 0;
  /** What to answer for an event; 204 takes it. */
  answer: (
    envelope: Envelope,
  ) => { status: number; headers?: Record<string, string> } | Promise<{ status: number; headers?: Record<string, string> }> = () => ({ status: 204 });
  /** Whether to break the connection in place of an answer. */
  breaks: (envelope: Envelope) => boolean = () => false;
  /** `webhook-id` of everything that was taken, in its order. */
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
