// Sales by day and by product. The period and the comparison are in the address.

import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { shopTime } from "../../shared/clock.ts";
import { formatInstant, formatMoney, formatNumber, timeZone } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { csvOf, download } from "../csv.ts";
import { DateField } from "../parts/fields.tsx";
import { Filters } from "../parts/filters.tsx";
import { Busy, Card, Failure, Title } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { addDays, lengthOf, type Period, periodBefore, periodOf, type Preset, PRESETS, presetOf } from "../sales-period.ts";
import { mayChange } from "../session.ts";
import { s } from "../words/sales.ts";
import { t } from "../words/words.ts";
import { SalesFigures } from "./sales-figures.tsx";

const MAX_DAYS = 366;
const SHOWN_PRODUCTS = 50;
const CSV_PRODUCTS = 10_000;

export type Day = Body<"listSalesByDay">["days"][number];
type Product = Body<"listSales">["sales"][number];

/** The day in the shop's zone. */
const dayOf = (at: number): string => new Intl.DateTimeFormat("en-CA", { timeZone: timeZone.value }).format(at);

export function Sales() {
  const { query } = route.value;
  const today = dayOf(shopTime());
  const standard = periodOf("days14", today);
  const period = { from: query.get("from") || standard.from, to: query.get("to") || standard.to };
  const isCompared = query.get("compare") === "yes";
  const { data, error, reload } = useResource(`sales ${period.from} ${period.to} ${isCompared}`, (signal) => read(period, isCompared, signal));
  const set = (next: Partial<Period> & { compare?: string | undefined }): void =>
    navigate(to("/sales", { ...period, compare: isCompared ? "yes" : undefined, ...next }));
  return (
    <>
      <Title side={<AsOf at={data?.aggregatedAt} counted={reload} />}>{t.value.sales}</Title>
      <Filters
        choice={{
          label: s.value.period,
          value: presetOf(period, today) ?? "",
          options: PRESETS.map((preset) => [preset, s.value[preset]]),
          none: s.value.custom,
          choose: (preset) => preset && set(periodOf(preset as Preset, today)),
        }}
      >
        <DateField label={t.value.since} value={period.from} max={period.to} change={(day) => day && set({ from: day })} />
        <DateField label={t.value.until} value={period.to} min={period.from} change={(day) => day && set({ to: day })} />
        <label class="check">
          <input type="checkbox" checked={isCompared} onChange={({ currentTarget }) => set({ compare: currentTarget.checked ? "yes" : undefined })} />
          {s.value.compare}
        </label>
      </Filters>
      <p class="muted">{s.value.words}</p>
      {error !== undefined && <Failure error={error} retry={() => void reload()} />}
      {data === undefined ? (
        error === undefined && <Busy />
      ) : (
        <>
          <SalesFigures days={data.days} before={data.before} />
          <ByProduct products={data.products} period={period} />
          <ByDay days={data.days} period={period} />
        </>
      )}
    </>
  );
}

type Read = { days: Day[]; before: Day[] | null; products: Product[]; aggregatedAt: string | null };

async function read(period: Period, isCompared: boolean, signal: AbortSignal): Promise<Read> {
  const byDay = (span: Period) => shop.listSalesByDay({ query: { ...span, limit: MAX_DAYS }, signal });
  const earlier = periodBefore(period);
  const [days, before, sales] = await Promise.all([
    byDay(period),
    isCompared ? byDay(earlier) : null,
    shop.listSales({ query: { ...period, limit: SHOWN_PRODUCTS }, signal }),
  ]);
  return {
    days: everyDay(period, days.body.days),
    before: before && everyDay(earlier, before.body.days),
    products: sales.body.sales,
    aggregatedAt: sales.body.aggregatedAt,
  };
}

