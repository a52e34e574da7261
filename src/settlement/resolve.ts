import { users } from "../balance/balance.sql.ts";
import { cardCharges } from "../balance/card-charge.sql.ts";
import type { Database } from "../database/pool.ts";
import { completeReturn } from "../fulfilment/complete-return.ts";
import { returns } from "../fulfilment/return.sql.ts";
import { type ImmutableOrder, type OrderCache, orderNeeds } from "../order/order-cache.ts";
import { orders } from "../order/order.sql.ts";
import { isOpen } from "../order/payment/payment.ts";
import { payments } from "../order/payment/payment.sql.ts";
import { remaining } from "../order/refund/refund.ts";
import { refunds, type RefundRow, selectRefund } from "../order/refund/refund.sql.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { NeedsChanged, type UnitOfWork } from "../till/unit-of-work.ts";
import { type Attention, type AttentionKind, doubtKey, doubts, RESOLUTIONS, selectAttentionById } from "./attention.sql.ts";
import { bookGatewayCancel, bookRefund } from "./book-refund.ts";
import type { GatewayOutcome } from "./outcome.ts";
import { settleCharge } from "./settle-charge.ts";
import { settlePayment } from "./settle-payment.ts";
import { settleRefund } from "./settle-refund.ts";

export const RESOLVE_OUTCOMES = ["PAID", "NOT_PAID", "RETURNED"] as const;
export type ResolveOutcome = (typeof RESOLVE_OUTCOMES)[number];

export type Resolve = {
  id: string;
  outcome: ResolveOutcome;
  reason: string;
  balanceMax: number;
  /** `PAYMENT_GIVE_UP_AFTER_MS`. */
  giveUpAfterMs: number;
  found?: Attention | undefined;
  immutable?: ImmutableOrder | undefined;
  refused?: RefundRow | undefined;
};
export type Resolved = { id: string; kind: AttentionKind; outcome: ResolveOutcome; paymentId: string; orderId: string | null };

/** The outcomes that can be true of each kind. A failed attempt cannot be paid any more. */
export function outcomesOf({ kind, status }: Pick<Attention, "kind" | "status">): readonly ResolveOutcome[] {
  if (kind === "PAYMENT" || kind === "CHARGE") return status === "FAILED" ? ["NOT_PAID", "RETURNED"] : RESOLVE_OUTCOMES;
  return kind === "REFUND" || kind === "DEPOSIT_REVERSED" ? ["PAID", "RETURNED"] : ["RETURNED"];
}

/** Why an attempt ended that the gateway did not decide. The operator's own words are in the journal. */
const BY_AN_OPERATOR = "RESOLVED_BY_OPERATOR";
const LOOK_AGAIN_MS = 60_000;
/** The status of a thing that this round has decided. */
const RESOLVED = "RESOLVED";

/**
 * Applies an operator's word about money in doubt, once. PAID: the buyer's money stays with the shop. NOT_PAID: it never came. RETURNED:
 * the buyer has it back. Errors: PAYMENT_NOT_FOUND if nothing with this id is in doubt, INVALID_REQUEST for an outcome that cannot be,
 * PAYMENT_IN_PROGRESS if a refund of the order is.
 */
