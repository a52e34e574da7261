// What an order, its payments and its refunds look at before they change.

import { type Mutation, mutation } from "../mutation.ts";

const RULES = "test/rules/order-rules.test.ts";
const MONEY = "test/rules/rules.test.ts";
const PAYMENTS = "test/api/payments.test.ts";
const CHARGES = "test/api/charges.test.ts";
const AMOUNT = "test/api/expected-amount.test.ts";
const REASONS = "test/api/reasons.test.ts";
const LISTS = "test/api/bounded-lists.test.ts";
const REFUND = "src/order/refund/refund.ts";
const PAYABLE = "src/order/payment/payable-order.ts";
const SETTLE = "src/settlement/settle-payment.ts";
const START = "src/order/payment/start-card-payment.ts";
const KINDS = "src/settlement/attempt-kinds.ts";
const CAPTURE = "src/settlement/capture-outcome.ts";

export const ORDERS: Mutation[] = [
  mutation(
    "whose an order is",
    "src/order/get-order.ts",
    "order === undefined || (callerId !== null && order.userId !== callerId)",
    "order === undefined",
    [RULES, "an order of another user is not found"],
  ),
  mutation(
    "that what is cancelled still waits",
    "src/order/cancel-order.ts",
    'if (order.status !== "PENDING") refuse("ORDER_NOT_CANCELLABLE"',
    'if (false) refuse("ORDER_NOT_CANCELLABLE"',
    [RULES, "cannot be cancelled"],
  ),
  mutation(
    "that no card is under way when an order is cancelled",
    "src/order/cancel-order.ts",
    'if (livePayment(uow, orderId)) refuse("PAYMENT_IN_PROGRESS"',
    'if (false) refuse("PAYMENT_IN_PROGRESS"',
    [RULES, "an order cannot be cancelled while its card payment"],
  ),
  mutation(
    "that what is refunded is paid",
    "src/order/refund/refund-order.ts",
    'if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")',
    "if (false)",
    [RULES, "cannot be refunded"],
  ),
  mutation(
    "that what is refunded was bought",
    "src/order/refund/refund-order.ts",
    "if (!bought.some(({ variantId }) => variantId === item.variantId))",
    "if (false)",
    [RULES, "a refund of a variant that was not bought"],
  ),
  mutation("that no more is refunded than is left", REFUND, "item.refundedQuantity > item.quantity", "false", [
    RULES,
    "a refund never exceeds the units bought",
  ]),
  mutation("that a refund of nothing is none", REFUND, "excessive || units.size === 0", "excessive", [RULES, "an order with nothing left to refund"]),
  mutation("that equal lines of a refund are added up", REFUND, "(units.get(variantId) ?? 0) + quantity", "quantity", [
    RULES,
    "a refund never exceeds the units bought",
  ]),
  mutation("one refund at a time", REFUND, 'uow.find(refunds, order.id)?.status === "PENDING"', "false", [
    RULES,
    "an order has at most one refund to its card",
  ]),
  mutation("that a coupon waits for the last piece", REFUND, "if (full && order.userCouponId !== null)", "if (order.userCouponId !== null)", [
    RULES,
    "a coupon is restored with the last unit",
  ]),
  mutation("that pieces come back with the money", REFUND, "for (const item of refunded) returnStock(uow, item);", "", [
    RULES,
    "a refund changes money, stock and order together",
  ]),
  mutation("that money comes back with the pieces", REFUND, "if (amount > 0) moveMoney", "if (false) moveMoney", [
    RULES,
    "a refund changes money, stock and order together",
  ]),
  mutation(
    "that parts of a refund add up to the whole",
    "src/order/refund/refund-shares.ts",
    "const share = part(paid, costSoFar, order.totalAmount) - from;",
    "const share = Math.round(paid * (item.unitPrice * item.quantity) / (order.totalAmount || 1)); void from;",
    [RULES, "partial refunds add up"],
  ),
  mutation("that each change is one event", "src/order/change-order.ts", "  uow.append(orderEvents, {", "  if (false) uow.append(orderEvents, {", [
    RULES,
    "each change of an order writes its event",
  ]),
  mutation("how many changes an order may have", "src/order/change-order.ts", "if (changes > CHANGES_MAX)", "if (false)", [
    RULES,
    "an order has at most 65,535 changes",
  ]),
  mutation("that an order's time is not up", "src/order/order.ts", "(order.expiresAt === null || now < order.expiresAt)", "true", [
    RULES,
    "an order cannot be paid once it is past its expiry",
  ]),
  mutation("that an order is paid once", "src/order/order.ts", 'return order.status === "PENDING" && (', "return (", [
    "test/api/races.test.ts",
    "an order that is paid 20 times at once",
  ]),
  mutation(
    "that what is paid is still for sale",
    PAYABLE,
    "for (const { productId, variantId } of items) getVariantForSale(uow, productId, variantId);",
    "",
    [RULES, "an order cannot be paid if a product"],
  ),
  mutation("that no other payment is under way", PAYABLE, 'order.status === "PENDING" && livePayment(uow, orderId)', "false", [
    RULES,
    "an order cannot be paid while its card payment",
  ]),
  mutation("that what expires is due", "src/order/expire-order.ts", " || order.expiresAt > uow.now", "", [RULES, "an order expires at its expiry"]),
  mutation(
    "that what expires still waits",
    "src/order/expire-order.ts",
    '!order || order.status !== "PENDING" || order.expiresAt === null',
    "!order || order.expiresAt === null",
    [RULES, "an order expires at its expiry"],
  ),
  mutation("that nothing expires with a card under way", "src/order/expire-order.ts", "if (livePayment(uow, orderId)) return false;", "", [
    RULES,
    "an order expires at its expiry",
  ]),

  // Cards
  mutation("that a declined card gives back what was taken", SETTLE, "        restoreStock(uow, order, getOrderItems(uow, orderId));\n", "", [
    PAYMENTS,
    "a declined card payment is 402",
  ]),
  mutation("that a payment is settled once", SETTLE, " || !isOpen(payment)", "", [RULES, "an order is settled once"]),
  mutation("which payment is settled", SETTLE, "payment?.id !== paymentId || ", "!payment || ", [RULES, "an order is settled once"]),
  mutation(
    "that what nobody knows stays as it is",
    SETTLE,
    'if (outcome.kind === "unknown") {',
    'if (outcome.kind === "unknown") { restoreStock(uow, order, getOrderItems(uow, orderId));',
    [PAYMENTS, "a card payment without a response is 202 UNKNOWN"],
  ),
  mutation(
    "that captured money which is for nothing goes back",
    SETTLE,
    "if (captured > 0)\n          uow.append(unmatchedCaptures",
    "if (false)\n          uow.append(unmatchedCaptures",
    [PAYMENTS, "a card payment captured with another amount"],
  ),
  mutation("that a key which failed is not tried again", START, "uow.find(failedKeys, orderId)?.includes(paymentKey)", "false", [
    PAYMENTS,
    "a payment key that was declined",
  ]),
  mutation("that a card holds its goods", START, "      reserveStock(uow, order, items);\n", "", [
    PAYMENTS,
    "a card payment without a response is 202 UNKNOWN",
  ]),
  mutation("whose capture it is", CAPTURE, "payment.orderId !== wanted.orderId", "false", [
    PAYMENTS,
    "a card payment of one order does not pay another",
  ]),
  mutation("what was captured", CAPTURE, "payment.amount === wanted.amount", "true", [PAYMENTS, "a card payment captured with another amount"]),
  mutation("that nothing is confirmed too late", KINDS, "payment.expiresAt ?? Infinity", "Infinity", [
    PAYMENTS,
    "a card payment that did not reach the gateway in time",
  ]),
  mutation(
    "that what failed unheard is looked at again",
    "src/settlement/settler.ts",
    "if (attempt.failed) return this.#watch(row, attempt);",
    "if (attempt.failed) return row;",
    [PAYMENTS, "a card payment that did not reach the gateway in time"],
  ),
  mutation("the key under which a payment is confirmed", CAPTURE, "idempotencyKey: id }", "idempotencyKey: crypto.randomUUID() }", [
    "test/api/gateway-keys.test.ts",
    "a payment is confirmed under its own id",
  ]),
  mutation("that a refund which was sent before is looked for", "src/settlement/gateway-refund.ts", "again && (await isRefunded())", "false", [
    "test/api/gateway-keys.test.ts",
    "looked up before",
  ]),
  mutation(
    "the key under which money is given back",
    "src/settlement/gateway-refund.ts",
    "idempotencyKey: id }",
    "idempotencyKey: crypto.randomUUID() }",
    ["test/api/gateway-keys.test.ts", "sent under its own id"],
  ),
  mutation("that a refund is settled once", "src/settlement/settle-refund.ts", 'refund?.id !== refundId || refund.status !== "PENDING"', "!refund", [
    RULES,
    "a card order takes back money and stock only once",
  ]),
  mutation("that what came back is worth what was sent", "src/settlement/settle-refund.ts", "if (amount !== refund.amount)", "if (false)", [
    RULES,
    "a card order takes back money and stock only once",
  ]),
  mutation("that a charge is settled once", "src/settlement/settle-charge.ts", 'charge?.status !== "PENDING"', "!charge", [
    MONEY,
    "a card charge is settled only once",
  ]),
  mutation(
    "the most on a balance, when a charge arrives",
    "src/settlement/settle-charge.ts",
    'asked.kind === "done" && balance > balanceMax',
    "false",
    [CHARGES, "a captured charge that no longer fits"],
  ),
  mutation("the most on a balance, when a charge begins", "src/balance/start-charge.ts", "    checkLimit(wallet, amount, balanceMax);\n", "", [
    MONEY,
    "a card charge starts only if the balance has room",
  ]),
  mutation(
    "the version that a charge by card was read at",
    "src/balance/start-charge.ts",
    "version !== null && version !== wallet.version",
    "false",
    [MONEY, "a card charge starts only if the balance has room"],
  ),
  mutation("that a charge's end takes a new version", "src/settlement/settle-charge.ts", "wallet.version + 1", "charge.version", [
    CHARGES,
    "a card charge without a response is 202 PENDING",
  ]),
  mutation(
    "that an attempt belongs to its key",
    "src/idempotency/two-phase.ts",
    'uow.put(idempotencyRecords, id, { ...key, status: 202, body: "", attempt: started.id, createdAt: uow.now });',
    "",
    [PAYMENTS, "twenty concurrent repeats of a card payment"],
  ),
  mutation(
    "that an attempt's answer is written once",
    "src/idempotency/two-phase.ts",
    "if (record.attempt === null) return { status: record.status, body: record.body };",
    "",
    ["test/api/idempotency-rules.test.ts", "the first stored response of an attempt is kept"],
  ),
  mutation(
    "that a buyer pays the expected amount for an order",
    "src/order/place-order.ts",
    "      checkAmount(order, input.expectedAmount);\n",
    "",
    [AMOUNT, "an order with an outdated price"],
  ),
  mutation("that a buyer pays the expected amount for a placed order", PAYABLE, "  checkAmount(order, expectedAmount);\n", "", [
    AMOUNT,
    "a payment from the balance must expect the amount due",
  ]),
  mutation("that an operator's reasons are read by operators only", REFUND, "readerIsOperator || reason === CANCELLED.reason", "true", [
    REASONS,
    "an operator's reason for a refund",
  ]),
  mutation(
    "that a ledger's reasons are read by operators only",
    "src/balance/balance.routes.ts",
    "row.reason !== null && readerIsOperator",
    "row.reason !== null",
    [REASONS, "a grant's reason is visible to operators only"],
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
    [LISTS, "a payment shows its newest steps"],
  ),
  mutation("that a page of a history is bounded by its items", "src/outbox/outbox.sql.ts", "e.items <= $4 OR e.seq = $2 + 1", "$4::int > 0", [
    LISTS,
    "an order's history comes in pages",
  ]),
];
