// The shop's sales, refusals and load, live.

import { useEffect } from "preact/hooks";
import { formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { ms } from "../duration.ts";
import { LatestDrop } from "../live/latest-drop.tsx";
import { connected, highestStock, type Snapshot, snapshots, watch } from "../live/stream.ts";
import { Chart, type Series } from "../parts/chart.tsx";
import { Bar, Busy, Card, Notice, Tile, Title } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { mayRead } from "../session.ts";
import { t } from "../words/words.ts";

/** Refusals by kind, so that few lines show them and each keeps its color. */
const KINDS = [
  { word: "refusedGone", color: "--c1", codes: /SOLD_OUT|STOCK_INSUFFICIENT/ },
  { word: "refusedRules", color: "--c2", codes: /^(?!.*(?:SOLD_OUT|STOCK_INSUFFICIENT|BUSY|UNAVAILABLE|TOO_MANY|NO_ANSWER|INTERNAL))/ },
  { word: "refusedBusy", color: "--c3", codes: /BUSY|UNAVAILABLE|TOO_MANY|NO_ANSWER|INTERNAL/ },
] as const;

export function Live() {
  useEffect(watch, []);
  const all = snapshots.value;
  const last = all.at(-1);
  return (
    <>
      <Title
        side={
          <span class={`beacon ${connected.value ? "on" : ""}`} role="status">
            {connected.value ? t.value.watching : t.value.connecting}
          </span>
        }
      >
        {t.value.live}
      </Title>
      <RunningRehearsal />
      {last === undefined ? (
        <Busy words={t.value.waitingForSecond} />
      ) : (
        <>
          {last.database === null && <Notice kind="bad">{t.value.databaseSilent}</Notice>}
          <Tiles last={last} />
          {mayRead("drops") && <LatestDrop />}
          <Charts all={all} />
          <div class="columns">
            <SellingOut last={last} />
            <Instances last={last} />
          </div>
        </>
      )}
    </>
  );
}

/** Links to a running rehearsal of any operator. */
function RunningRehearsal() {
  const { data } = useResource(
    "running rehearsal",
    async (signal) => (await shop.listRehearsals({ query: { limit: 1 }, signal })).body.rehearsals[0],
    {
      everyMs: 5000,
    },
  );
  if (!data || data.finishedAt !== null) return null;
  return (
    <Notice kind="warn">
      <p>
        {t.value.rehearsalRunning(data.plan.buyers)} <a href={to(`/rehearsals/${data.id}`)}>{t.value.toRehearsal}</a>
      </p>
    </Notice>
  );
}

function Tiles({ last }: { last: Snapshot }) {
  const { perSecond, latencyMs, roundSize, waiting } = last;
  const refused = Object.values(perSecond.refusals).reduce((sum, count) => sum + count, 0);
  return (
    <dl class="tiles">
      <Tile label={t.value.ordersPerSecond} tone="--c1">
        {formatNumber(Math.round(perSecond.orders))}
      </Tile>
      <Tile label={t.value.claimsPerSecond} tone="--c2">
        {formatNumber(Math.round(perSecond.claims))}
      </Tile>
      <Tile label={t.value.refusedPerSecond}>{formatNumber(Math.round(refused))}</Tile>
      <Tile label={t.value.p99}>{latencyMs === null ? "–" : ms(latencyMs.p99)}</Tile>
      <Tile label={t.value.roundSize}>{roundSize === null ? "–" : formatNumber(roundSize)}</Tile>
      <Tile label={t.value.waiting}>{formatNumber(waiting)}</Tile>
    </dl>
  );
}

function Charts({ all }: { all: Snapshot[] }) {
  const x = all.map(({ at }) => Date.parse(at) / 1000);
  const line = (label: string, color: string, pick: (snapshot: Snapshot) => number | null, area = false): Series => ({
    label,
    color,
    area,
    values: all.map(pick),
  });
  const refused = (codes: RegExp) => (snapshot: Snapshot) =>
    Object.entries(snapshot.perSecond.refusals).reduce((sum, [code, count]) => sum + (codes.test(code) ? count : 0), 0);
  return (
    <div class="charts">
      <Card>
        <Chart
          title={t.value.salesPerSecond}
          x={x}
          series={[
            line(t.value.ordersWord, "--c1", ({ perSecond }) => perSecond.orders, true),
            line(t.value.claimsWord, "--c2", ({ perSecond }) => perSecond.claims, true),
          ]}
        />
      </Card>
      <Card>
        <Chart title={t.value.refusalsPerSecond} x={x} series={KINDS.map(({ word, color, codes }) => line(t.value[word], color, refused(codes)))} />
      </Card>
      <Card>
        <Chart
          title={t.value.latency}
          x={x}
          format={ms}
          fine
          series={[
            line("p99", "--c3", ({ latencyMs }) => latencyMs?.p99 ?? null),
            line("p95", "--c2", ({ latencyMs }) => latencyMs?.p95 ?? null),
            line("p50", "--c1", ({ latencyMs }) => latencyMs?.p50 ?? null),
          ]}
        />
      </Card>
      <Card>
        <Chart
          title={t.value.roundsAndFlushes}
          x={x}
          series={[
            line(t.value.roundSize, "--c1", ({ roundSize }) => roundSize),
            line(t.value.waiting, "--c3", ({ waiting }) => waiting),
            line(t.value.flushes, "--c2", ({ perSecond }) => perSecond.flushes),
          ]}
        />
      </Card>
    </div>
  );
}

function SellingOut({ last }: { last: Snapshot }) {
  const stock = last.stock.map(({ variantId, name, left }) => ({
    id: variantId,
    kind: t.value.stock,
    name,
    left,
    of: highestStock.value[variantId] ?? left,
  }));
  const coupons = last.coupons.map(({ couponId, name, left, total }) => ({ id: couponId, kind: t.value.coupon, name, left, of: total }));
  const all = [...coupons, ...stock];
  return (
    <Card title={t.value.sellingOut}>
      {all.length === 0 && <p class="empty">{t.value.nothingSells}</p>}
      <ul class="running">
        {all.map(({ id, kind, name, left, of }) => (
          <li key={id}>
            <span class="running-name">
              <span class="pill">{kind}</span> <bdi>{name}</bdi>
            </span>
            <span class="number running-left">{left === 0 ? t.value.allGone : t.value.leftOf(left, of)}</span>
            <Bar share={of === 0 ? 0 : left / of} label={name} tone={left === 0 ? "bad" : "accent"} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Instances({ last }: { last: Snapshot }) {
  return (
    <Card
      title={t.value.instances}
      side={<span class="muted number">{last.database === null ? t.value.noAnswer : t.value.databaseAnswers(ms(last.database.tookMs))}</span>}
    >
      <Table
        caption={t.value.instances}
        rows={last.instances}
        keyOf={({ id }) => id}
        columns={[
          { head: t.value.instance, main: true, cell: ({ id }) => <span class="id">{id}</span> },
          { head: t.value.thread, end: true, cell: ({ busy }) => percent(busy) },
          { head: t.value.cpu, end: true, cell: ({ cpu }) => percent(cpu) },
          { head: t.value.memory, end: true, cell: ({ memoryMb }) => `${formatNumber(memoryMb)} MB` },
          { head: t.value.waiting, end: true, cell: ({ waiting }) => formatNumber(waiting) },
          { head: t.value.uptime, end: true, cell: ({ uptimeS }) => t.value.lasting(uptimeS) },
        ]}
      />
    </Card>
  );
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
