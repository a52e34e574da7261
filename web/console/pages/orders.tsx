import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Id, Notice, Status, Title, When } from "../parts/parts.tsx";
import { DateField } from "../parts/fields.tsx";
import { Filters } from "../parts/filters.tsx";
import { type List, ListTable, useList } from "../parts/table.tsx";
import { statusWord, t } from "../words/words.ts";

const STATUSES = ["PENDING", "COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED", "CANCELLED", "EXPIRED"] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function Orders() {
  const { query } = route.value;
  const status = STATUSES.find((value) => value === query.get("status"));
  const userId = UUID.test(query.get("user") ?? "") ? (query.get("user") as string) : undefined;
  const [from, until] = [query.get("from") || undefined, query.get("to") || undefined];
  const isInvalid = useSignal(false);
  const list = useList(`${status} ${userId} ${from} ${until}`, async (cursor, signal) => {
    const { body } = await shop.listOrders({
      query: {
        limit: 25,
        ...cursor,
        ...(status ? { status } : {}),
        ...(userId ? { userId } : {}),
        ...(from ? { from } : {}),
        ...(until ? { to: until } : {}),
      },
      signal,
    });
    return { rows: body.orders, next: body.nextCursor };
  });
  const set = (next: Record<string, string | undefined>): void => navigate(to("/orders", { status, user: userId, from, to: until, ...next }));
  return (
    <>
      <Title>{t.value.orders}</Title>
      <Filters
        search={{
          label: t.value.orderOrUser,
          value: userId ?? "",
          hint: t.value.wholeId,
          // The id of an order ends with zeros, the id of a user does not.
          find(id) {
            isInvalid.value = id !== "" && !UUID.test(id);
            if (isInvalid.value) return;
            if (id.endsWith("0000")) navigate(to(`/orders/${id.toLowerCase()}`));
            else set({ user: id.toLowerCase() || undefined });
          },
        }}
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((value) => [value, statusWord(value)]),
          choose: (value) => set({ status: value || undefined }),
        }}
      >
        <DateField label={t.value.since} value={from ?? ""} change={(day) => set({ from: day || undefined })} />
        <DateField label={t.value.until} value={until ?? ""} min={from} change={(day) => set({ to: day || undefined })} />
      </Filters>
      {isInvalid.value && <Notice kind="bad">{t.value.invalidId}</Notice>}
      <OrderTable list={list} />
    </>
  );
}

type OrderRow = Body<"listOrders">["orders"][number];

function OrderTable({ list }: { list: List<OrderRow> }) {
  return (
    <ListTable
      list={list}
      caption={t.value.orders}
      keyOf={({ orderId }) => orderId}
      columns={[
        { head: t.value.order, main: true, cell: ({ orderId }) => <Id of={orderId} href={to(`/orders/${orderId}`)} /> },
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
        { head: t.value.amount, end: true, cell: ({ totalAmount, discountAmount }) => formatMoney(totalAmount - discountAmount) },
        { head: t.value.user, cell: ({ userId }) => <Id of={userId} href={to(`/users/${userId}`)} /> },
        { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
      ]}
    />
  );
}
