// A client that asks again, at one instance after the other, until somebody says what became of its request.

import { AssertionError } from "node:assert";
import { setTimeout as pause } from "node:timers/promises";
import { type Answer, call } from "./shop.ts";

export type ClientRequest = { method: string; path: string; body?: unknown; key: string; token: string };

const AGAIN_MS = 50;
const REQUEST_MS = 15_000;

export class RetryingClient {
  /** Requests that got no answer, or one that says to come again. */
  readonly unanswered = { broken: 0, told: new Map<string, number>() };
  readonly #instances: () => readonly string[];
  #turn = 0;

  /** @param instances where they are; read anew for each request, so that it may change */
  constructor(instances: () => readonly string[]) {
    this.#instances = instances;
  }

  get askedAgain(): number {
    return this.unanswered.broken + [...this.unanswered.told.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Errors: AssertionError where an answer is not as the shop's document says. */
  async ask({ method, path, body, key, token }: ClientRequest): Promise<Answer> {
    for (; ; await pause(AGAIN_MS)) {
      const instances = this.#instances();
      const url = instances[this.#turn++ % instances.length] as string;
      let answer: Answer;
      try {
        answer = await Promise.race([call(url, method, path, body, { authorization: `Bearer ${token}`, "idempotency-key": key }), late()]);
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        this.unanswered.broken++;
        continue;
      }
      const code = String(answer.body?.code ?? answer.status);
      if (answer.status < 500 && answer.status !== 429 && code !== "IDEMPOTENCY_IN_PROGRESS") return answer;
      this.unanswered.told.set(code, (this.unanswered.told.get(code) ?? 0) + 1);
    }
  }
}

async function late(): Promise<never> {
  await pause(REQUEST_MS, undefined, { ref: false });
  throw new Error("no answer");
}
