import type { Database } from "../database/pool.ts";
import type { Started } from "../idempotency/two-phase.ts";
import { getOrder } from "../order/get-order.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds, withImmutableOrder } from "../order/order-cache.ts";
import { refund, RETURNED } from "../order/refund/refund.ts";
import { refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { completeReturn, getReturn } from "./complete-return.ts";
import { checkOpen, withOrderOfReturn } from "./end-return.ts";
import { type ReturnView, returnView } from "./return.ts";
import type { ReceiveAccount } from "../gateway/gateway.ts";
import { returns } from "./return.sql.ts";
import { unitsOfPieces } from "./returnable.ts";

export type ReceiveReturn = {
  returnId: string;
  /** False: the units are written off. */
  restock: boolean;
  /** The delay before settlement asks the gateway about an unfinished refund to a card, in ms. */
  askAfterMs: number;
  /** The buyer's account, which only the refund of a deposit needs; without it the one that the return was requested with. */
  receiveAccount?: ReceiveAccount | null | undefined;
  orderId?: string;
  immutable?: ImmutableOrder;
};

/**
 * Notes that the units of a return are back, and refunds them. A refund to a card completes later,
 * and the return with it.
 * Errors: RETURN_NOT_FOUND, ORDER_NOT_RETURNABLE, ORDER_NOT_REFUNDABLE, PAYMENT_IN_PROGRESS.
 */
export function receiveReturn(database: Database, orderCache: OrderCache): Command<ReceiveReturn, Started<ReturnView>> {
  return command<ReceiveReturn, Started<ReturnView>>({
    name: "receive return",
    async prepare(input) {
      const { orderId } = await withOrderOfReturn(database, input);
      return orderId === undefined ? input : withImmutableOrder(orderCache, { ...input, orderId });
    },
    needs: ({ orderId, immutable }) => (orderId === undefined ? [] : [...orderNeeds(orderId, immutable), need(returns, orderId)]),

    decide(uow, { returnId, restock, askAfterMs, receiveAccount, orderId }) {
      if (orderId === undefined) refuse("RETURN_NOT_FOUND", { returnId });
      const row = getReturn(uow, orderId, returnId);
      checkOpen(uow, row);
      const order = getOrder(uow, orderId, null);
      if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")
        refuse("ORDER_NOT_REFUNDABLE", { orderId, orderStatus: order.status });
      const terms = { units: unitsOfPieces(row.pieces), reasons: RETURNED, restock, returnId };
      const started = refund(uow, order, terms, { askAfterMs, receiveAccount: receiveAccount ?? row.receiveAccount });
      if (started.kind === "attempt") return started;
      return { kind: "answer", answer: returnView(completeReturn(uow, orderId, { returnId, restock }), { isOperator: true }) };
    },
  });
}
