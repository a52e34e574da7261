// Rules of orders, payments and refunds.

import { type Mutation, mutation } from "../mutation.ts";

const RULES = "test/database/order-rules.test.ts";
const MONEY = "test/database/rules.test.ts";
const PAYMENTS = "test/api/payments.test.ts";
const CHARGES = "test/api/charges.test.ts";
const AMOUNT = "test/api/expected-amount.test.ts";
const REASONS = "test/api/reasons.test.ts";
const LISTS = "test/api/bounded-lists.test.ts";
const UNDO = "src/order/undo-order.ts";
const REFUND = "src/order/refund/refund.ts";
const PAYABLE = "src/order/payment/payable-order.ts";
const SETTLE = "src/settlement/settle-payment.ts";
const START = "src/order/payment/start-card-payment.ts";
const OUTCOME = "src/settlement/capture-outcome.ts";

export const ORDERS: Mutation[] = [
  mutation(
    "a shopper can change only the own orders",
    UNDO,
    "order === undefined || (callerId !== null && order.userId !== callerId)",
    "order === undefined",
    [RULES, "is its owner's"],
  ),
  mutation(
    "only a pending order can be cancelled",
    UNDO,
    'if (order.status !== "PENDING") refuse("ORDER_NOT_CANCELLABLE"',
    'if (false) refuse("ORDER_NOT_CANCELLABLE"',
    [RULES, "can't be cancelled once it is"],
  ),
  mutation(
    "an order cannot be cancelled during a card payment",
    UNDO,
    'if (livePayment(uow, orderId)) refuse("PAYMENT_IN_PROGRESS"',
    'if (false) refuse("PAYMENT_IN_PROGRESS"',
    [RULES, "can't be cancelled while a card's outcome"],
  ),
  mutation("only a paid order can be refunded", UNDO, 'if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")', "if (false)", [
    RULES,
    "can't be refunded while it is",
  ]),
  mutation("a refund names only items of its order", UNDO, "if (!bought.some(({ variantId }) => variantId === item.variantId))", "if (false)", [
    RULES,
    "gives back nothing that was not bought",
  ]),
  mutation("a refund does not exceed the remaining quantity", REFUND, "item.refundedQuantity > item.quantity", "false", [
    RULES,
    "gives back no more than was bought",
  ]),
  mutation("an empty refund is refused", REFUND, "tooMany || pieces.size === 0", "tooMany", [
    RULES,
    "gives back nothing where there is nothing left",
  ]),
  mutation("equal items of a refund are added up", REFUND, "(pieces.get(variantId) ?? 0) + quantity", "quantity", [
    RULES,
    "gives back no more than was bought",
  ]),
  mutation("an order has one pending refund at a time", REFUND, 'uow.find(refunds, order.id)?.status === "PENDING"', "false", [
    RULES,
    "has one refund to its card at a time",
  ]),
  mutation("a coupon is returned with the last unit only", REFUND, "if (whole && order.userCouponId !== null)", "if (order.userCouponId !== null)", [
    RULES,
    "a coupon comes back with the last piece",
  ]),
  mutation("a refund restores stock", REFUND, "for (const item of given) returnStock(uow, item);", "", [RULES, "gives back money, pieces and event"]),
  mutation("a refund returns money", REFUND, "if (amount > 0) moveMoney", "if (false) moveMoney", [RULES, "gives back money, pieces and event"]),
  mutation(
    "partial refunds add up to the paid amount",
    "src/order/refund/refund-shares.ts",
    "const share = part(paid, costSoFar, order.totalAmount) - from;",
    "const share = Math.round(paid * (item.unitPrice * item.quantity) / (order.totalAmount || 1)); void from;",
    [RULES, "the parts of a refund add up"],
  ),
  mutation(
    "each change of an order appends an event",
    "src/order/order.ts",
    "  uow.append(orderEvents, {",
    "  if (false) uow.append(orderEvents, {",
    [RULES, "an order's change has its event"],
  ),
  mutation("an order has at most 65,535 changes", "src/order/order.ts", "if (changes > CHANGES_MAX)", "if (false)", [
    RULES,
    "has at most 65,535 changes",
  ]),
  mutation("an expired order cannot be paid", "src/order/order.ts", "(order.expiresAt === null || now < order.expiresAt)", "true", [
    RULES,
    "can't be paid once its time is up",
  ]),
  mutation("an order is paid once", "src/order/order.ts", 'return order.status === "PENDING" && (', "return (", [
    "test/api/races.test.ts",
    "the same order paid 20 times is paid once",
  ]),
  mutation(
    "an order is paid only if its products are for sale",
    PAYABLE,
    "for (const { productId, variantId } of items) forSale(uow, productId, variantId);",
    "",
    [RULES, "can't be paid with what is no longer for sale"],
  ),
  mutation("an order is not paid during a card payment", PAYABLE, 'order.status === "PENDING" && livePayment(uow, orderId)', "false", [
    RULES,
    "can't be paid while a card's outcome",
  ]),
  mutation("an order expires only when it is due", UNDO, " || order.expiresAt > uow.now", "", [RULES, "expires when its time is up"]),
  mutation(
    "only a pending order expires",
    UNDO,
    '!order || order.status !== "PENDING" || order.expiresAt === null',
    "!order || order.expiresAt === null",
    [RULES, "expires when its time is up"],
  ),
  mutation("an order does not expire during a card payment", UNDO, "if (livePayment(uow, orderId)) return false;", "", [
    RULES,
    "expires when its time is up",
  ]),

  // Cards
  mutation("a declined card payment restores stock", SETTLE, "        restoreStock(uow, order, itemsOf(uow, orderId));\n", "", [
    PAYMENTS,
    "that is declined is 402",
  ]),
  mutation("a payment is settled once", SETTLE, " || !isOpen(payment)", "", [RULES, "is settled once"]),
  mutation("a settlement applies to its own payment", SETTLE, "payment?.id !== paymentId || ", "!payment || ", [RULES, "is settled once"]),
  mutation(
    "an unknown outcome keeps the reservation",
    SETTLE,
    'if (verdict.kind === "unknown") {',
    'if (outcome.kind === "unknown") { restoreStock(uow, order, itemsOf(uow, orderId));',
    [PAYMENTS, "without an answer is 202 UNKNOWN"],
  ),
  mutation(
    "an unmatched capture is recorded for refund",
    SETTLE,
    "if (captured > 0)\n          uow.append(unmatchedCaptures",
    "if (false)\n          uow.append(unmatchedCaptures",
    [PAYMENTS, "that the gateway captured at another price"],
  ),
  mutation("a failed payment key is not tried again", START, "uow.find(failedKeys, orderId)?.includes(paymentKey)", "false", [
    PAYMENTS,
    "is not tried twice",
  ]),
  mutation("a card payment reserves stock", START, "      reserveStock(uow, order, items);\n", "", [PAYMENTS, "without an answer is 202 UNKNOWN"]),
  mutation("a capture is matched by its order", OUTCOME, "payment.orderId !== wanted.orderId", "false", [
    PAYMENTS,
    "of one order does not pay another",
  ]),
  mutation("a capture is matched by its amount", OUTCOME, "payment.amount === wanted.amount", "true", [
    PAYMENTS,
    "that the gateway captured at another price",
  ]),
  mutation(
    "an expired payment is not confirmed",
    "src/settlement/card-payments.ts",
    "payment.expiresAt === null || now < payment.expiresAt",
    "true",
    [PAYMENTS, "that never reached the gateway in time fails"],
  ),
  mutation(
    "a payment that failed without a response is checked again",
    "src/settlement/card-payments.ts",
    'if (payment.status === "FAILED") return this.#watch(payment);',
    "",
    [PAYMENTS, "that never reached the gateway in time fails"],
  ),
  mutation(
    "a confirmation has the payment's id as idempotency key",
    "src/settlement/card-payments.ts",
    "idempotencyKey: id }",
    "idempotencyKey: crypto.randomUUID() }",
    ["test/api/gateway-keys.test.ts", "a payment is confirmed under its own id"],
  ),
  mutation("a repeated refund is looked up at the gateway first", "src/settlement/gateway-refund.ts", "again && (await isGivenBack())", "false", [
    "test/api/gateway-keys.test.ts",
    "looked for before",
  ]),
  mutation(
    "a gateway refund has its own id as idempotency key",
    "src/settlement/gateway-refund.ts",
    "idempotencyKey: id }",
    "idempotencyKey: crypto.randomUUID() }",
    ["test/api/gateway-keys.test.ts", "under the refund's own id"],
  ),
  mutation("a refund is settled once", "src/settlement/settle-refund.ts", 'refund?.id !== refundId || refund.status !== "PENDING"', "!refund", [
    RULES,
    "gives back to a card only once",
  ]),
  mutation("the refunded amount is checked", "src/settlement/settle-refund.ts", "if (amount !== refund.amount)", "if (false)", [
    RULES,
    "gives back to a card only once",
  ]),
  mutation("a charge is settled once", "src/settlement/settle-charge.ts", 'charge?.status !== "PENDING"', "!charge", [
    MONEY,
    "a charge by card is settled once",
  ]),
  mutation(
    "a settled charge does not exceed the balance limit",
    "src/settlement/settle-charge.ts",
    'verdict.kind === "done" && balance <= balanceMax',
    'verdict.kind === "done"',
    [CHARGES, "money for which there is no room"],
  ),
  mutation("a started charge does not exceed the balance limit", "src/balance/start-charge.ts", "    checkLimit(wallet, amount, balanceMax);\n", "", [
    MONEY,
    "a charge by card begins only where there is room",
  ]),
  mutation("a charge by card checks the balance version", "src/balance/start-charge.ts", "version !== null && version !== wallet.version", "false", [
    MONEY,
    "a charge by card begins only where there is room",
  ]),
  mutation("a settled charge takes the next balance version", "src/settlement/settle-charge.ts", "wallet.version + 1", "charge.version", [
    CHARGES,
    "a charge without an answer is 202 PENDING",
  ]),
  mutation(
    "an idempotency key holds the id of its attempt",
    "src/idempotency/two-phase.ts",
    'uow.put(idempotencyRecords, id, { ...key, status: 202, body: "", attempt: first.id, createdAt: uow.now });',
    "",
    [PAYMENTS, "twenty repeats at once are one attempt"],
  ),
  mutation(
    "the response of an attempt is stored once",
    "src/idempotency/two-phase.ts",
    "if (kept.attempt === null) return { status: kept.status, body: kept.body };",
    "",
    ["test/api/idempotency-rules.test.ts", "the first answer of an attempt stays"],
  ),
  mutation("an order's expected amount is checked", "src/order/place-order.ts", "      checkAmount(order, input.expectedAmount);\n", "", [
    AMOUNT,
    "an order of a price that has changed",
  ]),
  mutation("a payment's expected amount is checked", PAYABLE, "  checkAmount(order, expectedAmount);\n", "", [
    AMOUNT,
    "a payment from the balance is for the amount that is due",
  ]),
  mutation("a shopper cannot read an operator's refund reason", REFUND, "readerIsOperator || reason === CANCELLED.reason", "true", [
    REASONS,
    "an operator's reason of a refund",
  ]),
  mutation(
    "a shopper cannot read the ledger's reasons",
    "src/balance/balance.routes.ts",
    'row.reason !== null && caller.role === "operator"',
    "row.reason !== null",
    [REASONS, "a grant's reason stands in the ledger"],
  ),
  mutation("a list shows a bounded number of items per order", "src/order/order.sql.ts", " FILTER (WHERE line < ${ITEMS_IN_LIST})", "", [
    LISTS,
    "an order has all of its 2,000 items",
  ]),
  mutation(
    "a list shows a bounded number of steps per payment",
    "src/order/payment/payment.sql.ts",
    " ORDER BY place DESC LIMIT ${steps}) newest)",
    ") newest)",
    [LISTS, "a payment of many refunds shows its newest steps"],
  ),
  mutation("a page of the history is bounded by its items", "src/outbox/outbox.sql.ts", "e.items <= $4 OR e.seq = $2 + 1", "$4::int > 0", [
    LISTS,
    "a history of many refunds comes in pages",
  ]),
];
