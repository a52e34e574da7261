// The four kinds of attempt at the gateway: payments, charges, refunds, and captures that pay for nothing.

import { type CardCharge, selectCharge } from "../balance/card-charge.sql.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { isOpen, type PaymentRecord } from "../order/payment/payment.ts";
import { paymentRecordOf, selectPayment } from "../order/payment/payment.sql.ts";
import { type RefundRow, selectRefund } from "../order/refund/refund.sql.ts";
import type { Till } from "../till/till.ts";
import { capture } from "./capture-outcome.ts";
import { refundAtGateway } from "./gateway-refund.ts";
import { CURRENCY_MISMATCH } from "./outcome.ts";
import { settleCharge } from "./settle-charge.ts";
import { settlePayment } from "./settle-payment.ts";
import { settleRefund } from "./settle-refund.ts";
import type { AttemptKind, SettlerParts } from "./settler.ts";
import { selectUnmatchedCapture, type UnmatchedCaptureRow, updateUnmatchedCapture } from "./unmatched-capture.sql.ts";

export type AttemptParts = SettlerParts & { till: Till; orderCache: OrderCache; balanceMax: number };

export function cardPayments({ database, till, gateway, settings, now, orderCache }: AttemptParts): AttemptKind<PaymentRecord> {
  const command = settlePayment(orderCache);
  return {
    name: "payment",
    table: "payments",
    isCapture: true,
    async find(id) {
      const [row] = await database.rows<Record<string, unknown>>(selectPayment(id));
      return row && paymentRecordOf(row);
    },
    attemptOf(payment) {
      const failed = payment.status === "FAILED";
      return payment.card && (failed || isOpen(payment)) ? { ...payment, ...payment.card, failed } : null;
    },
    ask(payment, first) {
      // An order is not paid after it has expired: from then on the shop only finds out whether it was.
      const confirmUntil = payment.expiresAt ?? Infinity;
      const giveUpAt = payment.createdAt + settings.giveUpAfterMs;
      return capture(gateway, { ...payment, paymentKey: payment.card?.paymentKey ?? "" }, { first, now: now(), confirmUntil, giveUpAt });
    },
    finish: ({ id, orderId }, outcome, askAgainMs) => till.finish(command, { orderId, paymentId: id, outcome, askAgainMs }),
  };
}

export function cardCharges({ database, till, gateway, settings, now, balanceMax }: AttemptParts): AttemptKind<CardCharge> {
  return {
    name: "charge",
    table: "card_charges",
    isCapture: true,
    find: async (id) => (await database.rows<CardCharge>(selectCharge(id)))[0],
    attemptOf: (charge) => (charge.status === "COMPLETED" ? null : { ...charge, orderId: charge.id, failed: charge.status === "FAILED" }),
    ask(charge, first) {
      const confirmUntil = charge.createdAt + settings.giveUpAfterMs;
      // A charge that was confirmed at the last moment is given the same time again to show up at the gateway.
      const giveUpAt = confirmUntil + settings.giveUpAfterMs;
      return capture(gateway, { ...charge, orderId: charge.id }, { first, now: now(), confirmUntil, giveUpAt });
    },
    finish: ({ id, userId }, outcome, askAgainMs) => till.finish(settleCharge, { userId, chargeId: id, outcome, askAgainMs, balanceMax }),
  };
}

export function cardRefunds({ database, till, gateway, orderCache }: AttemptParts): AttemptKind<RefundRow> {
  const command = settleRefund(orderCache);
  return {
    name: "refund",
    table: "refunds",
    isCapture: false,
    find: async (id) => (await database.rows<RefundRow>(selectRefund(id)))[0],
    attemptOf: (refund) => (refund.status === "PENDING" ? { ...refund, failed: false } : null),
    ask: (refund, first) => refundAtGateway(gateway, refund, !first),
    finish: ({ id, orderId }, outcome, askAgainMs) => till.finish(command, { orderId, refundId: id, outcome, askAgainMs }),
  };
}

export function unmatchedCaptureRefunds({ database, gateway, now }: AttemptParts): AttemptKind<UnmatchedCaptureRow> {
  return {
    name: "unmatched capture",
    table: "stray_money",
    isCapture: false,
    find: async (id) => (await database.rows<UnmatchedCaptureRow>(selectUnmatchedCapture(id)))[0],
    attemptOf: (row) => (row.status === "PENDING" ? { ...row, orderId: row.id, failed: false } : null),
    ask({ id, paymentKey, reason, amount, asked }) {
      // The shop cannot name an amount of another currency, so all of it goes back.
      const refund = { id: `stray-${id}`, paymentKey, amount: reason === CURRENCY_MISMATCH ? null : amount };
      return refundAtGateway(gateway, { ...refund, reason: "the order can no longer be paid" }, asked > 0);
    },
    finish: ({ id }, outcome, askAgainMs) => database.rows(updateUnmatchedCapture(id, outcome, now(), askAgainMs)),
  };
}
