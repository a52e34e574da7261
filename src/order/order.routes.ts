import Type, { type Static } from "typebox";
import { selectUser } from "../balance/balance.sql.ts";
import { BatchedPages } from "../database/batched-pages.ts";
import { BatchedRead } from "../database/batched-read.ts";
import type { Caller } from "../http/tokens.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { onBehalf } from "../http/on-behalf.ts";
import { type Routes, type Submission, submit } from "../http/route.ts";
import {
  Body,
  Either,
  ExpectedAmount,
  Id,
  Instant,
  Money,
  NextCursor,
  Nullable,
  OneOf,
  page,
  Quantity,
  Query,
  Text,
  UserParams,
} from "../http/schemas.ts";
import { invalid, Refusal, refuse } from "../refusal.ts";
import { type AttemptStatus, submitTwoPhase } from "../idempotency/two-phase.ts";
import type { Shop } from "../shop.ts";
import type { Started } from "../till/started-attempt.ts";
import type { Command } from "../till/command.ts";
import { dayOrInstant } from "./day-or-instant.ts";
import { type Order, type OrderItem, type OrderView, orderView } from "./order.ts";
import { ITEMS_IN_LIST, selectOrderPage, selectOrders, selectUserOrders } from "./order.sql.ts";
import type { PaymentRow } from "./payment/payment.ts";
import { placeOrder } from "./place-order.ts";
import { cancelOrder, refundOrder } from "./undo-order.ts";

type OrderRecord = Order & { items: OrderItem[]; itemCount: number; payment: Pick<PaymentRow, "id" | "method" | "status"> | null };

const STATUSES = ["PENDING", "COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED", "CANCELLED", "EXPIRED"] as const;
const orderFields = {
  orderId: Id(),
  userId: Id(),
  status: OneOf(STATUSES),
  orderItems: Type.Array(
    Type.Object({
      productId: Id(),
      variantId: Id(),
      name: Type.String(),
      unitPrice: Money(),
      quantity: Type.Integer(),
      refundedQuantity: Type.Integer(),
    }),
  ),
  userCouponId: Nullable(Id()),
  totalAmount: Money(),
  discountAmount: Money(),
  paidAmount: Type.Integer({ description: "0 until the order is paid, in the currency's minor unit" }),
  refundedAmount: Money(),
  amountDue: Type.Integer({ description: "What is to be paid while the order is PENDING, else 0, in the currency's minor unit" }),
  payment: Nullable(
    Type.Object({
      paymentId: Id(),
      method: OneOf(["BALANCE", "CARD"]),
      status: OneOf(["PENDING", "UNKNOWN", "COMPLETED", "FAILED", "REFUNDED", "PARTIALLY_REFUNDED"]),
    }),
  ),
  createdAt: Instant(),
  expiresAt: Nullable(Instant()),
  completedAt: Nullable(Instant()),
};
const OrderAnswer = Type.Object(orderFields, { title: "Order" });
const OrderInList = Type.Object(
  { ...orderFields, itemCount: Type.Integer({ description: `How many line items the order has; \`orderItems\` are the first ${ITEMS_IN_LIST}` }) },
  { title: "OrderInList" },
);
const REFUND_BY_CARD =
  "What was paid by card goes back through the gateway. Where that does not answer: 202 and the order as it still is; the refund is under way, and done once the gateway has spoken.";
const OrderPage = Type.Object({ orders: Type.Array(OrderInList), nextCursor: NextCursor });

const OrderParams = Type.Object({ orderId: Id() });
const Article = Body({ productId: Id(), variantId: Type.Optional(Id("May be left out where the product has one variant")), quantity: Quantity() });
const order = {
  userId: Type.Optional(Id("The caller's own, unless an operator calls")),
  userCouponId: Type.Optional(Id()),
  payment: Type.Optional(
    Body({ method: OneOf(["BALANCE", "DEFERRED"]) }, { description: "Default BALANCE: paid at once. DEFERRED: to be paid later" }),
  ),
  expectedAmount: Type.Optional(ExpectedAmount()),
  orderedAt: Type.Optional(Type.String({ format: "date-time", description: "Operators only: when an order that is brought in was made" })),
};
const FromCart = Body({ ...order, fromCart: Type.Literal(true) });
const FromItems = Body({ ...order, orderItems: Type.Array(Article, { minItems: 1, maxItems: 2000 }) });
type NewOrder = Omit<Static<typeof FromItems>, "orderItems"> & { orderItems?: Static<typeof Article>[] };

/** Orders of up to 2,000 lines each that are read at the same time. */
const TOGETHER = { most: 32, atOnce: 2 };

