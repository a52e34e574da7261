import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

type Item = { productId: string; variantId: string; quantity: number; refundedQuantity: number; unitPrice: number };
type Order = {
  orderId: string;
  userId: string;
  status: string;
  orderItems: Item[];
  itemCount: number;
  totalAmount: number;
  refundedAmount: number;
  createdAt: string;
};
type Body = {
  users: { externalId: string }[];
  grants: { userId: string; amount: number }[];
  variants: { sku: string; price: number; stock: number }[];
  userId: string;
  orderItems: Item[];
  orderedAt: string;
  items: Item[];
};

const ITEMS_IN_LIST = 5;

export type Heard = { method: string; path: string; key: string | undefined; body: Body };
type Answer = { status: number; body: unknown; headers?: Record<string, string> };
/** Returns a response instead of the shop's; undefined leaves the request to the shop. */
export type Interceptor = (heard: Heard, orders: Order[]) => Answer | "hang up" | undefined;

/** An in-memory shop for the tests of the replay. It validates nothing, but stores idempotency keys, stock and balances. @param ageMs age of its users */
export async function openFakeShop(intercept: Interceptor = () => undefined, ageMs = 0) {
  const orders: Order[] = [];
  const refunds: { userId: string; orderId: string }[] = [];
  const variants = new Map<string, { price: number; stock: number }>();
  const balances = new Map<string, number>();
  const users: { id: string; externalId: string }[] = [];
  const answers = new Map<string, { body: string; answer: Answer }>();
  const heard: Heard[] = [];
  let made = 0;
  const newId = () => `id-${++made}`;
  /** A UUIDv7, like the shop's. */
  const uuid = () => `${(Date.now() - ageMs).toString(16).padStart(12, "0").replace(/^.{8}/, "$&-")}-7000-8000-${String(++made).padStart(12, "0")}`;

  const routes: [RegExp, (body: Body, ids: string[], query: URLSearchParams) => unknown][] = [
    [
      /^POST \/admin\/users$/,
      ({ users: named }) => {
        const made = named.map(({ externalId }) => ({ id: uuid(), externalId }));
        users.push(...made);
        return { users: made };
      },
    ],
    [
      /^POST \/admin\/balances\/grant$/,
      ({ grants }) => {
        for (const { userId, amount } of grants) balances.set(userId, (balances.get(userId) ?? 0) + amount);
        return { granted: grants.length };
      },
    ],
    [
      /^POST \/admin\/products$/,
      ({ variants: ofProduct }) => ({
        id: newId(),
        variants: ofProduct.map(({ sku, price, stock }) => {
          const id = newId();
          variants.set(id, { price, stock });
          return { id, sku };
        }),
      }),
    ],
    [
      /^POST \/orders$/,
      ({ userId, orderItems, orderedAt }) => {
        const items = orderItems.map((item) => ({ ...item, refundedQuantity: 0, unitPrice: variants.get(item.variantId)!.price }));
        const totalAmount = items.reduce((sum, item) => sum + item.quantity * item.unitPrice, 0);
        balances.set(userId, balances.get(userId)! - totalAmount);
        for (const item of items) variants.get(item.variantId)!.stock -= item.quantity;
        const order = {
          orderId: newId(),
          userId,
          status: "COMPLETED",
          orderItems: items,
          itemCount: items.length,
          totalAmount,
          refundedAmount: 0,
          createdAt: orderedAt,
        };
        orders.push(order);
        return order;
      },
    ],
    [
      /^POST \/admin\/orders\/([^/]+)\/refunds$/,
      ({ items }, [orderId]) => {
        const order = orders.find((order) => order.orderId === orderId)!;
        for (const { variantId, quantity } of items) {
          const item = order.orderItems.find((item) => item.variantId === variantId)!;
          item.refundedQuantity += quantity;
          order.refundedAmount += quantity * item.unitPrice;
        }
        refunds.push(order);
        return order;
      },
    ],
    [/^POST \/admin\/jobs\/aggregate-sales\/run$/, () => ({})],
    [/^GET \/orders\/([^/]+)$/, (_, [orderId]) => orders.find((order) => order.orderId === orderId)],
    [
      /^GET \/admin\/users$/,
      (_, __, query) => ({ users: users.filter(({ externalId }) => externalId.includes(query.get("q") ?? "")), nextCursor: null }),
    ],
    [
      /^GET \/admin\/orders$/,
      (_, __, query) => {
        const start = Number(query.get("cursor") ?? 0);
        const inDays = orders.filter(({ createdAt }) => createdAt.slice(0, 10) >= query.get("from")! && createdAt.slice(0, 10) <= query.get("to")!);
        const end = start + Number(query.get("limit"));
        const listed = inDays.slice(start, end).map((order) => ({ ...order, orderItems: order.orderItems.slice(0, ITEMS_IN_LIST) }));
        return { orders: listed, nextCursor: end < inDays.length ? String(end) : null };
      },
    ],
    [
      /^GET \/users\/([^/]+)\/balance\/transactions$/,
      (_, [userId]) => ({
        transactions: refunds.filter((refund) => refund.userId === userId).map(({ orderId }) => ({ type: "REFUND", status: "COMPLETED", orderId })),
        nextCursor: null,
      }),
    ],
    [
      /^GET \/admin\/sales$/,
      () => ({
        sales: orders
          .flatMap(({ orderItems }) => orderItems)
          .map(({ productId, quantity, refundedQuantity, unitPrice }) => ({
            productId,
            units: quantity - refundedQuantity,
            revenue: (quantity - refundedQuantity) * unitPrice,
          })),
      }),
    ],
  ];

  function answerTo({ method, path, key, body }: Heard): Answer {
    const earlier = key === undefined ? undefined : answers.get(key);
    if (earlier)
      return earlier.body === JSON.stringify(body)
        ? { ...earlier.answer, headers: { "idempotent-replayed": "true" } }
        : { status: 422, body: { code: "IDEMPOTENCY_KEY_REUSED" } };
    const url = new URL(path, "http://shop");
    for (const [route, act] of routes) {
      const match = route.exec(`${method} ${url.pathname}`);
      if (!match) continue;
      // A copy, so that later changes do not change a stored response.
      const answer = { status: 200, body: JSON.parse(JSON.stringify(act(body, match.slice(1), url.searchParams))) as unknown };
      if (key !== undefined) answers.set(key, { body: JSON.stringify(body), answer });
      return answer;
    }
    return { status: 404, body: { code: "NOT_FOUND" } };
  }

  async function heardFrom(request: IncomingMessage): Promise<Heard> {
    const { method = "", url: path = "" } = request;
    const sent = await text(request);
    const key = request.headers["idempotency-key"];
    return { method, path, key: typeof key === "string" ? key : undefined, body: JSON.parse(sent || "{}") as Body };
  }

  const server = createServer((request, response) => {
    void heardFrom(request).then((now) => {
      heard.push(now);
      const answer = intercept(now, orders) ?? answerTo(now);
      if (answer === "hang up") {
        // Executes the request and loses the response.
        answerTo(now);
        response.destroy();
        return;
      }
      const type = answer.status < 400 ? "application/json" : "application/problem+json";
      const body = answer.status < 400 ? answer.body : { status: answer.status, ...(answer.body as object) };
      response.writeHead(answer.status, { "content-type": type, ...answer.headers }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    orders,
    users,
    variants,
    balances,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
