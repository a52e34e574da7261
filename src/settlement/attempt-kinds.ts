// The four kinds of attempt at the gateway: payments, charges, refunds, and captures that pay for nothing.

import { type CardCharge, selectCharge, selectChargesByKey, selectChargesToAsk, updateChargeWatch } from "../balance/card-charge.sql.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { isOpen, type PaymentRecord } from "../order/payment/payment.ts";
import { paymentRecordOf, selectPayment, selectPaymentsByKey, selectPaymentsToAsk, updateWatch } from "../order/payment/payment.sql.ts";
import { type RefundRow, selectRefund, selectRefundsToAsk } from "../order/refund/refund.sql.ts";
import type { Till } from "../till/till.ts";
import { capture, inquire } from "./capture-outcome.ts";
import { refundAtGateway } from "./gateway-refund.ts";
import { CURRENCY_MISMATCH, type GatewayOutcome } from "./outcome.ts";
import { settleCharge } from "./settle-charge.ts";
import { settlePayment } from "./settle-payment.ts";
import { settleRefund } from "./settle-refund.ts";
import type { AttemptKind, SettlerParts } from "./settler.ts";
import {
  selectUnmatchedCapture,
  selectUnmatchedCapturesToSettle,
  type UnmatchedCaptureRow,
  updateUnmatchedCapture,
} from "./unmatched-capture.sql.ts";

export type AttemptParts = SettlerParts & { till: Till; orderCache: OrderCache; balanceMax: number };

export function cardPayments(parts: AttemptParts): AttemptKind<PaymentRecord> {
  const { database, till, settings, orderCache } = parts;
  const settle = settlePayment(orderCache);
  return {
    name: "payment",
    due: selectPaymentsToAsk,
    withPaymentKey: selectPaymentsByKey,
    async find(id) {
      const [row] = await database.rows<Record<string, unknown>>(selectPayment(id));
      return row && paymentRecordOf(row);
    },
    attemptOf(payment) {
      const failed = payment.status === "FAILED";
      return payment.card && (failed || isOpen(payment)) ? { ...payment, ...payment.card, failed } : null;
    },
    ask(payment, first) {
      const { id, orderId, amount, createdAt, card } = payment;
      // An order is not paid after it has expired: from then on the shop only finds out whether it was.
      const terms = { confirmUntil: payment.expiresAt ?? Infinity, giveUpAt: createdAt + settings.giveUpAfterMs };
      return askForCapture(parts, { id, paymentKey: card?.paymentKey ?? "", orderId, amount }, first, terms);
    },
    finish: ({ id, orderId }, outcome, askAgainMs) => till.finish(settle, { orderId, paymentId: id, outcome, askAgainMs }),
    updateWatch,
  };
}

export function cardCharges(parts: AttemptParts): AttemptKind<CardCharge> {
  const { database, till, settings, balanceMax } = parts;
  return {
    name: "charge",
    due: selectChargesToAsk,
    withPaymentKey: selectChargesByKey,
    find: async (id) => (await database.rows<CardCharge>(selectCharge(id)))[0],
    attemptOf: (charge) => (charge.status === "COMPLETED" ? null : { ...charge, orderId: charge.id, failed: charge.status === "FAILED" }),
    ask({ id, paymentKey, amount, createdAt }, first) {
      const confirmUntil = createdAt + settings.giveUpAfterMs;
      // A charge that was confirmed at the last moment is given the same time again to show up at the gateway.
      const giveUpAt = confirmUntil + settings.giveUpAfterMs;
      return askForCapture(parts, { id, paymentKey, orderId: id, amount }, first, { confirmUntil, giveUpAt });
    },
    finish: ({ id, userId }, outcome, askAgainMs) => till.finish(settleCharge, { userId, chargeId: id, outcome, askAgainMs, balanceMax }),
    updateWatch: updateChargeWatch,
  };
}

/** A capture is sent under its attempt's own id, however often it is sent: so the gateway takes the money once. Instants in ms. */
function askForCapture(
  { gateway, now }: AttemptParts,
  { id, ...wanted }: { id: string; paymentKey: string; orderId: string; amount: number },
  first: boolean,
  { confirmUntil, giveUpAt }: { confirmUntil: number; giveUpAt: number },
): Promise<GatewayOutcome> {
  const confirmation = { ...wanted, idempotencyKey: id };
  const at = now();
  return first ? capture(gateway, confirmation) : inquire(gateway, confirmation, { mayConfirm: at < confirmUntil, mayGiveUp: at >= giveUpAt });
}

export function cardRefunds({ database, till, gateway, orderCache }: AttemptParts): AttemptKind<RefundRow> {
  const settle = settleRefund(orderCache);
  return {
    name: "refund",
    due: selectRefundsToAsk,
    find: async (id) => (await database.rows<RefundRow>(selectRefund(id)))[0],
    attemptOf: (refund) => (refund.status === "PENDING" ? { ...refund, failed: false } : null),
    ask: (refund, first) => refundAtGateway(gateway, refund, !first),
    finish: ({ id, orderId }, outcome, askAgainMs) => till.finish(settle, { orderId, refundId: id, outcome, askAgainMs }),
  };
}

export function unmatchedCaptureRefunds({ database, gateway, now }: AttemptParts): AttemptKind<UnmatchedCaptureRow> {
  return {
    name: "unmatched capture",
    due: selectUnmatchedCapturesToSettle,
    find: async (id) => (await database.rows<UnmatchedCaptureRow>(selectUnmatchedCapture(id)))[0],
    attemptOf: (captured) => (captured.status === "PENDING" ? { ...captured, orderId: captured.id, failed: false } : null),
    ask({ id, paymentKey, reason, amount, asked }) {
      // The shop cannot name an amount of another currency, so all of it goes back.
      const refund = { id: `stray-${id}`, paymentKey, amount: reason === CURRENCY_MISMATCH ? null : amount };
      return refundAtGateway(gateway, { ...refund, reason: "the order can no longer be paid" }, asked > 0);
    },
    finish({ id }, outcome, askAgainMs) {
      const status = outcome.kind === "unknown" ? "PENDING" : outcome.kind === "done" ? "RETURNED" : "REFUSED";
      const failure = outcome.kind === "done" ? null : outcome.reason;
      const at = now();
      return database.rows(updateUnmatchedCapture(id, status, failure, at, status === "PENDING" ? at + askAgainMs : null));
    },
  };
}
