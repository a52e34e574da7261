// Payments: types and pure rules.

import { iso } from "../../database/statement.ts";
import type { GatewayDetails } from "../../gateway/gateway.ts";
import { eventId } from "../../ids.ts";
import { type Order, payable } from "../order.ts";

export type PaymentMethod = "BALANCE" | "CARD";
export const PAYMENT_STATUSES = ["PENDING", "UNKNOWN", "WAITING_FOR_DEPOSIT", "COMPLETED", "FAILED", "REFUNDED", "PARTIALLY_REFUNDED"] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** One change of a payment. */
export type PaymentStep = { status: PaymentStatus; at: string; reason: string | null; customerReason?: string };

/** The payment at the gateway, when the gateway is asked next, how often it was asked, and the number of the idempotency key in use. */
export type CardDetails = {
  paymentKey: string;
  gatewayOrderId: string;
  askAt: number | null;
  asked: number;
  keyNumber: number;
  /** The payment in the gateway's words, once the gateway has named a method. */
  details: GatewayDetails | null;
  /** The order is being cancelled: the virtual account is closed before a deposit comes. Absent is false. */
  closing?: boolean;
};

/** `amount` in minor units, instants in ms. `card`: cards only. */
export type PaymentRow = {
  id: string;
  orderId: string;
  method: PaymentMethod;
  status: PaymentStatus;
  amount: number;
  /** Null while nothing has happened since the payment was made. */
  steps: PaymentStep[] | null;
  createdAt: number;
  paidAt: number | null;
  card: CardDetails | null;
};

/** A payment as it is read: with its newest steps, the count of all its steps, and its order's owner and expiry. */
export type PaymentRecord = PaymentRow & { userId: string; expiresAt: number | null; stepCount: number };

/**
 * The payment of an order that was paid from the balance, otherwise undefined. Such a payment is part of its order: it has the
 * order's status, and the id of the order's first event if it was made with the order. Its steps are the order's refunds.
 */
export function balancePayment(order: Order): PaymentRow | undefined {
  const { id: orderId, status, paidAt, paymentId } = order;
  if (paidAt === null) return undefined;
  return {
    id: paymentId ?? eventId(orderId, 1),
    orderId,
    method: "BALANCE",
    status: status as PaymentStatus,
    amount: payable(order),
    steps: null,
    createdAt: paidAt,
    paidAt,
    card: null,
  };
}

/** Whether the payment's outcome is not known yet. */
export function isOpen({ status }: Pick<PaymentRow, "status">): boolean {
  return status === "PENDING" || status === "UNKNOWN" || status === "WAITING_FOR_DEPOSIT";
}

/** Whether the payment came to a virtual account, so that it can go back only to an account of the buyer. */
export function isDeposit({ card }: Pick<PaymentRow, "card">): boolean {
  return card?.details?.method === "VIRTUAL_ACCOUNT";
}

/** All steps of a payment, oldest first. A payment without stored steps has one: it was made. */
export function stepsOf({ steps, status, paidAt, createdAt }: PaymentRow): PaymentStep[] {
  return steps ?? [{ status, at: iso(paidAt ?? createdAt), reason: null }];
}

/** The payment with one more step. */
export function withStep(
  payment: PaymentRow,
  status: PaymentStatus,
  now: number,
  reason: string | null,
  customerReason: string | null = null,
): PaymentRow {
  const step = { status, at: iso(now), reason, ...(customerReason === null ? {} : { customerReason }) };
  return { ...payment, status, steps: [...stepsOf(payment), step] };
}
