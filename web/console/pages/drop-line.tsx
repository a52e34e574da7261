// The entries of a drop, by number.

import { useEffect, useRef } from "preact/hooks";
import { formatNumber } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Filters } from "../parts/filters.tsx";
import { Card, Id, Status, When } from "../parts/parts.tsx";
import { type Column, ListTable, useList } from "../parts/table.tsx";
import type { Body } from "#client";
import { d } from "../words/drops.ts";
import { statusWord, t } from "../words/words.ts";
import type { OneDrop } from "./drops.tsx";

const STATUSES = ["WAITING", "HELD", "ORDERED", "BOUGHT", "LAPSED", "LEFT", "LOST"] as const;
type Entry = Body<"listDropEntries">["entries"][number];
type Product = { id: string; name: string; variants: { id: string; name: string }[] };

export function DropLine({ drop, product }: { drop: OneDrop; product: Product }) {
  const status = STATUSES.find((value) => value === route.value.query.get("entries"));
  const list = useList(`entries ${drop.id} ${status}`, async (cursor, signal) => {
    const { body } = await shop.listDropEntries({ path: { id: drop.id }, query: { limit: 25, ...cursor, ...(status ? { status } : {}) }, signal });
    return { rows: body.entries, next: body.nextCursor };
  });
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) list.reload();
    isFirst.current = false;
  }, [drop.entries, drop.called, drop.remaining, drop.status]);
  return (
    <Card title={d.value.line}>
      <Filters
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((value) => [value, statusWord(value)]),
          choose: (value) => navigate(to(`/drops/${drop.id}`, { entries: value || undefined })),
        }}
      />
      <ListTable list={list} caption={d.value.line} keyOf={({ entryId }) => entryId} columns={columnsOf(drop, product)} />
    </Card>
  );
}

const columnsOf = (drop: OneDrop, product: Product): Column<Entry>[] => [
  { head: d.value.entry, main: true, cell: ({ number }) => formatNumber(number) },
  ...(drop.mode === "DRAW"
    ? [{ head: d.value.rank, end: true, cell: ({ rank }: Entry) => (rank === null ? "–" : formatNumber(rank)) } satisfies Column<Entry>]
    : []),
  { head: t.value.status, cell: (entry) => <Status of={entry.status} /> },
  {
    head: t.value.variant,
    cell: ({ variantId, quantity }) => (
      <bdi class="clip">
        {product.variants.find(({ id }) => id === variantId)?.name ?? product.name} × {formatNumber(quantity)}
      </bdi>
    ),
  },
  { head: d.value.buyer, cell: ({ userId }) => <Id of={userId} href={to(`/users/${userId}`)} /> },
  { head: t.value.order, cell: ({ orderId }) => (orderId === null ? "–" : <Id of={orderId} href={to(`/orders/${orderId}`)} />) },
  { head: d.value.heldUntil, cell: ({ heldUntil }) => <When at={heldUntil} seconds /> },
  { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} seconds /> },
];
