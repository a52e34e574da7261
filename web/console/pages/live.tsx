// The shop's sales, refusals and load, live.

import { useEffect } from "preact/hooks";
import { formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { connected, highestStock, type Snapshot, snapshots, watch } from "../live/stream.ts";
import { Chart, type Series } from "../parts/chart.tsx";
import { Bar, Busy, Card, Notice, Title } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { codeWord, t } from "../words/words.ts";

const REFUSAL_COLORS = ["--c4", "--c2", "--c5", "--c3", "--c6", "--c1"];

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
  const tiles: [string, string, string][] = [
    [t.value.ordersPerSecond, formatNumber(Math.round(perSecond.orders)), "--c1"],
    [t.value.claimsPerSecond, formatNumber(Math.round(perSecond.claims)), "--c2"],
    [t.value.refusedPerSecond, formatNumber(Math.round(refused)), "--c4"],
    [t.value.p99, latencyMs === null ? "–" : ms(latencyMs.p99), "--c3"],
    [t.value.roundSize, roundSize === null ? "–" : formatNumber(roundSize), "--c5"],
    [t.value.waiting, formatNumber(waiting), "--c6"],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([label, value, color]) => (
        <div key={label} class="tile" style={{ "--tone": `var(${color})` }}>
          <dt>{label}</dt>
          <dd class="number">{value}</dd>
        </div>
      ))}
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
  const codes = [...new Set(all.flatMap(({ perSecond }) => Object.keys(perSecond.refusals)))].sort();
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
        <Chart
          title={t.value.refusalsPerSecond}
          x={x}
          series={
            codes.length === 0
              ? [line(t.value.refusalsWord, "--c4", () => 0)]
              : codes.map((code, i) =>
                  line(codeWord(code), REFUSAL_COLORS[i % REFUSAL_COLORS.length] as string, ({ perSecond }) => perSecond.refusals[code] ?? 0),
                )
          }
        />
      </Card>
      <Card>
        <Chart
          title={t.value.latency}
          x={x}
          format={ms}
          fine
          series={[
            line("p99", "--c4", ({ latencyMs }) => latencyMs?.p99 ?? null),
            line("p95", "--c3", ({ latencyMs }) => latencyMs?.p95 ?? null),
            line("p50", "--c1", ({ latencyMs }) => latencyMs?.p50 ?? null),
          ]}
        />
      </Card>
      <Card>
        <Chart
          title={t.value.roundsAndFlushes}
          x={x}
          series={[
            line(t.value.roundSize, "--c5", ({ roundSize }) => roundSize),
            line(t.value.waiting, "--c6", ({ waiting }) => waiting),
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

export function ms(value: number): string {
  return value >= 1000
    ? `${formatNumber(Math.round(value / 100) / 10)} s`
    : `${formatNumber(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))} ms`;
}
