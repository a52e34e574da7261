import type { Problem } from "./generated/types.gen.ts";

export type ProblemCode = Problem["code"];

/** The shop refused the request: `code` is for programs, `message` for people, `problem` has the data to act on. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly code: ProblemCode;
  readonly problem: Problem;
  /** Seconds after which the request may be retried, if the shop told. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail);
    this.status = problem.status;
    this.code = problem.code;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** No response arrived, or one that no shop sends; `cause` tells why. Whether the request took effect is unknown. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  /** The status of a response that no shop sends. */
  readonly status: number | undefined;

  constructor(message: string, { cause, status }: { cause?: unknown; status?: number } = {}) {
    super(message, { cause });
    this.status = status;
  }
}

/**
 * Whether the request may have taken effect, or still may, in spite of this error: no response arrived, the request was aborted, or the last response
 * decided nothing. Repeat it with the same `idempotencyKey` to find out; with another key it might take effect twice.
 */
export function isUndecided(error: unknown): boolean {
  return !(error instanceof Refused) || [401, 429, 503].includes(error.status) || error.code === "IDEMPOTENCY_IN_PROGRESS";
}

/** Whether this is a refusal, with one of the codes if codes are given. */
export function isRefusal<const Code extends ProblemCode>(error: unknown, ...codes: Code[]): error is Refused & { code: Code } {
  return error instanceof Refused && (codes.length === 0 || codes.includes(error.code as Code));
}
