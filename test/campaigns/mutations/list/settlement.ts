// Settlement with a strict gateway, and money in doubt.

import { type Mutation, mutation } from "../mutation.ts";

const SETTLEMENT = "test/api/settlement.test.ts";
const ATTENTION = "test/api/payments-attention.test.ts";
const DEPOSITS = "test/api/deposits.test.ts";
const TAX_FREE = "test/api/tax-free.test.ts";
const ASK = "src/settlement/ask-gateway.ts";
const LANES = "src/settlement/lanes.ts";
const WORKER = "src/settlement/settlement-worker.ts";
const HANGING = "test/api/hanging-lookups.test.ts";
const CANCELS = "src/settlement/gateway-cancels.ts";

export const OF_SETTLEMENT: Mutation[] = [
  mutation("events name the user by the id of other systems", "src/outbox/shop-event-data.ts", "users.get(userId) ?? null", "null", [
    "test/database/event-schemas.test.ts",
    "each type of event is sent as its schema says",
  ]),
  mutation("a key that got a temporary error is not used again", ASK, "turn.keyNumber++;", "turn.keyNumber += 0;", [
    SETTLEMENT,
    "an answer that says later",
  ]),
  mutation("a refusal of a repeated request is looked up", ASK, "!answer.repeated &&", "", [SETTLEMENT, "a refusal"]),
  mutation("settlement does not share the buyers' circuit breaker", "src/settlement/settler.ts", "this.#parts.background", "this.#parts.gateway", [
    SETTLEMENT,
    "its failing look-ups turn no buyer away",
  ]),
  mutation("settlement has no circuit breaker", "src/gateway/open-gateway.ts", "{ ...options, breakerCalls: Infinity }", "options", [
    SETTLEMENT,
    "keep no other payment from being looked up",
  ]),
  mutation(
    "a deposit that the bank takes back is noted",
    CANCELS,
    'status === "WAITING_FOR_DEPOSIT" || status === "EXPIRED"',
    'status === "EXPIRED"',
    [DEPOSITS, "waits for a person, until the buyer has paid again"],
  ),
  mutation(
    "a second deposit ends the doubt about the first",
    CANCELS,
    "await database.rows(deleteReversedDeposit(claim.id))",
    "await Promise.resolve()",
    [DEPOSITS, "waits for a person, until the buyer has paid again"],
  ),
  mutation(
    "a notification of a deposit is looked up for a paid order, too",
    "src/settlement/attempts.sql.ts",
    "payment_key IS NOT NULL AND status <> 'REFUNDED'",
    "payment_key IS NOT NULL AND status IN ('PENDING', 'UNKNOWN', 'WAITING_FOR_DEPOSIT', 'FAILED')",
    [DEPOSITS, "waits for a person, until the buyer has paid again"],
  ),
  mutation(
    "the reconciliation finds a deposit that the bank took back",
    "src/settlement/reconcile.ts",
    ' || difference?.what === "only in the shop"',
    "",
    [DEPOSITS, "is found by the reconciliation if the notification is lost"],
  ),
  mutation("a refused refund that was made since is in doubt no more", "src/settlement/attention.sql.ts", "later.status = 'COMPLETED'", "false", [
    DEPOSITS,
    "goes to another account if the bank refuses",
  ]),
  mutation("a charge takes no deposits", "src/payment-settings.ts", 'method !== "VIRTUAL_ACCOUNT"', "method.length > 0", [
    "test/api/charges.test.ts",
    "a charge by virtual account is declined",
  ]),
  mutation("a look-up that hangs yields its lane", LANES, "this.#slow++;", "", [
    "src/settlement/lanes.test.ts",
    "yield their lanes to the next ones",
  ]),
  mutation("hanging look-ups are bounded", LANES, "Math.min(this.#slow, mostYielded)", "this.#slow", [
    "src/settlement/lanes.test.ts",
    "as far as the bound allows",
  ]),
  mutation("a payment takes one lane, however often it is told of", WORKER, "await earlier;", "", [
    "test/database/settlement-worker.test.ts",
    "a payment that hangs takes one lane",
  ]),
  mutation("a notification is recorded before it is answered", WORKER, "await this.#recorded.get(paymentKey);", "", [
    HANGING,
    "a notified payment is due",
  ]),
  mutation("a webhook joins no look-up that runs already", "src/settlement/settler.ts", "if (afresh) await", "if (false as boolean) await", [
    "src/settlement/settler.test.ts",
    "a webhook that comes during a look-up",
  ]),
  mutation(
    "cancels in the dashboard are looked up beside each other",
    CANCELS,
    "{ lanes: 8, yieldAfterMs: 250,",
    "{ lanes: 1, yieldAfterMs: 250_000,",
    [HANGING, "keeps no other from being booked"],
  ),
  mutation(
    "a payment is confirmed under the order id of its window",
    "src/settlement/attempt-kinds.ts",
    "orderId: card.gatewayOrderId, failed",
    "failed",
    [SETTLEMENT, "the order id at the gateway"],
  ),
  mutation("a payment is made under an order id of its own order", "src/order/payment/payment.routes.ts", "lower.startsWith(orderId)", "true", [
    SETTLEMENT,
    "the order id at the gateway",
  ]),
  mutation("a part that was cancelled at the gateway refunds no order", CANCELS, "payment.left === 0 &&", "", [
    ATTENTION,
    "a part that was cancelled in the dashboard",
  ]),
  mutation("an operator's word must be able to be true", "src/settlement/resolve.ts", "!outcomesOf(found).includes(outcome)", "false", [
    ATTENTION,
    "a part that was cancelled in the dashboard",
  ]),
  mutation("only money in doubt is resolved", "src/settlement/attention.sql.ts", "p.status IN ('PENDING', 'UNKNOWN') AND", "", [
    DEPOSITS,
    "needs a person if the gateway still waits",
  ]),
  mutation(
    "fees are compared",
    "src/settlement/compare-settlements.ts",
    "settlement.amount - settlement.payOut === settlement.fee ?",
    "settlement.amount >= -Infinity ?",
    ["test/api/reconciliation.test.ts", "the settlements of a reconciliation are compared: fees do not add up"],
  ),
  mutation("a movement is settled once", "src/settlement/compare-settlements.ts", "if (!isFirst)", "if (false as boolean)", [
    "test/api/reconciliation.test.ts",
    "the settlements of a reconciliation are compared: settled twice",
  ]),
  mutation(
    "a late deposit without its notification is found",
    "src/settlement/gateway-cancels.ts",
    'if (status === "DONE") came.add(paymentKey);',
    'if (status === "DONE") continue;',
    [DEPOSITS, "without its notification"],
  ),
  mutation("only the last digits of a card are kept", "src/gateway/toss/details.ts", "/[\\d*]{4}$/", "/[\\d*]+$/", [
    DEPOSITS,
    "and no more of the card",
  ]),
  mutation(
    "a repeat waits for the answer to the first request",
    "src/settlement/settler.ts",
    'attempt?.status === "PENDING" &&',
    'attempt?.status === "NEVER" &&',
    [SETTLEMENT, "waits for the first's answer to its confirm"],
  ),
  mutation(
    "a first request does not wait for its own repeat",
    "src/settlement/settler.ts",
    "if (!first) await this.#waitForFirst(id);",
    "await this.#waitForFirst(id);",
    ["src/settlement/settler.test.ts", "does not keep that request from the gateway"],
  ),
  mutation("a repeat joins the first request of its process", "src/settlement/settler.ts", "!this.#running.has(id);", ";", [
    "src/settlement/settler.test.ts",
    "gets that call's answer without reading",
  ]),
  mutation("an order that waits for a deposit is cancelled with its account", "src/settlement/settle-payment.ts", "card.closing === true", "false", [
    DEPOSITS,
    "is cancelled by its buyer",
  ]),
  mutation(
    "only a payment that becomes unknown is told as unknown",
    "src/settlement/settle-payment.ts",
    'if (payment.status === "PENDING") tellUnpaid',
    'if (payment.status !== "UNKNOWN") tellUnpaid',
    [DEPOSITS, "are no events"],
  ),
  mutation(
    "an account is closed at the gateway before its order is cancelled",
    "src/settlement/attempt-kinds.ts",
    "if (card?.closing) return",
    "if (false as boolean) return",
    [DEPOSITS, "is cancelled by its buyer"],
  ),
  mutation(
    "an overdue deposit needs a person",
    "src/settlement/attention.sql.ts",
    "::timestamptz < ${OLD} OR p.closing",
    "::timestamptz < '-infinity' OR p.closing",
    [DEPOSITS, "needs a person if the gateway still waits"],
  ),
  mutation("money in doubt is decided once", "src/settlement/resolve.ts", "takeDoubt(uow, input, found);", "", [
    ATTENTION,
    "decided by one of five operators",
  ]),
  mutation(
    "a refund sends the tax-free part of its units",
    "src/gateway/toss/toss.ts",
    "...(taxFreeAmount ?",
    "...(false as boolean && taxFreeAmount ?",
    [TAX_FREE, "is that of its units, and the parts add up"],
  ),
  mutation(
    "tax-free parts follow the gateway's amount",
    "src/order/refund/refund-shares.ts",
    "if (atGateway === taxFreeLeft(order, before, () => 0))",
    "if (atGateway >= 0)",
    ["src/order/refund/refund-shares.test.ts", "and none is above its refund (none at the gateway)"],
  ),
];
