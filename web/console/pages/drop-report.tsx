// The sales and refusals of a drop so far, second by second.

import { useEffect } from "preact/hooks";
import type { Body } from "#client";
import { formatInstant, formatMoney, formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { shop } from "../api.ts";
import { lasting } from "../duration.ts";
import { Chart } from "../parts/chart.tsx";
import { Busy, Card, Failure, Tile } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { d } from "../words/drops.ts";
import { codeWord, statusWord, t } from "../words/words.ts";
import type { OneDrop } from "./drops.tsx";

export type Report = Body<"getDropReport">;

const POLL_MS = 4000;
/** A chart shows at most this long after the first sale. */
const CHART_S = 3600;

export function DropReport({ drop }: { drop: OneDrop }) {
  const isRunning = drop.status !== "CLOSED";
  const { data, error, reload } = useResource(
    `report ${drop.id}`,
    async (signal) => (await shop.getDropReport({ path: { id: drop.id }, signal })).body,
    { everyMs: isRunning ? POLL_MS : undefined },
  );
  // Closing ends holds and the line: the figures of a moment before would stay.
  useEffect(() => void reload(), [drop.status]);
  const print = (
    <button type="button" class="button small quiet no-print" onClick={() => globalThis.print()}>
      {t.value.print}
    </button>
  );
  return (
    <Card title={d.value.report} side={print}>
      {error !== undefined && <Failure error={error} retry={() => void reload()} />}
      {data === undefined ? error === undefined && <Busy /> : <Result report={data} drop={drop} />}
    </Card>
  );
}

function Result({ report, drop }: { report: Report; drop: OneDrop }) {
  const refusals = Object.entries(report.refused).sort(([, a], [, b]) => b - a);
  const entries = Object.entries(report.entries).filter(([, count]) => count > 0);
  return (
    <>
      <ReportTiles report={report} opensAt={drop.opensAt} />
      <OrdersPerSecond report={report} opensAt={drop.opensAt} />
      <div class="columns">
        {refusals.length > 0 && (
          <Counts caption={d.value.refusals} rows={refusals.map(([code, count]) => ({ id: code, name: codeWord(code), count }))} />
        )}
        {drop.mode !== "DIRECT" && entries.length > 0 && (
          <Counts caption={d.value.entriesByStatus} rows={entries.map(([status, count]) => ({ id: status, name: statusWord(status), count }))} />
        )}
      </div>
    </>
  );
}

export function ReportTiles({ report, opensAt }: { report: Report; opensAt: string }) {
  const { sold, revenue, soldOutAfterMs, firstSaleAt, lastSaleAt, holdsLapsed, perSecond } = report;
  return (
    <dl class="tiles">
      <Tile label={d.value.sold}>{formatNumber(sold)}</Tile>
      <Tile label={d.value.revenue} hint={d.value.revenueHint}>
        {formatMoney(revenue)}
      </Tile>
      {soldOutAfterMs !== null && <Tile label={d.value.soldOutAfter}>{lasting(soldOutAfterMs)}</Tile>}
      <Tile label={d.value.peak}>{formatNumber(peakOf(perSecond))}</Tile>
      <Tile label={d.value.firstSale} {...(firstSaleAt === null ? {} : { hint: d.value.sinceOpening })}>
        <After at={firstSaleAt} opensAt={opensAt} />
      </Tile>
      <Tile label={d.value.lastSale} {...(lastSaleAt === null ? {} : { hint: d.value.sinceOpening })}>
        <After at={lastSaleAt} opensAt={opensAt} />
      </Tile>
      {holdsLapsed > 0 && <Tile label={d.value.lapsed}>{formatNumber(holdsLapsed)}</Tile>}
    </dl>
  );
}

/** A moment, as the time since the opening. */
function After({ at, opensAt }: { at: string | null; opensAt: string }) {
  if (at === null) return "–";
  return (
    <time dateTime={at} title={formatInstant(at)}>
      {lasting(Date.parse(at) - Date.parse(opensAt))}
    </time>
  );
}

export const peakOf = (perSecond: Report["perSecond"]): number => perSecond.reduce((most, { orders }) => Math.max(most, orders), 0);

export function OrdersPerSecond({ report, opensAt }: { report: Report; opensAt: string }) {
  const [first] = report.perSecond;
  if (first === undefined) return <p class="empty">{d.value.noSales}</p>;
  const start = Date.parse(first.at) / 1000;
  const opened = Math.max(0, Math.round(start - Math.floor(Date.parse(opensAt) / 1000)));
  const bySecond = new Map(report.perSecond.map(({ at, orders }) => [Math.round(Date.parse(at) / 1000 - start), orders]));
  const length = Math.min(CHART_S, Math.max(9, ...bySecond.keys()) + 1);
  const x = Array.from({ length }, (_, second) => second + opened);
  return (
    <Chart
      title={d.value.ordersPerSecond}
      x={x}
      time={false}
      formatX={(second) => (Number.isInteger(second) ? d.value.secondsAfter(second) : "")}
      series={[{ label: d.value.orders, color: "--c1", values: x.map((second) => bySecond.get(second - opened) ?? 0), area: true }]}
    />
  );
}

function Counts({ caption, rows }: { caption: string; rows: { id: string; name: string; count: number }[] }) {
  return (
    <div class="list">
      <h3 class="small-head">{caption}</h3>
      <Table
        caption={caption}
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { head: t.value.outcome, main: true, cell: ({ name }) => name },
          { head: t.value.count, end: true, cell: ({ count }) => formatNumber(count) },
        ]}
      />
    </div>
  );
}
