// Delivery retries: events that a sink refused, and later events of the same orders, which are blocked until those are settled.

import { backoffMs } from "../backoff.ts";
import type { OutboxEvent } from "./event.ts";

/** An event that a sink has refused this often becomes a dead letter. Eight attempts take about a minute. */
export const MAX_ATTEMPTS = 8;

/** `orderId` is the order, or the subject of an event that is not of an order. */
export type RetryKey = { orderId: string; seq: number };

/** A new retry. Without a refusal the event is blocked: it was not sent because an earlier event of its order was refused. */
export type NewRetry = RetryKey & { id: string | null; refusal: { reason: string; pauseMs: number } | null };

/** `replay` is the id of the replay that an operator requested, if any. */
export type DueRetry = OutboxEvent & { attempts: number; replay: string | null };

/** The result of an attempt. Without a refusal the event is delivered; with `pauseMs` null it is a dead letter. */
export type TriedRetry = RetryKey & { id: string | null; refusal: { reason: string; pauseMs: number | null } | null };

export function firstRefusal({ id, orderId, seq }: OutboxEvent, reason: string): NewRetry {
  return { id, orderId, seq, refusal: { reason, pauseMs: backoffMs(1) } };
}

export function blockedRetry({ id, orderId, seq }: OutboxEvent): NewRetry {
  return { id, orderId, seq, refusal: null };
}

export function deliveredRetry({ id, orderId, seq }: DueRetry): TriedRetry {
  return { id, orderId, seq, refusal: null };
}

export function refusedRetry({ id, orderId, seq, attempts }: DueRetry, reason: string): TriedRetry {
  return { id, orderId, seq, refusal: { reason, pauseMs: attempts + 1 < MAX_ATTEMPTS ? backoffMs(attempts + 1) : null } };
}

/** Delivered, or a dead letter: nothing waits for it any longer. */
export function isSettled({ refusal }: TriedRetry): boolean {
  return refusal === null || refusal.pauseMs === null;
}
