// Ends a return without a refund: its buyer withdraws it, or an operator rejects it.

import type { Database } from "../database/pool.ts";
import { getOrder } from "../order/get-order.ts";
import { orders } from "../order/order.sql.ts";
import { refunds } from "../order/refund/refund.sql.ts";
import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { type Need, need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { getReturn, settleReturn } from "./complete-return.ts";
import { type ReturnRow, type ReturnView, returnView } from "./return.ts";
import { returns, selectReturn } from "./return.sql.ts";

const endNeeds = (orderId: string): Need[] => [need(orders, orderId), need(refunds, orderId), need(returns, orderId)];

/**
 * Withdraws a return that was not received or rejected yet.
 * Errors: ORDER_NOT_FOUND, RETURN_NOT_FOUND, ORDER_NOT_RETURNABLE, PAYMENT_IN_PROGRESS.
 */
export const withdrawReturn = command<{ orderId: string; returnId: string; callerId: string | null }, null>({
  name: "withdraw return",
  needs: ({ orderId }) => endNeeds(orderId),

  decide(uow, { orderId, returnId, callerId }) {
    getOrder(uow, orderId, callerId);
    const row = getReturn(uow, orderId, returnId);
    if (row.status === "WITHDRAWN") refuse("RETURN_NOT_FOUND", { returnId });
    checkOpen(uow, row);
    settleReturn(uow, row, "return.withdrawn", { status: "WITHDRAWN" });
    return null;
  },
});

export type RejectReturn = { returnId: string; reason: string; customerReason: string | null; orderId?: string };

/** Rejects a return. Errors: RETURN_NOT_FOUND, ORDER_NOT_RETURNABLE, PAYMENT_IN_PROGRESS. */
export function rejectReturn(database: Database): Command<RejectReturn, ReturnView> {
  return command<RejectReturn, ReturnView>({
    name: "reject return",
    prepare: (input) => withOrderOfReturn(database, input),
    needs: ({ orderId }) => (orderId === undefined ? [] : endNeeds(orderId)),

    decide(uow, { returnId, orderId, reason, customerReason }) {
      const row = getReturn(uow, orderId ?? refuse("RETURN_NOT_FOUND", { returnId }), returnId);
      checkOpen(uow, row);
      const fields = { status: "REJECTED", rejection: reason, customerRejection: customerReason } as const;
      return returnView(settleReturn(uow, row, "return.rejected", fields), { isOperator: true });
    },
  });
}

/** Adds the return's order to a command's input, if the return exists. */
export async function withOrderOfReturn<Input extends { returnId: string }>(database: Database, input: Input): Promise<Input & { orderId?: string }> {
  const [row] = await database.rows<ReturnRow>(selectReturn(input.returnId));
  return row ? { ...input, orderId: row.orderId } : input;
}

/** Errors: ORDER_NOT_RETURNABLE for a return that has ended, PAYMENT_IN_PROGRESS while its refund is in progress. */
export function checkOpen(uow: UnitOfWork, { id: returnId, orderId, status }: ReturnRow): void {
  if (status !== "REQUESTED") refuse("ORDER_NOT_RETURNABLE", { orderId, returnId, returnStatus: status });
  const refund = uow.find(refunds, orderId);
  if (refund?.status === "PENDING" && refund.returnId === returnId) refuse("PAYMENT_IN_PROGRESS", { orderId, returnId });
}
