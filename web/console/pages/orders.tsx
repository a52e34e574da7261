// All orders. Every filter is in the address, so that a link, a reload and "back" show the same orders.

import type { Body } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { navigate, redirect, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { DateField } from "../parts/fields.tsx";
import { Filters } from "../parts/filters.tsx";
import { Id, Status, Title, When } from "../parts/parts.tsx";
import { type Column, ListTable, useList } from "../parts/table.tsx";
import { mayChange, mayRead } from "../session.ts";
import { o } from "../words/orders.ts";
import { fulfilmentWord, statusWord, t } from "../words/words.ts";

const STATUSES = ["PENDING", "COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED", "CANCELLED", "EXPIRED"] as const;
const FULFILMENT = ["NONE", "PREPARING", "PARTIALLY_SHIPPED", "SHIPPED", "DELIVERED"] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type OrderRow = Body<"listOrders">["orders"][number];
type Filter = Record<"q" | "status" | "fulfilment" | "user" | "product" | "from" | "to", string | undefined>;

/** The filters in the address; those that the shop would refuse are left out. */
function filterOf(query: URLSearchParams): Filter {
  const oneOf = (name: string, values: readonly string[]): string | undefined => values.find((value) => value === query.get(name));
  const id = (name: string): string | undefined => (UUID.test(query.get(name) ?? "") ? (query.get(name) as string) : undefined);
  const day = (name: string): string | undefined => (/^\d{4}-\d\d-\d\d$/.test(query.get(name) ?? "") ? (query.get(name) as string) : undefined);
  return {
    q: query.get("q") || undefined,
    status: oneOf("status", STATUSES),
    fulfilment: oneOf("fulfilment", FULFILMENT),
    user: id("user"),
    product: id("product"),
    from: day("from"),
    to: day("to"),
  };
}

export function Orders() {
  const filter = filterOf(route.value.query);
  const isOpen = route.value.query.get("filters") === "open";
  const { q, status, fulfilment, user, product, from, to: until } = filter;
  const list = useList(`orders ${JSON.stringify(filter)}`, async (cursor, signal) => {
    const query = {
      limit: 25,
      ...cursor,
      ...(q ? { q } : {}),
      ...(status ? { status: status as (typeof STATUSES)[number] } : {}),
      ...(fulfilment ? { fulfilmentStatus: fulfilment as (typeof FULFILMENT)[number] } : {}),
      ...(user ? { userId: user } : {}),
      ...(product ? { productId: product } : {}),
      ...(from ? { from } : {}),
      ...(until ? { to: until } : {}),
    };
    const { body } = await shop.listOrders({ query, signal });
    return { rows: body.orders, next: body.nextCursor };
  });
  const address = (next: Partial<Filter>, open = isOpen): string => to("/orders", { ...filter, ...next, filters: open ? "open" : undefined });
  const set = (next: Partial<Filter>): void => navigate(address(next));
  return (
    <>
      <Title
        side={
          mayChange("fulfilment") && (
            <a class="button small quiet" href={to("/orders/ship")}>
              {o.value.bulkShip}
            </a>
          )
        }
      >
        {t.value.orders}
      </Title>
      <Filters
        search={{ label: o.value.search, value: q ?? "", find: (text) => find(text, set) }}
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((value) => [value, statusWord(value)]),
          choose: (value) => set({ status: value || undefined }),
        }}
        secondChoice={{
          label: o.value.fulfilment,
          value: fulfilment ?? "",
          options: FULFILMENT.map((value) => [value, fulfilmentWord(value)]),
          choose: (value) => set({ fulfilment: value || undefined }),
        }}
        fold={{
          active: [status, fulfilment, from, until].filter(Boolean).length,
          isOpen,
          set: (open) => redirect(address({}, open)),
          clear: () => set({ status: undefined, fulfilment: undefined, from: undefined, to: undefined }),
        }}
      >
        <DateField label={t.value.since} value={from ?? ""} max={until} change={(day) => set({ from: day || undefined })} />
        <DateField label={t.value.until} value={until ?? ""} min={from} change={(day) => set({ to: day || undefined })} />
      </Filters>
      {(user || product) && <Chosen filter={filter} set={set} />}
      {q && !product && mayRead("catalog") && <ProductsFound q={q} set={set} />}
      <ListTable list={list} caption={t.value.orders} empty={o.value.noOrders} keyOf={({ orderId }) => orderId} columns={columnsOf()} />
    </>
  );
}

