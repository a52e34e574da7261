// All drops, as a list or as a calendar of their openings.

import type { Body } from "#client";
import { formatNumber } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Filters } from "../parts/filters.tsx";
import { Status, Title, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { mayChange } from "../session.ts";
import { d } from "../words/drops.ts";
import { statusWord, t } from "../words/words.ts";
import { DropCalendar } from "./drop-calendar.tsx";

export type OneDrop = Body<"getDrop">;

const STATUSES = ["UPCOMING", "OPEN", "PAUSED", "SOLD_OUT", "CLOSED"] as const;
const POLL_STATUSES = new Set(["OPEN", "SOLD_OUT"]);

export function Drops() {
  const { query } = route.value;
  const isCalendar = query.get("view") === "calendar";
  const view = (word: "list" | "calendar", isCurrent: boolean) => (
    <a
      class={`button small ${isCurrent ? "" : "quiet"}`}
      href={to("/drops", { view: word === "list" ? undefined : word })}
      aria-current={isCurrent ? "true" : undefined}
    >
      {d.value[word]}
    </a>
  );
  return (
    <>
      <Title
        side={
          <>
            <span class="actions" role="group" aria-label={d.value.view}>
              {view("list", !isCalendar)}
              {view("calendar", isCalendar)}
            </span>
            {mayChange("drops") && (
              <a class="button small primary" href={to("/drops/new")}>
                {d.value.newDrop}
              </a>
            )}
          </>
        }
      >
        {t.value.drops}
      </Title>
      {isCalendar ? <DropCalendar month={query.get("month")} /> : <DropList />}
    </>
  );
}

function DropList() {
  const status = STATUSES.find((value) => value === route.value.query.get("status"));
  const list = useList(
    `drops ${status}`,
    async (cursor, signal) => {
      const { body } = await shop.listDrops({ query: { limit: 25, ...cursor, ...(status ? { status } : {}) }, signal });
      return { rows: body.drops, next: body.nextCursor };
    },
    (drop) => POLL_STATUSES.has(drop.status),
  );
  return (
    <>
      <Filters
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((value) => [value, statusWord(value)]),
          choose: (value) => navigate(to("/drops", { status: value || undefined })),
        }}
      />
      <ListTable
        list={list}
        caption={t.value.drops}
        empty={d.value.noDrops}
        keyOf={({ id }) => id}
        columns={[
          {
            head: t.value.name,
            main: true,
            cell: ({ id, name }) => (
              <a class="clip" href={to(`/drops/${id}`)}>
                <bdi>{name}</bdi>
              </a>
            ),
          },
          { head: t.value.status, cell: (drop) => <Status of={drop.status} /> },
          { head: d.value.mode, cell: ({ mode }) => d.value[mode] },
          { head: d.value.remaining, end: true, cell: ({ remaining }) => formatNumber(remaining) },
          { head: d.value.entries, end: true, cell: ({ mode, entries }) => (mode === "DIRECT" ? "–" : formatNumber(entries)) },
          { head: d.value.opens, cell: ({ opensAt }) => <When at={opensAt} /> },
          { head: d.value.closes, cell: ({ closesAt }) => <When at={closesAt} /> },
        ]}
      />
    </>
  );
}
