import { useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { countAlerts } from "../alerts.ts";
import { shop } from "../api.ts";
import { Filters } from "../parts/filters.tsx";
import { Id, Notice, Status, Title, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { o } from "../words/orders.ts";
import { statusWord, t } from "../words/words.ts";
import { ReturnSteps } from "./order-returns.tsx";

const STATUSES = ["REQUESTED", "RECEIVED", "REJECTED", "WITHDRAWN"] as const;

/** Returns that wait for a decision are the reason to come here, so they are the default. */
export function Returns() {
  const wanted = route.value.query.get("status");
  const status = wanted === "ALL" ? undefined : (STATUSES.find((value) => value === wanted) ?? "REQUESTED");
  const message = useSignal<string | null>(null);
  const list = useList(`returns ${status}`, async (cursor, signal) => {
    const { body } = await shop.listReturns({ query: { limit: 25, ...cursor, ...(status ? { status } : {}) }, signal });
    return { rows: body.returns, next: body.nextCursor };
  });
  const done = async (words: string): Promise<void> => {
    message.value = words;
    list.reload();
    await countAlerts("returns");
  };
  return (
    <>
      <Title>{o.value.returns}</Title>
      <Filters
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((value) => [value, statusWord(value)]),
          choose: (value) => navigate(to("/returns", { status: value || "ALL" })),
        }}
      />
      {message.value && <Notice kind="good">{message.value}</Notice>}
      <ListTable
        list={list}
        caption={o.value.returns}
        empty={o.value.noReturns}
        keyOf={({ returnId }) => returnId}
        columns={[
          { head: t.value.order, main: true, cell: ({ orderId }) => <Id of={orderId} href={to(`/orders/${orderId}`)} /> },
          { head: t.value.status, cell: (one) => <Status of={one.status} /> },
          { head: t.value.quantity, end: true, cell: ({ items }) => formatNumber(items.reduce((sum, { quantity }) => sum + quantity, 0)) },
          { head: o.value.returnReason, cell: ({ reason }) => <bdi class="clip">{reason}</bdi> },
          { head: o.value.requestedAt, cell: ({ createdAt }) => <When at={createdAt} /> },
          { head: o.value.settledAt, cell: ({ settledAt }) => <When at={settledAt} /> },
          { head: t.value.actions, end: true, cell: (one) => <ReturnSteps one={one} done={done} /> },
        ]}
      />
    </>
  );
}
