// What an order, its payments and its refunds look at before they change.

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
const VERDICT = "src/settlement/capture-outcome.ts";

export const ORDERS: Mutation[] = [
  mutation("whose an order is", UNDO, "order === undefined || (callerId !== null && order.userId !== callerId)", "order === undefined", [
    RULES,
    "is its owner's",
  ]),
  mutation(
    "that what is cancelled still waits",
    UNDO,
    'if (order.status !== "PENDING") refuse("ORDER_NOT_CANCELLABLE"',
    'if (false) refuse("ORDER_NOT_CANCELLABLE"',
    [RULES, "can't be cancelled once it is"],
  ),
  mutation(
    "that no card is under way when an order is cancelled",
    UNDO,
    'if (livePayment(uow, orderId)) refuse("PAYMENT_IN_PROGRESS"',
    'if (false) refuse("PAYMENT_IN_PROGRESS"',
    [RULES, "can't be cancelled while a card's outcome"],
  ),
  mutation("that what is refunded is paid", UNDO, 'if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")', "if (false)", [
    RULES,
    "can't be refunded while it is",
  ]),
  mutation("that what is refunded was bought", UNDO, "if (!bought.some(({ variantId }) => variantId === item.variantId))", "if (false)", [
    RULES,
    "gives back nothing that was not bought",
  ]),
  mutation("that no more is refunded than is left", REFUND, "item.refundedQuantity > item.quantity", "false", [
    RULES,
    "gives back no more than was bought",
  ]),
  mutation("that a refund of nothing is none", REFUND, "tooMany || pieces.size === 0", "tooMany", [
    RULES,
    "gives back nothing where there is nothing left",
  ]),
  mutation("that equal lines of a refund are added up", REFUND, "(pieces.get(variantId) ?? 0) + quantity", "quantity", [
    RULES,
    "gives back no more than was bought",
  ]),
  mutation("one refund at a time", REFUND, 'uow.find(refunds, order.id)?.status === "PENDING"', "false", [
    RULES,
    "has one refund to its card at a time",
  ]),
  mutation("that a coupon waits for the last piece", REFUND, "if (whole && order.userCouponId !== null)", "if (order.userCouponId !== null)", [
    RULES,
    "a coupon comes back with the last piece",
  ]),
  mutation("that pieces come back with the money", REFUND, "for (const item of given) returnStock(uow, item);", "", [
    RULES,
    "gives back money, pieces and event",
  ]),
  mutation("that money comes back with the pieces", REFUND, "if (amount > 0) moveMoney", "if (false) moveMoney", [
    RULES,
    "gives back money, pieces and event",
  ]),
  mutation(
    "that parts of a refund add up to the whole",
    "src/order/refund/refund-shares.ts",
    "const share = part(paid, costSoFar, order.totalAmount) - from;",
    "const share = Math.round(paid * (item.unitPrice * item.quantity) / (order.totalAmount || 1)); void from;",
    [RULES, "the parts of a refund add up"],
  ),
  mutation("that each change is one event", "src/order/order.ts", "  uow.append(orderEvents, {", "  if (false) uow.append(orderEvents, {", [
    RULES,
    "an order's change has its event",
  ]),
  mutation("how many changes an order may have", "src/order/order.ts", "if (changes > CHANGES_MAX)", "if (false)", [
    RULES,
    "has at most 65,535 changes",
  ]),
  mutation("that an order's time is not up", "src/order/order.ts", "(order.expiresAt === null || now < order.expiresAt)", "true", [
    RULES,
    "can't be paid once its time is up",
  ]),
  mutation("that an order is paid once", "src/order/order.ts", 'return order.status === "PENDING" && (', "return (", [
    "test/api/races.test.ts",
    "the same order paid 20 times is paid once",
  ]),
  mutation("that what is paid is still for sale", PAYABLE, "for (const { productId, variantId } of items) forSale(uow, productId, variantId);", "", [
    RULES,
    "can't be paid with what is no longer for sale",
  ]),
  mutation("that no other payment is under way", PAYABLE, 'order.status === "PENDING" && livePayment(uow, orderId)', "false", [
    RULES,
    "can't be paid while a card's outcome",
  ]),
  mutation("that what expires is due", UNDO, " || order.expiresAt > uow.now", "", [RULES, "expires when its time is up"]),
  mutation(
    "that what expires still waits",
    UNDO,
    '!order || order.status !== "PENDING" || order.expiresAt === null',
    "!order || order.expiresAt === null",
    [RULES, "expires when its time is up"],
  ),
  mutation("that nothing expires with a card under way", UNDO, "if (livePayment(uow, orderId)) return false;", "", [
    RULES,
    "expires when its time is up",
  ]),

  // Cards
  mutation("that a declined card gives back what was taken", SETTLE, "        restoreStock(uow, order, itemsOf(uow, orderId));\n", "", [
    PAYMENTS,
    "that is declined is 402",
  ]),
  mutation("that a payment is settled once", SETTLE, " || !isOpen(payment)", "", [RULES, "is settled once"]),
  mutation("which payment is settled", SETTLE, "payment?.id !== paymentId || ", "!payment || ", [RULES, "is settled once"]),
  mutation(
    "that what nobody knows stays as it is",
    SETTLE,
    'if (verdict.kind === "unknown") {',
    'if (outcome.kind === "unknown") { restoreStock(uow, order, itemsOf(uow, orderId));',
    [PAYMENTS, "without an answer is 202 UNKNOWN"],
  ),
  mutation(
    "that captured money which is for nothing goes back",
    SETTLE,
    "if (captured > 0)\n          uow.append(unmatchedCaptures",
    "if (false)\n          uow.append(unmatchedCaptures",
    [PAYMENTS, "that the gateway captured at another price"],
  ),
  mutation("that a key which failed is not tried again", START, "uow.find(failedKeys, orderId)?.includes(paymentKey)", "false", [
    PAYMENTS,
    "is not tried twice",
  ]),
  mutation("that a card holds its goods", START, "      reserveStock(uow, order, items);\n", "", [PAYMENTS, "without an answer is 202 UNKNOWN"]),
  mutation("whose capture it is", VERDICT, "payment.orderId !== wanted.orderId", "false", [PAYMENTS, "of one order does not pay another"]),
  mutation("what was captured", VERDICT, "payment.amount === wanted.amount", "true", [PAYMENTS, "that the gateway captured at another price"]),
  mutation("that nothing is confirmed too late", "src/settlement/card-payments.ts", "payment.expiresAt === null || now < payment.expiresAt", "true", [
    PAYMENTS,
    "that never reached the gateway in time fails",
  ]),
  mutation(
    "that what failed unheard is looked at again",
    "src/settlement/card-payments.ts",
    'if (payment.status === "FAILED") return this.#watch(payment);',
    "",
    [PAYMENTS, "that never reached the gateway in time fails"],
  ),
  mutation(
    "the key under which a payment is confirmed",
    "src/settlement/card-payments.ts",
    "idempotencyKey: id }",
    "idempotencyKey: crypto.randomUUID() }",
    ["test/api/gateway-keys.test.ts", "a payment is confirmed under its own id"],
  ),
  mutation("that a refund which was sent before is looked for", "src/settlement/gateway-refund.ts", "again && (await isGivenBack())", "false", [
    "test/api/gateway-keys.test.ts",
    "looked for before",
  ]),
  mutation(
    "the key under which money is given back",
    "src/settlement/gateway-refund.ts",
    "idempotencyKey: id }",
    "idempotencyKey: crypto.randomUUID() }",
    ["test/api/gateway-keys.test.ts", "under the refund's own id"],
  ),
  mutation("that a refund is settled once", "src/settlement/settle-refund.ts", 'refund?.id !== refundId || refund.status !== "PENDING"', "!refund", [
    RULES,
    "gives back to a card only once",
  ]),
  mutation("that what came back is worth what was sent", "src/settlement/settle-refund.ts", "if (amount !== refund.amount)", "if (false)", [
    RULES,
    "gives back to a card only once",
  ]),
  mutation("that a charge is settled once", "src/settlement/settle-charge.ts", 'charge?.status !== "PENDING"', "!charge", [
    MONEY,
    "a charge by card is settled once",
  ]),
  mutation(
    "the most on a balance, when a charge arrives",
    "src/settlement/settle-charge.ts",
    'verdict.kind === "done" && balance <= balanceMax',
    'verdict.kind === "done"',
    [CHARGES, "a charge that no longer fits the limit"],
  ),
  mutation("the most on a balance, when a charge begins", "src/balance/start-charge.ts", "    checkLimit(wallet, amount, balanceMax);\n", "", [
    MONEY,
    "a charge by card begins only where there is room",
  ]),
  mutation(
    "the version that a charge by card was read at",
    "src/balance/start-charge.ts",
    "version !== null && version !== wallet.version",
    "false",
    [MONEY, "a charge by card begins only where there is room"],
  ),
  mutation("that a charge's end takes a new version", "src/settlement/settle-charge.ts", "wallet.version + 1", "charge.version", [
    CHARGES,
    "a charge without an answer is 202 PENDING",
  ]),
  mutation(
    "that an attempt belongs to its key",
    "src/idempotency/two-phase.ts",
    'uow.put(idempotencyRecords, id, { ...key, status: 202, body: "", attempt: first.id, createdAt: uow.now });',
    "",
    [PAYMENTS, "twenty repeats at once are one attempt"],
  ),
  mutation(
    "that an attempt's answer is written once",
    "src/idempotency/two-phase.ts",
    "if (kept.attempt === null) return { status: kept.status, body: kept.body };",
    "",
    ["test/api/idempotency-rules.test.ts", "the first answer of an attempt stays"],
  ),
  mutation(
    "that a buyer pays the expected amount for an order",
    "src/order/place-order.ts",
    "      checkAmount(order, input.expectedAmount);\n",
    "",
    [AMOUNT, "an order of a price that has changed"],
  ),
  mutation("that a buyer pays the expected amount for a placed order", PAYABLE, "  checkAmount(order, expectedAmount);\n", "", [
    AMOUNT,
    "a payment from the balance is for the amount that is due",
  ]),
  mutation("that an operator's reasons are read by operators only", REFUND, "readerIsOperator || reason === CANCELLED.reason", "true", [
    REASONS,
    "an operator's reason of a refund",
  ]),
  mutation(
    "that a ledger's reasons are read by operators only",
    "src/balance/balance.routes.ts",
    'row.reason !== null && caller.role === "operator"',
    "row.reason !== null",
    [REASONS, "a grant's reason stands in the ledger"],
  ),
  mutation("that a list shows the first items of an order", "src/order/order.sql.ts", " FILTER (WHERE line < ${ITEMS_IN_LIST})", "", [
    LISTS,
    "an order has all of its 2,000 items",
  ]),
  mutation(
    "that a list shows the newest steps of a payment",
    "src/order/payment/payment.sql.ts",
    " ORDER BY place DESC LIMIT ${steps}) newest)",
    ") newest)",
    [LISTS, "a payment with many refunds shows its newest steps"],
  ),
  mutation("that a page of a history is bounded by its items", "src/outbox/outbox.sql.ts", "e.items <= $4 OR e.seq = $2 + 1", "$4::int > 0", [
    LISTS,
    "a history of many refunds has pages",
  ]),
];
