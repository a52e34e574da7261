// Rules of orders, payments and refunds.

import { type Mutation, mutation } from "../mutation.ts";

const RULES = "test/rules/order-rules.test.ts";
const MONEY = "test/rules/rules.test.ts";
const PAYMENTS = "test/api/payments.test.ts";
const DEPOSITS = "test/api/deposits.test.ts";
const CHARGES = "test/api/charges.test.ts";
const AMOUNT = "test/api/expected-amount.test.ts";
const REASONS = "test/api/reasons.test.ts";
const LISTS = "test/api/bounded-lists.test.ts";
const LAYOUT = "test/database/order-layout.test.ts";
const MOVING = "src/database/migrations/0023-moving-orders.sql";
const REFUND = "src/order/refund/refund.ts";
const PAYABLE = "src/order/payment/payable-order.ts";
const SETTLE = "src/settlement/settle-payment.ts";
const START = "src/order/payment/start-card-payment.ts";
const KINDS = "src/settlement/attempt-kinds.ts";
const CAPTURE = "src/settlement/capture.ts";
const ASK = "src/settlement/ask-gateway.ts";

export const ORDERS: Mutation[] = [
  mutation("orders are moved only when no older instance runs", MOVING, "  IF older_instances() > 0 THEN RETURN false; END IF;\n", "", [
    LAYOUT,
    "it can read and refund the orders of this version",
  ]),
  mutation(
    "an older instance finds the payment of an order",
    MOVING,
    "ON CONFLICT (id) DO UPDATE SET status = excluded.status",
    "ON CONFLICT DO NOTHING",
    [LAYOUT, "this version pays, refunds and cancels its orders"],
  ),
  mutation(
    "an order's first event keeps its transaction when it is moved",
    MOVING,
    "payment_id = p.id, xid = e.xid",
    "payment_id = p.id, xid = pg_current_xact_id()",
    [LAYOUT, "all orders are moved, and look"],
  ),
  mutation(
    "an order that was not moved is moved by its change",
    "src/order/order.sql.ts",
    "...(unmoved.length > 0 ? [moveOrders",
    "...(false ? [moveOrders",
    [LAYOUT, "is moved by its next change"],
  ),
  mutation(
    "an older instance cannot pay from the balance any more",
    MOVING,
    "  ALTER TABLE payments ADD CONSTRAINT payments_gateway_check CHECK (method <> 'BALANCE') NOT VALID;\n",
    "",
    [LAYOUT, "cannot place or pay an order any more"],
  ),
  mutation(
    "an id names one payment from a balance",
    MOVING,
    "CREATE UNIQUE INDEX IF NOT EXISTS orders_by_payment",
    "CREATE INDEX IF NOT EXISTS orders_by_payment",
    ["test/database/constraints.test.ts", "the constraint orders_by_payment refuses"],
  ),
  mutation("the balance's payment is refunded to the balance", REFUND, "if (payment && payment.card !== null && amount > 0)", "if (amount > 0)", [
    RULES,
    "a refund changes money, stock and order together",
  ]),
  mutation(
    "a shopper can change only the own orders",
    "src/order/get-order.ts",
    "order === undefined || (callerId !== null && order.userId !== callerId)",
    "order === undefined",
    [RULES, "an order of another user is not found"],
  ),
  mutation(
    "only a pending order can be cancelled",
    "src/order/cancel-order.ts",
    'if (status !== "PENDING" && status !== "COMPLETED") refuseFor("STATUS");',
    "",
    [RULES, "cannot be cancelled"],
  ),
  mutation(
    "an order cannot be cancelled during a card payment",
    "src/order/cancel-order.ts",
    'if (open) refuse("PAYMENT_IN_PROGRESS"',
    'if (false) refuse("PAYMENT_IN_PROGRESS"',
    [RULES, "an order cannot be cancelled while its card payment"],
  ),
  mutation(
    "only a paid order can be refunded",
    "src/order/refund/refund-order.ts",
    'if (order.status !== "COMPLETED" && order.status !== "PARTIALLY_REFUNDED")',
    "if (false)",
    [RULES, "cannot be refunded"],
  ),
  mutation(
    "a refund names only items of its order",
    "src/order/refund/refund-order.ts",
    "if (!order.items.some(({ variantId }) => variantId === item.variantId))",
    "if (false)",
    [RULES, "a refund of a variant that was not bought"],
  ),
  mutation(
    "a refund does not exceed the remaining quantity",
    REFUND,
    "({ refundedQuantity, quantity }) => refundedQuantity > quantity",
    "() => false",
    [RULES, "a refund never exceeds the units bought"],
  ),
  mutation("an empty refund is refused", REFUND, "excessive || units.size === 0", "excessive", [RULES, "an order with nothing left to refund"]),
  mutation("equal items of a refund are added up", REFUND, "(units.get(variantId) ?? 0) + quantity", "quantity", [
    RULES,
    "a refund never exceeds the units bought",
  ]),
  mutation("an order has one pending refund at a time", REFUND, 'uow.find(refunds, order.id)?.status === "PENDING"', "false", [
    RULES,
    "an order has at most one refund to its card",
  ]),
  mutation("a coupon is returned with the last unit only", REFUND, "if (full && order.userCouponId !== null)", "if (order.userCouponId !== null)", [
    RULES,
    "a coupon is restored with the last unit",
  ]),
  mutation("a refund restores stock", REFUND, "if (quantity > 0) freeUnits(uow, { productId, variantId, quantity });", "", [
    RULES,
    "a refund changes money, stock and order together",
  ]),
  mutation("a refund returns money", REFUND, "if (amount > 0) moveMoney", "if (false) moveMoney", [
    RULES,
    "a refund changes money, stock and order together",
  ]),
  mutation(
    "partial refunds add up to the paid amount",
    "src/order/refund/refund-shares.ts",
    "return part(paid, costSoFar, order.totalAmount) - from;",
    "return Math.round((paid * item.unitPrice * item.quantity) / (order.totalAmount || 1)); void from;",
    [RULES, "partial refunds add up"],
  ),
  mutation(
    "each change of an order appends an event",
    "src/order/change-order.ts",
    "  uow.append(orderEvents, {",
    "  if (false) uow.append(orderEvents, {",
    [RULES, "each change of an order writes its event"],
  ),
  mutation("an order has at most 65,535 changes", "src/order/change-order.ts", "if (changes > CHANGES_MAX)", "if (false)", [
    RULES,
    "an order has at most 65,535 changes",
  ]),
  mutation("an expired order cannot be paid", "src/order/order.ts", "now >= order.expiresAt)", "false)", [
    RULES,
    "an order cannot be paid once it is past its expiry",
  ]),
  mutation("an order is paid once", PAYABLE, 'order.status !== "PENDING" || hasExpired', "hasExpired", [
    "test/api/races.test.ts",
    "an order that is paid 20 times at once",
  ]),
  mutation(
    "an order is paid only if its products are for sale",
    PAYABLE,
    "for (const { productId, variantId } of order.items) getVariantForSale(uow, productId, variantId);",
    "",
    [RULES, "an order cannot be paid if a product"],
  ),
  mutation("an order is not paid during a card payment", PAYABLE, 'order.status === "PENDING" && livePayment(uow, orderId)', "false", [
    RULES,
    "an order cannot be paid while its card payment",
  ]),
  mutation("an order expires only when it is due", "src/order/expire-order.ts", " || !hasExpired(order, holdHasEnded(uow, orderId), uow.now)", "", [
    RULES,
    "an order expires at its expiry",
  ]),
  mutation("only a pending order expires", "src/order/expire-order.ts", '!order || order.status !== "PENDING" ||', "!order ||", [
    RULES,
    "an order expires at its expiry",
  ]),
  mutation("an order does not expire during a card payment", "src/order/expire-order.ts", "if (livePayment(uow, orderId)) return false;", "", [
    RULES,
    "an order expires at its expiry",
  ]),

  // Cards
  mutation("a declined card payment restores stock", SETTLE, "if (!order.holdsStock) restoreStock(uow, order);", "if (order.holdsStock) return;", [
    PAYMENTS,
    "a declined card payment is 402",
  ]),
  mutation("a payment is settled once", SETTLE, " || !isOpen(payment)", "", [RULES, "an order is settled once"]),
  mutation("a settlement applies to its own payment", SETTLE, "payment?.id !== paymentId || ", "!payment || ", [RULES, "an order is settled once"]),
  mutation(
    "an unknown outcome keeps the reservation",
    SETTLE,
    'if (outcome.kind === "unknown") {',
    'if (outcome.kind === "unknown") { restoreStock(uow, order);',
    [PAYMENTS, "a card payment without a response is 202 UNKNOWN"],
  ),
  mutation(
    "an unmatched capture is recorded for refund",
    SETTLE,
    "if (captured > 0)\n          uow.append(unmatchedCaptures",
    "if (false)\n          uow.append(unmatchedCaptures",
    [PAYMENTS, "a card payment captured with another amount"],
  ),
  mutation("a failed payment key is not tried again", START, "uow.find(failedKeys, orderId)?.includes(paymentKey)", "false", [
    PAYMENTS,
    "a payment key that was declined",
  ]),
  mutation("a card payment reserves stock", START, "      if (!order.holdsStock) reserveStock(uow, order);\n", "", [
    PAYMENTS,
    "a card payment without a response is 202 UNKNOWN",
  ]),
  mutation("a capture is matched by its order", CAPTURE, "payment.orderId !== wanted.orderId", "false", [
    PAYMENTS,
    "a card payment of one order does not pay another",
  ]),
  mutation("a capture is matched by its amount", CAPTURE, "payment.amount === wanted.amount", "true", [
    PAYMENTS,
    "a card payment captured with another amount",
  ]),
  mutation("an expired payment is not confirmed", KINDS, "expiresAt ?? Infinity", "Infinity", [
    PAYMENTS,
    "a card payment that did not reach the gateway in time",
  ]),
  mutation(
    "a payment that failed without a response is checked again",
    "src/settlement/settler.ts",
    "if (attempt.failed) return this.#watch(row, attempt, gateway);",
    "if (attempt.failed) return row;",
    [PAYMENTS, "a card payment that did not reach the gateway in time"],
  ),
  mutation("a request has its attempt's id as idempotency key", ASK, "keyNumber === 0 ? id", "keyNumber === 0 ? crypto.randomUUID()", [
    "test/api/gateway-keys.test.ts",
    "a payment is confirmed under its own id",
  ]),
  mutation("a repeated refund is looked up at the gateway first", "src/settlement/gateway-refund.ts", "first: !again,", "first: true,", [
    "test/api/gateway-keys.test.ts",
    "looked up before",
  ]),
  mutation("a refund is settled once", "src/settlement/settle-refund.ts", 'refund?.id !== refundId || refund.status !== "PENDING"', "!refund", [
    RULES,
    "a card order takes back money and stock only once",
  ]),
  mutation("the refunded amount is checked", "src/settlement/settle-refund.ts", "if (amount !== refund.amount && !whole)", "if (false)", [
    RULES,
    "a card order takes back money and stock only once",
  ]),
  mutation("a charge is settled once", "src/settlement/settle-charge.ts", 'charge?.status !== "PENDING"', "!charge", [
    MONEY,
    "a card charge is settled only once",
  ]),
  mutation(
    "a settled charge does not exceed the balance limit",
    "src/settlement/settle-charge.ts",
    'asked.kind === "done" && balance > balanceMax',
    "false",
    [CHARGES, "a captured charge that no longer fits"],
  ),
  mutation("a started charge does not exceed the balance limit", "src/balance/start-charge.ts", "    checkLimit(wallet, amount, balanceMax);\n", "", [
    MONEY,
    "a card charge starts only if the balance has room",
  ]),
  mutation("a payment that waits for a deposit is open", "src/order/payment/payment.ts", ' || status === "WAITING_FOR_DEPOSIT"', "", [
    DEPOSITS,
    "a deposit completes the order once",
  ]),
  mutation(
    "a deposit that the shop does not take is refused",
    "src/settlement/capture.ts",
    'if (outcome.kind === "unknown" && outcome.deposit &&',
    "if (false &&",
    [DEPOSITS, "a shop that takes no deposits closes the account"],
  ),
  mutation(
    "a method that the shop does not take is refunded",
    "src/settlement/capture.ts",
    'if (outcome.kind === "done" && !isTaken(outcome.details, methods))',
    "if (false)",
    [DEPOSITS, "money that came by a method that the shop does not take"],
  ),
  mutation("a deposit goes back to an account", "src/order/refund/refund.ts", "isDeposit(payment) && !receiveAccount", "false", [
    DEPOSITS,
    "a deposit goes back to an account of the buyer",
  ]),
  mutation("a return's account gets the deposit back", "src/fulfilment/receive-return.ts", "receiveAccount ?? row.receiveAccount", "receiveAccount", [
    DEPOSITS,
    "is refunded to the account that its buyer has named",
  ]),
  mutation(
    "a return keeps an account only of a deposit",
    "src/fulfilment/request-return.ts",
    "payment && isDeposit(payment) ? receiveAccount : null",
    "receiveAccount",
    [DEPOSITS, "an order paid by card keeps none"],
  ),
  mutation("a return's account is forgotten", "src/fulfilment/return.sql.ts", "receive_account = NULL", "receive_account = r.receive_account", [
    DEPOSITS,
    "forgets the account when it is withdrawn or rejected",
  ]),
  mutation(
    "a refund's account is forgotten",
    "src/order/refund/refund.sql.ts",
    "CASE WHEN v.status = 'PENDING' THEN r.receive_account END",
    "r.receive_account",
    [DEPOSITS, "a deposit goes back to an account of the buyer"],
  ),
  mutation("an announced charge starts once", "src/balance/start-charge.ts", "if (uow.find(cardCharges, chargeId)) return", "if (false) return", [
    CHARGES,
    "an announced charge that two instances receive many times",
  ]),
  mutation("an announced charge is its user's alone", "src/balance/charge-intent.ts", "intent?.userId !== userId", "intent === undefined", [
    CHARGES,
    "an announced charge is its user's alone",
  ]),
  mutation("an announced charge keeps its amount", "src/balance/charge-intent.ts", "intent.amount !== amount", "false", [
    CHARGES,
    "an announced charge is its user's alone",
  ]),
  mutation("an announced charge expires", "src/balance/start-charge.ts", "uow.now >= intent.expiresAt", "false", [
    CHARGES,
    "an announced charge is its user's alone",
  ]),
  mutation("a charge by card checks the balance version", "src/balance/start-charge.ts", "version !== null && version !== wallet.version", "false", [
    MONEY,
    "a card charge starts only if the balance has room",
  ]),
  mutation("a settled charge takes the next balance version", "src/settlement/settle-charge.ts", "wallet.version + 1", "charge.version", [
    CHARGES,
    "a card charge without a response is 202 PENDING",
  ]),
  mutation(
    "an idempotency key holds the id of its attempt",
    "src/idempotency/two-phase.ts",
    'uow.put(idempotencyRecords, id, { ...key, status: 202, body: "", attempt: started.id, createdAt: uow.now });',
    "",
    [PAYMENTS, "twenty concurrent repeats of a card payment"],
  ),
  mutation(
    "the response of an attempt is stored once",
    "src/idempotency/two-phase.ts",
    "if (record.attempt === null) return { status: record.status, body: record.body };",
    "",
    ["test/api/idempotency-rules.test.ts", "the first stored response of an attempt is kept"],
  ),
  mutation("an order's expected amount is checked", "src/order/place-order.ts", "      checkAmount(unsold, input.expectedAmount);\n", "", [
    AMOUNT,
    "an order with an outdated price",
  ]),
  mutation("a payment's expected amount is checked", PAYABLE, "  checkAmount(order, expectedAmount);\n", "", [
    AMOUNT,
    "a payment from the balance must expect the amount due",
  ]),
  mutation("a shopper cannot read an operator's refund reason", REFUND, "readerIsOperator || OWN_REASONS.has(reason)", "true", [
    REASONS,
    "an operator's reason for a refund",
  ]),
  mutation(
    "a shopper cannot read the ledger's reasons",
    "src/balance/balance.routes.ts",
    "row.reason !== null && readerIsOperator",
    "row.reason !== null",
    [REASONS, "a grant's reason is visible to operators only"],
  ),
  mutation(
    "an order with a discount is not stored as one that was paid in full",
    "src/order/insert-orders.sql.ts",
    "userCouponId === null && discountAmount === 0 && refundedAmount === 0",
    "refundedAmount === 0",
    ["test/api/net-sales.test.ts", "net sales are paid less refunded"],
  ),
  mutation(
    "a list shows a bounded number of items per order",
    "src/order/order.sql.ts",
    "jsonb_path_query_array(items, '$[0 to ${ITEMS_IN_LIST - 1}]')",
    "items",
    [LISTS, "an order has all of its 2,000 items"],
  ),
  mutation(
    "a list shows a bounded number of steps per payment",
    "src/order/payment/payment.sql.ts",
    "ORDER BY seq DESC LIMIT ${most}) newest)",
    ") newest)",
    [LISTS, "a payment shows its newest steps"],
  ),
  mutation("a page of the history is bounded by its items", "src/outbox/outbox.sql.ts", "e.items <= $4 OR e.seq = $2 + 1", "$4::int > 0", [
    LISTS,
    "an order's history comes in pages",
  ]),
];
