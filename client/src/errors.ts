import type { Problem } from "./generated/types.gen.ts";

export type ProblemCode = Problem["code"];

/** The shop said no: `code` is for programs, `message` for people, `problem` has what is needed in order to act. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly code: ProblemCode;
  readonly problem: Problem;
  /** Seconds after which it may be asked again, where the shop said so. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail);
    this.status = problem.status;
    this.code = problem.code;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** Nothing was heard, or nothing that a shop says; `cause` tells why. Whether the request was carried out is not known. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  /** What was answered, where something answered that is no shop. */
  readonly status: number | undefined;

  constructor(message: string, { cause, status }: { cause?: unknown; status?: number } = {}) {
    super(message, { cause });
    this.status = status;
  }
}

/**
 * Whether the request may have been carried out, or still will be, although it ended in this error: nothing was heard, it was aborted, or what was heard
 * last is no decision. Sending it again with the same `idempotencyKey` finds out; with another it might be done twice.
 */
export function isUndecided(error: unknown): boolean {
  return !(error instanceof Refused) || [401, 429, 503].includes(error.status) || error.code === "IDEMPOTENCY_IN_PROGRESS";
}

/** Whether this is the shop's no, with one of these codes where some are given. */
export function isRefusal<const Code extends ProblemCode>(error: unknown, ...codes: Code[]): error is Refused & { code: Code } {
  return error instanceof Refused && (codes.length === 0 || codes.includes(error.code as Code));
}