/** The whole id of an order opens it, the whole id of a user lists the user's orders. The id of an order ends with zeros, the id of a user does not. */
function find(text: string, set: (next: Partial<Filter>) => void): void {
  if (!UUID.test(text)) set({ q: text || undefined });
  else if (text.endsWith("0000")) navigate(to(`/orders/${text.toLowerCase()}`));
  else set({ q: undefined, user: text.toLowerCase() });
}

/** The product and the buyer to whose orders the list is limited. */
function Chosen({ filter: { user, product }, set }: { filter: Filter; set: (next: Partial<Filter>) => void }) {
  const { data } = useResource(`names of filters ${user} ${product}`, async (signal) => {
    const [userName, productName] = await Promise.all([
      user && mayRead("customers") ? shop.getUser({ path: { id: user }, signal }).then(({ body }) => body.name) : undefined,
      product ? shop.getProduct({ path: { productId: product }, signal }).then(({ body }) => body.name) : undefined,
    ]);
    return { userName, productName };
  });
  return (
    <p class="chips">
      {user && <Chip words={o.value.onlyUser(data?.userName ?? `…${user.slice(-10)}`)} remove={() => set({ user: undefined })} />}
      {product && <Chip words={o.value.onlyProduct(data?.productName ?? `…${product.slice(-10)}`)} remove={() => set({ product: undefined })} />}
    </p>
  );
}

function Chip({ words, remove }: { words: string; remove: () => void }) {
  return (
    <button type="button" class="chip" aria-label={o.value.removeFilter(words)} onClick={remove}>
      <bdi class="clip">{words}</bdi> <span aria-hidden="true">✕</span>
    </button>
  );
}

/** The searched text may be a product's name. */
function ProductsFound({ q, set }: { q: string; set: (next: Partial<Filter>) => void }) {
  const { data } = useResource(
    `products of orders ${q}`,
    async (signal) => (await shop.listEveryProduct({ query: { q, limit: 5 }, signal })).body.products,
  );
  if (data === undefined || data.length === 0) return null;
  return (
    <p class="chips">
      <span class="muted">{o.value.productsFound}</span>
      {data.map(({ id, name }) => (
        <button key={id} type="button" class="chip" onClick={() => set({ q: undefined, product: id })}>
          <bdi class="clip">{name}</bdi>
        </button>
      ))}
    </p>
  );
}

const columnsOf = (): Column<OrderRow>[] => [
  {
    head: t.value.order,
    main: true,
    cell: ({ orderId, orderNumber }) => (
      <a class="id" href={to(`/orders/${orderId}`)}>
        {orderNumber}
      </a>
    ),
  },
  {
    head: o.value.buyer,
    cell: ({ user, userId }) =>
      user === null ? (
        <Id of={userId} />
      ) : (
        <a class="clip" href={to(`/users/${userId}`)}>
          <bdi>{user.name}</bdi>
        </a>
      ),
  },
  {
    head: t.value.lineItems,
    cell: ({ orderItems, itemCount }) => (
      <bdi class="clip">
        {orderItems[0]?.name}
        {itemCount > 1 && ` +${formatNumber(itemCount - 1)}`}
      </bdi>
    ),
  },
  { head: t.value.status, cell: ({ status }) => <Status of={status} /> },
  {
    head: o.value.fulfilment,
    cell: ({ fulfilmentStatus }) => (fulfilmentStatus === "NONE" ? "–" : <Status of={fulfilmentStatus} word={fulfilmentWord} />),
  },
  { head: t.value.amount, end: true, cell: ({ totalAmount, discountAmount }) => formatMoney(totalAmount - discountAmount) },
  { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
];
