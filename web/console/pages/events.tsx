import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { formatNumber } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { countAlerts } from "../alerts.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Filters } from "../parts/filters.tsx";
import { Card, Id, Notice, Status, Title, When } from "../parts/parts.tsx";
import { ListTable, Table, useList } from "../parts/table.tsx";
import { e } from "../words/events.ts";
import { eventWord, statusWord, t } from "../words/words.ts";

const STATUSES = ["WAITING", "DELIVERED", "DEAD"] as const;

export function Events() {
  const { query } = route.value;
  const status = STATUSES.find((value) => value === query.get("status"));
  const sink = query.get("sink") || undefined;
  const counts = useSignal<Count[]>([]);
  const set = (next: Record<string, string | undefined>): void => navigate(to("/events", { status, sink, ...next }));
  const message = useSignal<string | null>(null);
  const list = useList(
    `events ${status} ${sink}`,
    async (cursor, signal) => {
      const { body } = await shop.listEvents({ query: { limit: 25, ...cursor, ...(status ? { status } : {}), ...(sink ? { sink } : {}) }, signal });
      counts.value = body.counts;
      return { rows: body.events, next: body.nextCursor };
    },
    (event) => event.status === "WAITING",
  );
  return (
    <>
      <Title>{t.value.events}</Title>
      <p class="muted">{t.value.eventsWords}</p>
      <Filters
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((value) => [value, statusWord(value)]),
          choose: (value) => set({ status: value || undefined }),
        }}
        {...(counts.value.length > 1 || sink
          ? {
              secondChoice: {
                label: e.value.sink,
                value: sink ?? "",
                options: counts.value.map((count) => [count.sink, count.sink] as const),
                choose: (value: string) => set({ sink: value || undefined }),
              },
            }
          : {})}
      />
      <Sinks
        counts={counts.value}
        replayed={async (words) => {
          message.value = words;
          list.reload();
          await countAlerts("events");
        }}
      />
      {message.value && <Notice kind="good">{message.value}</Notice>}
      <ListTable
        list={list}
        caption={t.value.events}
        empty={e.value.none}
        keyOf={({ id }) => id}
        columns={[
          { head: t.value.event, main: true, cell: ({ type }) => eventWord(type) },
          {
            head: t.value.status,
            cell: ({ status, lastError }) => (
              <>
                <Status of={status} />
                {lastError !== null && <bdi class="why clip">{lastError}</bdi>}
              </>
            ),
          },
          {
            head: t.value.order,
            cell: ({ orderId, subject }) => (orderId === null ? <Id of={subject} /> : <Id of={orderId} href={to(`/orders/${orderId}`)} />),
          },
          { head: t.value.attempts, end: true, cell: ({ attempts }) => formatNumber(attempts) },
          { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
          { head: t.value.deliveredAt, cell: ({ deliveredAt }) => <When at={deliveredAt} /> },
          {
            head: t.value.actions,
            end: true,
            cell: ({ id, status, type }) => (
              <Confirm
                needs="operations"
                label={t.value.resend}
                about={eventWord(type)}
                title={t.value.replay}
                act={t.value.resend}
                tone="primary"
                disabled={status === "WAITING"}
                run={async ({ key, shop }) => {
                  await shop.replayEvent({ path: { id }, body: {}, idempotencyKey: key });
                  message.value = t.value.eventResent;
                  list.reload();
                  await countAlerts("events");
                }}
              >
                {status === "DEAD" ? t.value.replayDeadWords : t.value.replayWords}
              </Confirm>
            ),
          },
        ]}
      />
    </>
  );
}

type Count = Body<"listEvents">["counts"][number];

/** Each data platform with what waits for it and why, and the replay of all its dead letters. */
function Sinks({ counts, replayed }: { counts: Count[]; replayed: (words: string) => Promise<void> }) {
  if (counts.length === 0) return null;
  return (
    <Card title={e.value.sinks}>
      <Table
        caption={e.value.sinks}
        rows={counts}
        keyOf={({ sink }) => sink}
        columns={[
          { head: e.value.sink, main: true, cell: ({ sink }) => <bdi class="clip">{sink}</bdi> },
          { head: e.value.waiting, end: true, cell: ({ waiting }) => formatNumber(waiting) },
          { head: e.value.dead, end: true, cell: ({ dead }) => (dead === 0 ? "0" : <span class="gone">{formatNumber(dead)}</span>) },
          {
            head: e.value.state,
            cell: ({ lastError }) => (lastError === null ? <span class="pill done">{e.value.works}</span> : <bdi class="why clip">{lastError}</bdi>),
          },
          {
            head: t.value.actions,
            end: true,
            cell: ({ sink, dead }) => (
              <Confirm
                needs="operations"
                label={e.value.replayAll}
                about={sink}
                title={e.value.replayAll}
                act={e.value.replayAct(dead)}
                tone="primary"
                disabled={dead === 0}
                run={async ({ key, shop }) => {
                  const { body } = await shop.replayEvents({ body: { status: "DEAD", sink }, idempotencyKey: key });
                  await replayed(e.value.replayed(body.replayed));
                }}
              >
                {e.value.replayWords(sink)}
              </Confirm>
            ),
          },
        ]}
      />
    </Card>
  );
}