/** What cursors are of: a place in everybody's orders is none in one user's. */
const OWN = "user's orders";
const ALL = "orders";

export function orderRoutes(routes: Routes, { config, database, now, lists, catalogFacts, orderFacts, gateway, settlement }: Shop): void {
  const { orderExpiresAfterMs } = config;
  const askAfterMs = config.gateway.timeoutMs + config.gateway.settleAfterMs;
  const place = placeOrder(catalogFacts, database);
  const cancel = cancelOrder(orderFacts);
  const refund = refundOrder(orderFacts);
  const orders = new BatchedRead(async (ids) => new Map((await database.rows<OrderRecord>(selectOrders(ids))).map((row) => [row.id, row])), TOGETHER);
  const ownOrders = new BatchedPages((pages) => database.rows<OrderRecord & { page: number }>(selectUserOrders(pages)));
  const view = (row: OrderRecord) => orderView(row, row.items, row.payment ?? undefined);

  routes.write(
    {
      method: "POST",
      path: "/orders",
      operationId: "placeOrder",
      audience: "shopper",
      tag: "Orders",
      summary: "Place an order, and pay it at once or later",
      description: "All or nothing. The same variant twice is added up. `fromCart` orders the whole cart and empties it.",
      body: Either<NewOrder, NewOrder>("fromCart", FromCart, FromItems),
      answers: { 201: OrderAnswer },
      refusals: [
        "FORBIDDEN",
        "USER_NOT_FOUND",
        "PRODUCT_NOT_FOUND",
        "PRODUCT_NOT_FOR_SALE",
        "STOCK_INSUFFICIENT",
        "COUPON_NOT_FOUND",
        "COUPON_UNUSABLE",
        "AMOUNT_CHANGED",
        "BALANCE_INSUFFICIENT",
      ],
    },
    ({ caller, body }) => {
      const { orderItems, userCouponId, payment, orderedAt, expectedAmount = null } = body;
      if (orderedAt !== undefined && Date.parse(orderedAt) > now()) invalid("/orderedAt", "must not lie in the future");
      if (orderedAt !== undefined && Date.parse(orderedAt) < 0) invalid("/orderedAt", "must not lie before 1970");
      const userId = onBehalf(caller, body.userId);
      if (orderedAt !== undefined && caller.role !== "operator") refuse("FORBIDDEN");
      return submit(
        place,
        {
          userId,
          lineItems:
            orderItems?.map(({ productId, variantId, quantity }) => ({
              productId: productId.toLowerCase(),
              ...(variantId === undefined ? {} : { variantId: variantId.toLowerCase() }),
              quantity,
            })) ?? null,
          userCouponId: userCouponId?.toLowerCase() ?? null,
          method: payment?.method ?? "BALANCE",
          orderedAt: orderedAt === undefined ? null : Date.parse(orderedAt),
          expectedAmount,
          expiresAfterMs: orderExpiresAfterMs,
        },
        201,
      );
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/orders/{orderId}",
      operationId: "getOrder",
      audience: "shopper",
      tag: "Orders",
      summary: "One order as committed",
      params: OrderParams,
      answers: { 200: OrderAnswer },
      refusals: ["ORDER_NOT_FOUND"],
    },
    async ({ caller, params: { orderId } }) => {
      const row = await orders.get(orderId);
      return row && mayRead(caller, row.userId) ? view(row) : refuse("ORDER_NOT_FOUND", { orderId });
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/users/{userId}/orders",
      operationId: "listUserOrders",
      audience: "owner",
      tag: "Orders",
      summary: "The user's orders, newest first, each with its first items",
      params: UserParams,
      query: Query(page),
      answers: { 200: OrderPage },
      faults: { "params/userId": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
      shape: ownCursor(OWN, ["id"]),
    },
    async ({ params: { userId }, query: { limit = 20, cursor } }) => {
      const answer = orderPage(OWN, await ownOrders.get(userId, placeOf(OWN, cursor), limit + 1), limit);
      if (answer.orders.length === 0 && (await database.rows(selectUser(userId))).length === 0) refuse("USER_NOT_FOUND", { userId });
      return answer;
    },
  );

  routes.write(
    {
      method: "POST",
      path: "/orders/{orderId}/cancel",
      operationId: "cancelOrder",
      audience: "shopper",
      tag: "Orders",
      summary: "Cancel an unpaid order, or refund a paid one whole",
      params: OrderParams,
      body: Body({}),
      description: REFUND_BY_CARD,
      answers: { 200: OrderAnswer, 202: OrderAnswer },
      refusals: ["ORDER_NOT_FOUND", "ORDER_NOT_CANCELLABLE", "ORDER_NOT_REFUNDABLE", "PAYMENT_IN_PROGRESS"],
    },
    ({ caller, params: { orderId } }) => undo(cancel, { orderId, callerId: caller.role === "operator" ? null : caller.id, askAfterMs }),
  );

  routes.write(
    {
      method: "POST",
      path: "/admin/orders/{id}/refunds",
      operationId: "refundOrder",
      audience: "operator",
      tag: "Orders",
      summary: "Refund a paid order, whole or in part",
      description: `Without \`items\` everything that is left. What is given back for an item is its share of what was paid; the parts always add up to the whole. \`reason\` is shown to operators only; the shopper reads \`customerReason\`. ${REFUND_BY_CARD}`,
      params: Type.Object({ id: Id() }),
      body: Body({
        items: Type.Optional(Type.Array(Body({ variantId: Id(), quantity: Quantity() }), { minItems: 1, maxItems: 2000 })),
        reason: Text(500),
        customerReason: Type.Optional(Text(500)),
      }),
      answers: { 200: OrderAnswer, 202: OrderAnswer },
      refusals: ["ORDER_NOT_FOUND", "ORDER_NOT_REFUNDABLE", "PAYMENT_IN_PROGRESS"],
    },
    ({ params, body }) => {
      const items = body.items?.map(({ variantId, quantity }) => ({ variantId: variantId.toLowerCase(), quantity })) ?? null;
      return undo(refund, { orderId: params.id, items, reason: body.reason, customerReason: body.customerReason ?? null, askAfterMs });
    },
  );

  routes.read(
    {
      method: "GET",
      path: "/admin/orders",
      operationId: "listOrders",
      audience: "operator",
      tag: "Orders",
      summary: "Orders, newest first, each with its first items",
      query: Query({
        ...page,
        status: Type.Optional(OneOf(STATUSES)),
        userId: Type.Optional(Id()),
        from: Type.Optional(Type.String({ maxLength: 40, description: "An instant, or a day in the shop's zone; included" })),
        to: Type.Optional(Type.String({ maxLength: 40, description: "An instant, not included, or a day in the shop's zone, included" })),
        rehearsals: Type.Optional(Type.Boolean({ default: false, description: "Whether orders of rehearsals are listed too" })),
      }),
      answers: { 200: OrderPage },
      shape({ query }) {
        span(query);
        readCursor(ALL, query.cursor, ["id"]);
      },
    },
    async ({ query }) => {
      const { userId, status = null, limit = 20, cursor, rehearsals = false } = query;
      const filter = { userId: userId?.toLowerCase() ?? null, status, ...span(query), rehearsals };
      return orderPage(ALL, await lists.rows<OrderRecord>(selectOrderPage(filter, placeOf(ALL, cursor), limit + 1)), limit);
    },
  );

  function span({ from, to }: { from?: string; to?: string }): { from: number | null; to: number | null } {
    return { from: dayOrInstant("/from", from, config.timezone, "start"), to: dayOrInstant("/to", to, config.timezone, "end") };
  }

  /** What was paid by card is only reserved in the first round: the money goes back through the gateway, then everything else does. */
  function undo<Input>(begin: Command<Input, Started<OrderView>>, input: Input): Submission {
    return submitTwoPhase({ begin, input, status: 200, admit: (work) => gateway.admit(work), settle: byCard });
  }

  async function byCard(id: string, first: boolean): Promise<AttemptStatus> {
    const { orderId, status, amount, failure } = await settlement.refunds.settle(id, first);
    if (status === "FAILED") return { over: true, refusal: new Refusal("ORDER_NOT_REFUNDABLE", { orderId, amount, reason: failure }) };
    const row = await orders.get(orderId);
    if (row === undefined) throw new Error(`order ${orderId} of refund ${id} is gone`);
    return { over: status !== "PENDING", status: status === "PENDING" ? 202 : 200, body: view(row) };
  }

  function orderPage(list: string, rows: OrderRecord[], limit: number) {
    return {
      orders: rows.slice(0, limit).map((row) => ({ ...view(row), itemCount: row.itemCount })),
      nextCursor: nextCursor(rows, limit, list, (row) => [row.id]),
    };
  }
}

function placeOf(list: string, cursor: string | undefined): string | null {
  return (readCursor(list, cursor, ["id"])?.[0] as string | undefined) ?? null;
}

/** Another's order is not there, as far as a shopper can tell. */
export function mayRead(caller: Caller, ownerId: string): boolean {
  return caller.role === "operator" || caller.id === ownerId;
}
