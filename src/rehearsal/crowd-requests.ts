// Requests of a rehearsal's crowd, over the machine's loopback.

import { type Agent, request as httpRequest } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { exponentialMs } from "../backoff.ts";
import type { CrowdRequest } from "./crowd-report.ts";

const MAX_TRIES = 5;
const LONGEST_PAUSE_MS = 5000;
const RESPONSE_TIMEOUT_MS = 30_000;
/** Refusals that are retried. All others are final. */
const TEMPORARY = new Set(["BUSY", "UNAVAILABLE", "TOO_MANY_REQUESTS", "NO_ANSWER"]);

/** `id` names the member of a response that is the created row's id, if ids tell the order of service. */
export type Call = { token: string; method?: "GET" | "POST" | "DELETE"; path: string; body?: unknown; key?: string; id?: string };

/** The shop as its crowd sees it. */
export class Requests {
  readonly #agent: Agent;
  readonly #url: string;

  constructor(agent: Agent, url: string) {
    this.#agent = agent;
    this.#url = url;
  }

  /** Sends a request, and retries it a bounded number of times while the refusal is temporary. */
  async send(call: Call): Promise<CrowdRequest & { text: string }> {
    const sentAt = performance.now();
    for (let tries = 1; ; tries++) {
      const { status, text, retryAfterMs } = await this.#sendOnce(call);
      const refusal = status >= 200 && status < 300 ? null : (/"code":"(\w+)"/.exec(text)?.[1] ?? "NO_ANSWER");
      if (refusal !== null && TEMPORARY.has(refusal) && tries < MAX_TRIES) {
        await pause(Math.min(LONGEST_PAUSE_MS, retryAfterMs ?? exponentialMs(200, LONGEST_PAUSE_MS, tries)));
        continue;
      }
      const id = refusal === null && call.id !== undefined ? (new RegExp(`"${call.id}":"([^"]+)"`).exec(text)?.[1] ?? null) : null;
      return { sentAt, answeredAt: performance.now(), refusal, tries, id, text };
    }
  }

  /** Reads an object; undefined if it is refused. */
  async read<Body>(token: string, path: string): Promise<Body | undefined> {
    const { refusal, text } = await this.send({ token, method: "GET", path });
    return refusal === null ? (JSON.parse(text) as Body) : undefined;
  }

  #sendOnce({ token, method = "POST", path, body, key }: Call): Promise<{ status: number; text: string; retryAfterMs: number | undefined }> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    };
    return new Promise((resolve) => {
      const fail = (): void => resolve({ status: 0, text: "", retryAfterMs: undefined });
      const sent = httpRequest(new URL(path, this.#url), { method, agent: this.#agent, timeout: RESPONSE_TIMEOUT_MS, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", fail);
        response.on("end", () => {
          const retryAfter = response.headers["retry-after"];
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString("utf8"),
            retryAfterMs: retryAfter === undefined ? undefined : Number(retryAfter) * 1000,
          });
        });
      });
      sent.on("error", fail);
      sent.on("timeout", () => sent.destroy(new Error("the shop did not answer in time")));
      sent.end(text);
    });
  }
}
