// The sums and charts of a period, and their change against the period before.

import { formatMoney, formatNumber, language } from "../../shared/languages.ts";
import { Chart, type Series } from "../parts/chart.tsx";
import { Card, Tile } from "../parts/parts.tsx";
import { s } from "../words/sales.ts";
import type { Day } from "./sales.tsx";

type Sums = Record<"net" | "revenue" | "discount" | "refunded" | "orders" | "units", number>;

function sumsOf(days: Day[]): Sums {
  const sum = (pick: (day: Day) => number): number => days.reduce((total, day) => total + pick(day), 0);
  return {
    net: sum(({ net }) => net),
    revenue: sum(({ revenue }) => revenue),
    discount: sum(({ discount }) => discount),
    refunded: sum(({ refunded }) => refunded),
    orders: sum(({ orders }) => orders),
    units: sum(({ units }) => units),
  };
}

const averageOf = ({ net, orders }: Sums): number => (orders === 0 ? 0 : Math.round(net / orders));

export function SalesFigures({ days, before }: { days: Day[]; before: Day[] | null }) {
  const sums = sumsOf(days);
  const earlier = before && sumsOf(before);
  const hint = (pick: (sums: Sums) => number): string | undefined => (earlier ? changeWords(pick(sums), pick(earlier)) : undefined);
  return (
    <>
      <dl class="tiles lead">
        <Figure label={s.value.net} value={formatMoney(sums.net)} hints={[s.value.netHint, hint(({ net }) => net)]} tone="--c1" />
        <Figure label={s.value.orders} value={formatNumber(sums.orders)} hints={[hint(({ orders }) => orders)]} tone="--c2" />
        <Figure label={s.value.average} value={formatMoney(averageOf(sums))} hints={[hint(averageOf)]} />
        <Figure label={s.value.revenue} value={formatMoney(sums.revenue)} hints={[s.value.revenueHint, hint(({ revenue }) => revenue)]} />
        <Figure label={s.value.discount} value={formatMoney(sums.discount)} hints={[hint(({ discount }) => discount)]} />
        <Figure label={s.value.refunded} value={formatMoney(sums.refunded)} hints={[hint(({ refunded }) => refunded)]} />
        <Figure label={s.value.units} value={formatNumber(sums.units)} hints={[hint(({ units }) => units)]} />
      </dl>
      <div class="charts">
        <DayChart title={s.value.net} color="--c1" days={days} before={before} pick={({ net }) => net} format={shortMoney} />
        <DayChart title={s.value.orders} color="--c2" days={days} before={before} pick={({ orders }) => orders} />
      </div>
    </>
  );
}

function Figure({ label, value, hints, tone }: { label: string; value: string; hints: (string | undefined)[]; tone?: string }) {
  return (
    <Tile label={label} hint={hints.filter(Boolean).join(" · ")} {...(tone ? { tone } : {})}>
      {value}
    </Tile>
  );
}

type DayChartProps = {
  title: string;
  color: string;
  days: Day[];
  before: Day[] | null;
  pick: (day: Day) => number;
  format?: (value: number) => string;
};

/** Bars per day; with a comparison lines, the earlier day under the later one. */
function DayChart({ title, color, days, before, pick, format }: DayChartProps) {
  const x = days.map((_, i) => i);
  const formatX = (value: number): string => (Number.isInteger(value) ? (days[value]?.day.slice(5).replace("-", "/") ?? "") : "");
  const bars: Series = { label: s.value.perDay, color, values: days.map(pick), bars: true };
  const series: Series[] =
    before === null
      ? [bars]
      : [
          { ...bars, bars: false, area: true },
          { label: s.value.before, color: "--c3", values: before.map(pick) },
        ];
  return (
    <Card>
      <Chart title={title} x={x} time={false} formatX={formatX} series={series} {...(format ? { format } : {})} />
    </Card>
  );
}

const shortMoney = (amount: number): string => new Intl.NumberFormat(language.value, { notation: "compact" }).format(amount);

/** The change in percent, with its sign; empty if there was nothing to compare with. */
function changeWords(now: number, before: number): string | undefined {
  if (before === 0) return undefined;
  const percent = new Intl.NumberFormat(language.value, { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: 0 });
  return s.value.change(percent.format((now - before) / Math.abs(before)));
}
