import { changeOrder } from "../order/change-order.ts";
import { getOrder } from "../order/get-order.ts";
import { refuse } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { itemsOf, type ReturnRow } from "./return.ts";
import { returns } from "./return.sql.ts";

/** A return of an order. Errors: RETURN_NOT_FOUND. */
export function getReturn(uow: UnitOfWork, orderId: string, returnId: string): ReturnRow {
  return uow.find(returns, orderId)?.find(({ id }) => id === returnId) ?? refuse("RETURN_NOT_FOUND", { returnId });
}

/** Ends a return. Its reasons are personal data, so the event does not have them. */
export function settleReturn(
  uow: UnitOfWork,
  row: ReturnRow,
  type: "return.withdrawn" | "return.received" | "return.rejected",
  fields: Pick<ReturnRow, "status"> & Partial<ReturnRow>,
): ReturnRow {
  const settled: ReturnRow = { ...row, ...fields, settledAt: uow.now, receiveAccount: null };
  const rows = uow.find(returns, row.orderId) ?? [];
  uow.put(
    returns,
    row.orderId,
    rows.map((one) => (one.id === row.id ? settled : one)),
  );
  const restock = settled.restock === null ? {} : { restock: settled.restock };
  changeOrder(uow, getOrder(uow, row.orderId, null), type, {}, { returnId: row.id, items: itemsOf(row), ...restock });
  return settled;
}

/** Notes that the units of a return are back and refunded. */
export function completeReturn(uow: UnitOfWork, orderId: string, { returnId, restock }: { returnId: string; restock: boolean }): ReturnRow {
  return settleReturn(uow, getReturn(uow, orderId, returnId), "return.received", { status: "RECEIVED", restock });
}
