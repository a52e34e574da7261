// Who did what. Every filter is in the address.

import type { Body } from "#client";
import { navigate, redirect, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { DateField } from "../parts/fields.tsx";
import { Filters } from "../parts/filters.tsx";
import { Fact, Id, Title, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { j, OPERATION_NAMES, operationWord } from "../words/journal.ts";
import { t } from "../words/words.ts";

type Entry = Body<"listJournal">["entries"][number];
type Filter = Record<"actor" | "operation" | "subject" | "from" | "to", string | undefined>;

export function Journal() {
  const { query } = route.value;
  const filter: Filter = {
    actor: query.get("actor") || undefined,
    operation: query.get("operation") || undefined,
    subject: query.get("subject") || undefined,
    from: query.get("from") || undefined,
    to: query.get("to") || undefined,
  };
  const given = Object.fromEntries(Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const list = useList(`journal ${JSON.stringify(given)}`, async (cursor, signal) => {
    const { body } = await shop.listJournal({ query: { limit: 50, ...cursor, ...given }, signal });
    return { rows: body.entries, next: body.nextCursor };
  });
  const isOpen = query.get("filters") === "open";
  const address = (next: Partial<Filter>, open = isOpen): string => to("/journal", { ...filter, ...next, filters: open ? "open" : undefined });
  const set = (next: Partial<Filter>): void => navigate(address(next));
  return (
    <>
      <Title>{t.value.journal}</Title>
      <p class="muted">{j.value.words}</p>
      <Filters
        search={{ label: j.value.subject, value: filter.subject ?? "", find: (text) => set({ subject: text || undefined }) }}
        choice={{
          label: j.value.operation,
          value: filter.operation ?? "",
          options: OPERATION_NAMES.map((name) => [name, operationWord(name)]),
          choose: (value) => set({ operation: value || undefined }),
        }}
        fold={{
          active: [filter.operation, filter.actor, filter.from, filter.to].filter(Boolean).length,
          isOpen,
          set: (open) => redirect(address({}, open)),
          clear: () => set({ operation: undefined, actor: undefined, from: undefined, to: undefined }),
        }}
      >
        <label class="field">
          <span class="field-label">{j.value.actor}</span>
          <input
            value={filter.actor ?? ""}
            maxLength={255}
            onChange={({ currentTarget }) => set({ actor: currentTarget.value.trim() || undefined })}
          />
        </label>
        <DateField label={t.value.since} value={filter.from ?? ""} max={filter.to} change={(day) => set({ from: day || undefined })} />
        <DateField label={t.value.until} value={filter.to ?? ""} min={filter.from} change={(day) => set({ to: day || undefined })} />
      </Filters>
      <ListTable
        list={list}
        caption={t.value.journal}
        empty={j.value.none}
        keyOf={({ id }) => id}
        columns={[
          { head: t.value.at, main: true, cell: ({ at }) => <When at={at} seconds /> },
          {
            head: j.value.actor,
            cell: ({ actor }) => (
              <button type="button" class="link clip" onClick={() => set({ actor })}>
                <bdi>{actor}</bdi>
              </button>
            ),
          },
          { head: j.value.operation, cell: ({ operation }) => operationWord(operation) },
          { head: j.value.subjects, cell: (entry) => <Subjects entry={entry} /> },
          { head: j.value.result, cell: ({ status }) => <Result status={status} /> },
          { head: j.value.details, cell: (entry) => <Details entry={entry} /> },
        ]}
      />
    </>
  );
}

function Result({ status }: { status: number }) {
  if (status >= 400) return <span class="pill failed">{j.value.refused(status)}</span>;
  return <span class={`pill ${status === 202 ? "pending" : "done"}`}>{status === 202 ? j.value.started : j.value.done}</span>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The console's pages of the things that the journal names. */
const PAGES: Record<string, string> = {
  order: "/orders/",
  product: "/products/",
  user: "/users/",
  drop: "/drops/",
  coupon: "/coupons/",
  rehearsal: "/rehearsals/",
};

function Subjects({ entry: { subjects, subjectCount } }: { entry: Entry }) {
  const [first] = subjects;
  if (first === undefined) return <>–</>;
  const page = PAGES[first.type];
  return (
    <>
      {UUID.test(first.id) ? <Id of={first.id} {...(page ? { href: to(page + first.id) } : {})} /> : <bdi class="id clip">{first.id}</bdi>}
      {subjectCount > 1 && <span class="muted"> {j.value.more(subjectCount - 1)}</span>}
    </>
  );
}

function Details({ entry: { input, requestId, address, hash, permission, operation } }: { entry: Entry }) {
  return (
    <details>
      <summary aria-label={`${j.value.details}: ${operationWord(operation)}`}>{j.value.details}</summary>
      <dl class="facts narrow">
        <Fact name={j.value.input} wide>
          <pre class="command">{JSON.stringify(input, null, 1)}</pre>
        </Fact>
        <Fact name={j.value.permission}>{permission}</Fact>
        <Fact name={j.value.from}>
          <span class="id whole">{address}</span>
        </Fact>
        <Fact name={j.value.request} wide>
          <span class="id whole">{requestId}</span>
        </Fact>
        <Fact name={j.value.hash} wide>
          <span class="id whole">{hash}</span>
        </Fact>
      </dl>
    </details>
  );
}
