// A client that repeats a request, at each instance in turn, until it gets a final response.

import { AssertionError } from "node:assert";
import { setTimeout as pause } from "node:timers/promises";
import { type Answer, call } from "./shop.ts";

export type ClientRequest = { method: string; path: string; body?: unknown; key: string; token: string };

const RETRY_AFTER_MS = 50;
const TIMEOUT_MS = 15_000;

export class RetryingClient {
  /** Attempts without a response, and attempts with a response that asks for a retry, by its code. */
  readonly retries = { broken: 0, byCode: new Map<string, number>() };
  readonly #instances: () => readonly string[];
  #turn = 0;
  #gaveUp = false;

  /** @param instances their URLs; called for each attempt, so that they may change; without any, requests wait */
  constructor(instances: () => readonly string[]) {
    this.#instances = instances;
  }

  get retryCount(): number {
    return this.retries.broken + [...this.retries.byCode.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Rejects all requests from now on, those that wait for a response too. */
  giveUp(): void {
    this.#gaveUp = true;
  }

  /** Errors: AssertionError if a response does not match the OpenAPI document. */
  async send({ method, path, body, key, token }: ClientRequest): Promise<Answer> {
    for (let waitMs = 0; ; await pause(waitMs)) {
      waitMs = RETRY_AFTER_MS;
      if (this.#gaveUp) throw new Error("the client gave up");
      const instances = this.#instances();
      const url = instances[this.#turn++ % instances.length];
      if (url === undefined) continue;
      let response: Answer;
      try {
        response = await Promise.race([call(url, method, path, body, { authorization: `Bearer ${token}`, "idempotency-key": key }), timeout()]);
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        this.retries.broken++;
        continue;
      }
      const code = String(response.body?.code ?? response.status);
      if (response.status < 500 && response.status !== 429 && code !== "IDEMPOTENCY_IN_PROGRESS") return response;
      this.retries.byCode.set(code, (this.retries.byCode.get(code) ?? 0) + 1);
      // Only an outage makes the client wait as it is told. BUSY is repeated soon, because a race needs its clients at once.
      if (code === "UNAVAILABLE") waitMs = Number(response.headers["retry-after"] ?? 0) * 1000 || RETRY_AFTER_MS;
    }
  }
}

async function timeout(): Promise<never> {
  await pause(TIMEOUT_MS, undefined, { ref: false });
  throw new Error("no response within the timeout");
}
