import { useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Filters } from "../parts/filters.tsx";
import { Id, Notice, Status, Title, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { eventWord, statusWord, t } from "../words/words.ts";

const STATUSES = ["WAITING", "DELIVERED", "DEAD"] as const;

export function Events() {
  const status = STATUSES.find((value) => value === route.value.query.get("status"));
  const message = useSignal<string | null>(null);
  const list = useList(
    `events ${status}`,
    async (cursor, signal) => {
      const { body } = await shop.listEvents({ query: { limit: 25, ...cursor, ...(status ? { status } : {}) }, signal });
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
          choose: (value) => navigate(to("/events", { status: value || undefined })),
        }}
      />
      {message.value && <Notice kind="good">{message.value}</Notice>}
      <ListTable
        list={list}
        caption={t.value.events}
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
