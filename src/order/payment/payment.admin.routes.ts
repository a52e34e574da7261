import Type from "typebox";
import type { Database } from "../../database/pool.ts";
import { nextCursor, ownCursor, readCursor } from "../../http/cursor.ts";
import type { Routes } from "../../http/route.ts";
import { Id, Money, NextCursor, Nullable, OneOf, page, Query } from "../../http/schemas.ts";
import { historyCount, historyFields, paymentFields } from "./payment.schemas.ts";
import { PAYMENT_STATUSES } from "./payment.ts";
import { paymentRecordOf, selectPaymentPage, STEPS_IN_LIST } from "./payment.sql.ts";
import { paymentHistory, paymentView } from "./payment-view.ts";

const UnmatchedCapture = Type.Object(
  { amount: Money(), status: OneOf(["PENDING", "RETURNED", "REFUSED"]) },
  { description: "Money that the gateway captured although the payment failed, and whether it was sent back" },
);
const PaymentInList = Type.Object({ ...paymentFields, userId: Id(), ...historyFields, stray: Nullable(UnmatchedCapture) });

export function paymentAdminRoutes(routes: Routes, { database }: { database: Database }): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/payments",
      operationId: "listPayments",
      audience: "operator",
      permission: "refunds",
      tag: "Payments",
      summary: `Payments, newest first, with their last ${STEPS_IN_LIST} steps, and money captured for payments that failed`,
      description: "Captured money whose payment failed is listed too, until it has gone back.",
      query: Query({
        ...page,
        status: Type.Optional(OneOf(PAYMENT_STATUSES, "Only payments with this status")),
        method: Type.Optional(OneOf(["BALANCE", "CARD"], "Only payments by this method")),
      }),
      answers: { 200: Type.Object({ payments: Type.Array(PaymentInList), nextCursor: NextCursor }) },
      shape: ownCursor("payments", ["id"]),
    },
    async ({ query: { limit = 20, cursor, status = null, method = null } }) => {
      const [before] = (readCursor("payments", cursor, ["id"]) ?? [null]) as [string | null];
      const rows = await database.rows<PaymentPageRow>(selectPaymentPage({ status, method }, before, limit + 1));
      return { payments: rows.slice(0, limit).map(viewOf), nextCursor: nextCursor(rows, limit, "payments", (row) => [row.id]) };
    },
  );
}

type PaymentPageRow = Record<string, unknown> & { id: string; strayAmount: number | null; strayStatus: string | null };

function viewOf({ strayAmount, strayStatus, ...row }: PaymentPageRow) {
  const payment = paymentRecordOf(row);
  return {
    ...paymentView(payment),
    userId: payment.userId,
    history: paymentHistory(payment, true),
    ...historyCount(payment),
    stray: strayStatus === null ? null : { amount: strayAmount, status: strayStatus },
  };
}