export function resolveAttention(database: Database, orderCache: OrderCache): Command<Resolve, Resolved> {
  const [payment, refund, booked] = [settlePayment(orderCache), settleRefund(orderCache), bookGatewayCancel(orderCache)];
  return command<Resolve, Resolved>({
    name: "resolve attention",

    async prepare(input) {
      const [found] = await database.rows<Attention>(selectAttentionById(input.giveUpAfterMs, input.id));
      const immutable = found?.orderId ? await orderCache.find(found.orderId) : undefined;
      const [refused] = found?.kind === "REFUND" ? await database.rows<RefundRow>(selectRefund(found.id)) : [];
      return { ...input, found, immutable, refused };
    },

    needs({ found, immutable, giveUpAfterMs }) {
      if (!found) return [];
      const doubt = need(doubts, doubtKey(found.id, giveUpAfterMs));
      if (found.orderId !== null) return [...orderNeeds(found.orderId, immutable), need(returns, found.orderId), doubt];
      return [need(users, found.userId), need(cardCharges, found.paymentId), doubt];
    },

    decide(uow, input) {
      const { id, outcome, reason, balanceMax, found } = input;
      if (!found) refuse("PAYMENT_NOT_FOUND", { paymentId: id });
      takeDoubt(uow, input, found);
      if (!outcomesOf(found).includes(outcome)) invalid("/outcome", `must be ${outcomesOf(found).join(" or ")}`);
      const { kind, orderId, userId } = found;
      // Money that comes after all is found by one more look-up.
      const askAgainMs = outcome === "NOT_PAID" ? LOOK_AGAIN_MS : null;
      const isDone = outcome === (kind === "REFUND" ? "RETURNED" : "PAID");
      const settled: GatewayOutcome = isDone ? { kind: "done" } : { kind: "failed", reason: BY_AN_OPERATOR, confirmed: true, captured: 0 };
      if (kind === "PAYMENT" && orderId !== null && isOpenPayment(uow, orderId, id))
        payment.decide(uow, { orderId, paymentId: id, outcome: settled, askAgainMs });
      else if (kind === "CHARGE" && uow.find(cardCharges, id)?.status === "PENDING")
        settleCharge.decide(uow, { userId, chargeId: id, outcome: settled, askAgainMs, balanceMax });
      else {
        if (kind === "REFUND" && orderId !== null && uow.find(refunds, orderId)?.id === id)
          refund.decide(uow, { orderId, refundId: id, outcome: settled, askAgainMs });
        else if (kind === "REFUND" && isDone) bookRefused(uow, input.refused, reason);
        else if (kind === "DEPOSIT_REVERSED" && outcome === "RETURNED" && orderId !== null) {
          // The refund in progress, which the gateway cannot make, has to be resolved first.
          if (uow.find(refunds, orderId)?.status === "PENDING") refuse("PAYMENT_IN_PROGRESS", { orderId });
          booked.decide(uow, { orderId, paymentId: id });
        }
        uow.append(RESOLUTIONS[kind], { id, reason });
      }
      return { id, kind, outcome, paymentId: found.paymentId, orderId };
    },
  });
}

/** Takes a thing out of doubt: another operator, or the gateway's answer, may have decided it since it was read. */
function takeDoubt(uow: UnitOfWork, { id, giveUpAfterMs }: Resolve, found: Attention): void {
  const key = doubtKey(found.id, giveUpAfterMs);
  const doubt = uow.find(doubts, key);
  if (!doubt || doubt.status === RESOLVED) refuse("PAYMENT_NOT_FOUND", { paymentId: id });
  if (doubt.kind !== found.kind || doubt.status !== found.status) throw new NeedsChanged();
  uow.put(doubts, key, { ...doubt, status: RESOLVED });
}

function isOpenPayment(uow: UnitOfWork, orderId: string, id: string): boolean {
  const payment = uow.find(payments, orderId);
  return payment?.id === id && isOpen(payment);
}

/** Books a refund that the gateway refused and the operator has made by hand, as far as its units were not refunded since. */
function bookRefused(uow: UnitOfWork, refused: RefundRow | undefined, reason: string): void {
  const order = refused && uow.find(orders, refused.orderId);
  if (!order || (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")) return;
  const left = remaining(order.items);
  const units = refused.units.flatMap(([variantId, quantity]) => {
    const rest = Math.min(quantity, left.get(variantId) ?? 0);
    return rest > 0 ? [[variantId, rest] as const] : [];
  });
  if (units.length === 0) return;
  const { restock, customerReason } = refused;
  // A return that was settled in another way since is left alone.
  const returnId = uow.find(returns, order.id)?.find(({ id, status }) => id === refused.returnId && status === "REQUESTED")?.id ?? null;
  bookRefund(uow, order, { units: new Map(units), returnId, restock, reasons: { reason, customerReason } });
  if (returnId !== null) completeReturn(uow, order.id, { returnId, restock });
}
