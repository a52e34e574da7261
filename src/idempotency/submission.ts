import type { Locale } from "../problem.ts";
import type { Till } from "../till/till.ts";
import type { IdempotencyKey, KeyedResponse } from "./idempotent-command.ts";

/** A command for the till, and how its result becomes a response. */
export type Submission = { to(till: Till, key: IdempotencyKey | undefined, locale: Locale, gone: () => boolean): Promise<KeyedResponse> };