/** Adds the days without a sale, which the shop leaves out. */
function everyDay(period: Period, sold: Day[]): Day[] {
  const known = new Map(sold.map((entry) => [entry.day, entry]));
  return Array.from({ length: Math.max(0, Math.min(MAX_DAYS, lengthOf(period))) }, (_, i) => {
    const day = addDays(period.from, i);
    return known.get(day) ?? { day, orders: 0, units: 0, revenue: 0, discount: 0, refunded: 0, net: 0 };
  });
}

/** When sales were last counted, and the button that counts them now. */
function AsOf({ at, counted }: { at: string | null | undefined; counted: () => Promise<void> }) {
  const count = useAttempt(async ({ key, shop }) => {
    await shop.runJob({ path: { name: "aggregate-sales" }, body: {}, idempotencyKey: key });
    await counted();
  });
  return (
    <>
      <span class="muted" role="status">
        {at === undefined ? "" : at === null ? s.value.neverCounted : s.value.asOf(formatInstant(at))}
      </span>
      {mayChange("operations") && (
        <button type="button" class="button small quiet no-print" aria-disabled={count.busy} onClick={() => void count.run()}>
          {count.busy ? s.value.counting : s.value.countNow}
        </button>
      )}
      {count.error !== undefined && <Failure error={count.error} />}
    </>
  );
}

const MONEY = ["revenue", "discount", "refunded", "net"] as const;

function ByProduct({ products, period }: { products: Product[]; period: Period }) {
  const isBusy = useSignal(false);
  const save = async (): Promise<void> => {
    if (isBusy.value) return;
    isBusy.value = true;
    try {
      const { body } = await shop.listSales({ query: { ...period, limit: CSV_PRODUCTS } });
      const rows = body.sales.map(({ productId, name, units, ...amounts }) => [productId, name, units, ...MONEY.map((column) => amounts[column])]);
      const head = ["productId", t.value.product, s.value.units, ...MONEY.map((column) => s.value[column])];
      download(`sales-products-${period.from}-${period.to}.csv`, csvOf([head, ...rows]));
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <Card
      title={s.value.topSellers}
      side={
        <button type="button" class="button small quiet no-print" aria-disabled={isBusy.value} onClick={() => void save().catch(() => {})}>
          {s.value.csvProducts}
        </button>
      }
    >
      <Table
        caption={s.value.topSellers}
        empty={s.value.none}
        rows={products}
        keyOf={({ productId }) => productId}
        columns={[
          {
            head: t.value.product,
            main: true,
            cell: ({ productId, name }) => (
              <a class="clip" href={to(`/products/${productId}`)}>
                <bdi>{name}</bdi>
              </a>
            ),
          },
          { head: s.value.units, end: true, cell: ({ units }) => formatNumber(units) },
          ...MONEY.map((column) => ({ head: s.value[column], end: true, cell: (row: Product) => formatMoney(row[column]) })),
        ]}
      />
    </Card>
  );
}

function ByDay({ days, period }: { days: Day[]; period: Period }) {
  const save = (): void => {
    const head = [s.value.day, s.value.orders, s.value.units, ...MONEY.map((column) => s.value[column])];
    const rows = days.map((day) => [day.day, day.orders, day.units, ...MONEY.map((column) => day[column])]);
    download(`sales-days-${period.from}-${period.to}.csv`, csvOf([head, ...rows]));
  };
  return (
    <Card
      title={s.value.byDay}
      side={
        <button type="button" class="button small quiet no-print" onClick={save}>
          {s.value.csvDays}
        </button>
      }
    >
      <Table
        caption={s.value.byDay}
        empty={s.value.none}
        rows={days.filter(({ orders, units }) => orders > 0 || units > 0).toReversed()}
        keyOf={({ day }) => day}
        columns={[
          { head: s.value.day, main: true, cell: ({ day }) => <time dateTime={day}>{day}</time> },
          { head: s.value.orders, end: true, cell: ({ orders }) => formatNumber(orders) },
          { head: s.value.units, end: true, cell: ({ units }) => formatNumber(units) },
          ...MONEY.map((column) => ({ head: s.value[column], end: true, cell: (row: Day) => formatMoney(row[column]) })),
        ]}
      />
    </Card>
  );
}
