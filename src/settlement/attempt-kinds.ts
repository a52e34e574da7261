// The four kinds of attempt at the gateway: payments, charges, refunds, and captures that pay for nothing.

import { type CardCharge, selectCharge } from "../balance/card-charge.sql.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { isOpen, type PaymentRecord } from "../order/payment/payment.ts";
import { paymentRecordOf, selectPayment } from "../order/payment/payment.sql.ts";
import { type RefundRow, selectRefund } from "../order/refund/refund.sql.ts";
import { methodsOfCharges } from "../payment-settings.ts";
import type { Till } from "../till/till.ts";
import { capture, closeAccount } from "./capture.ts";
import { refundAtGateway } from "./gateway-refund.ts";
import { settleCharge } from "./settle-charge.ts";
import { settlePayment } from "./settle-payment.ts";
import { settleRefund } from "./settle-refund.ts";
import type { AttemptKind, SettlerParts } from "./settler.ts";
import { selectUnmatchedCapture, type UnmatchedCaptureRow, updateUnmatchedCapture } from "./unmatched-capture.sql.ts";

export type AttemptParts = SettlerParts & { till: Till; orderCache: OrderCache; balanceMax: number };

export function cardPayments({ database, till, settings, now, orderCache }: AttemptParts): AttemptKind<PaymentRecord> {
  const command = settlePayment(orderCache);
  return {
    name: "payment",
    table: "payments",
    isCapture: true,
    async find(id) {
      const [row] = await database.rows<Record<string, unknown>>(selectPayment(id));
      return row && paymentRecordOf(row);
    },
    attemptOf({ card, ...payment }) {
      const failed = payment.status === "FAILED";
      return card && (failed || isOpen(payment)) ? { ...payment, ...card, orderId: card.gatewayOrderId, failed } : null;
    },
    ask({ expiresAt, createdAt, card }, wanted, first, gateway) {
      if (card?.closing) return closeAccount(gateway, wanted);
      // An order is not paid after it has expired: from then on the shop only finds out whether it was.
      const confirmUntil = expiresAt ?? Infinity;
      return capture(gateway, wanted, { first, now: now(), methods: settings.methods, confirmUntil, giveUpAt: createdAt + settings.giveUpAfterMs });
    },
    finish: ({ id, orderId }, outcome, askAgainMs) => till.finish(command, { orderId, paymentId: id, outcome, askAgainMs }),
  };
}

export function cardCharges({ database, till, settings, now, balanceMax }: AttemptParts): AttemptKind<CardCharge> {
  return {
    name: "charge",
    table: "card_charges",
    isCapture: true,
    find: async (id) => (await database.rows<CardCharge>(selectCharge(id)))[0],
    attemptOf: (charge) => (charge.status === "COMPLETED" ? null : { ...charge, orderId: charge.id, failed: charge.status === "FAILED" }),
    ask({ createdAt }, wanted, first, gateway) {
      const confirmUntil = createdAt + settings.giveUpAfterMs;
      // A charge that was confirmed at the last moment is given the same time again to show up at the gateway.
      return capture(gateway, wanted, {
        first,
        now: now(),
        methods: methodsOfCharges(settings.methods),
        confirmUntil,
        giveUpAt: confirmUntil + settings.giveUpAfterMs,
      });
    },
    finish: ({ id, userId }, outcome, askAgainMs) => till.finish(settleCharge, { userId, chargeId: id, outcome, askAgainMs, balanceMax }),
  };
}

export function cardRefunds({ database, till, orderCache }: AttemptParts): AttemptKind<RefundRow> {
  const command = settleRefund(orderCache);
  return {
    name: "refund",
    table: "refunds",
    isCapture: false,
    find: async (id) => (await database.rows<RefundRow>(selectRefund(id)))[0],
    attemptOf: (refund) => (refund.status === "PENDING" ? { ...refund, failed: false } : null),
    ask: (refund, _, first, gateway) => refundAtGateway(gateway, refund, !first),
    finish: ({ id, orderId }, outcome, askAgainMs) => till.finish(command, { orderId, refundId: id, outcome, askAgainMs }),
  };
}

export function unmatchedCaptureRefunds({ database, now }: AttemptParts): AttemptKind<UnmatchedCaptureRow> {
  return {
    name: "unmatched capture",
    table: "stray_money",
    isCapture: false,
    find: async (id) => (await database.rows<UnmatchedCaptureRow>(selectUnmatchedCapture(id)))[0],
    attemptOf: (row) => (row.status === "PENDING" ? { ...row, orderId: row.id, failed: false } : null),
    // All that is left goes back, also if it is in another currency, or a part was cancelled at the gateway.
    ask: ({ id, asked }, { paymentKey, keyNumber }, _, gateway) =>
      refundAtGateway(
        gateway,
        { id: `stray-${id}`, keyNumber, paymentKey, amount: null, reason: "the order can no longer be paid" },
        asked > 0 || keyNumber > 0,
      ),
    finish: ({ id }, outcome, askAgainMs) => database.rows(updateUnmatchedCapture(id, outcome, now(), askAgainMs)),
  };
}
