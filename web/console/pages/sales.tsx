import { shopTime } from "../../shared/clock.ts";
import { formatMoney, formatNumber, timeZone } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Chart } from "../parts/chart.tsx";
import { Busy, Card, Failure, Tile, Title } from "../parts/parts.tsx";
import { DateField } from "../parts/fields.tsx";
import { Filters } from "../parts/filters.tsx";
import { Table } from "../parts/table.tsx";
import { t } from "../words/words.ts";

const DAY_MS = 86_400_000;
const MAX_DAYS = 366;

/** The day in the shop's zone. */
const dayOf = (at: number): string => new Intl.DateTimeFormat("en-CA", { timeZone: timeZone.value }).format(at);

export function Sales() {
  const { query } = route.value;
  const [from, until] = [query.get("from") || dayOf(shopTime() - 13 * DAY_MS), query.get("to") || dayOf(shopTime())];
  const { data, error, reload } = useResource(`${from} ${until}`, async (signal) => {
    const span = { from, to: until };
    const [days, sales] = await Promise.all([
      shop.listSalesByDay({ query: { ...span, limit: MAX_DAYS }, signal }),
      shop.listSales({ query: { ...span, limit: 50 }, signal }),
    ]);
    return { days: everyDay(from, until, days.body.days), sales: sales.body.sales };
  });
  const set = (next: Record<string, string>): void => navigate(to("/sales", { from, to: until, ...next }));
  return (
    <>
      <Title>{t.value.sales}</Title>
      <Filters>
        <DateField label={t.value.since} value={from} max={until} change={(day) => day && set({ from: day })} />
        <DateField label={t.value.until} value={until} min={from} change={(day) => day && set({ to: day })} />
      </Filters>
      <p class="muted">{t.value.salesWords}</p>
      {error !== undefined && <Failure error={error} retry={() => void reload()} />}
      {data === undefined ? (
        error === undefined && <Busy />
      ) : (
        <>
          <Days days={data.days} />
          <Card title={t.value.topSellers}>
            <Table
              caption={t.value.topSellers}
              rows={data.sales}
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
                { head: t.value.units, end: true, cell: ({ units }) => formatNumber(units) },
                { head: t.value.revenue, end: true, cell: ({ revenue }) => formatMoney(revenue) },
              ]}
            />
          </Card>
        </>
      )}
    </>
  );
}

/** Totals and charts of the period. */
function Days({ days }: { days: Day[] }) {
  const x = days.map((_, i) => i);
  const formatX = (value: number): string => (Number.isInteger(value) ? (days[value]?.day.slice(5).replace("-", "/") ?? "") : "");
  return (
    <>
      <dl class="tiles">
        <Tile label={t.value.revenue} tone="--c1">
          {formatMoney(days.reduce((sum, { revenue }) => sum + revenue, 0))}
        </Tile>
        <Tile label={t.value.units} tone="--c2">
          {formatNumber(days.reduce((sum, { units }) => sum + units, 0))}
        </Tile>
      </dl>
      <div class="charts">
        <Card>
          <Chart
            title={t.value.revenue}
            x={x}
            time={false}
            format={shortMoney}
            formatX={formatX}
            series={[{ label: t.value.perDay, color: "--c1", values: days.map(({ revenue }) => revenue), bars: true }]}
          />
        </Card>
        <Card>
          <Chart
            title={t.value.units}
            x={x}
            time={false}
            formatX={formatX}
            series={[{ label: t.value.perDay, color: "--c2", values: days.map(({ units }) => units), bars: true }]}
          />
        </Card>
      </div>
    </>
  );
}

type Day = { day: string; units: number; revenue: number };

/** Adds the days without a sale, which the shop leaves out. */
function everyDay(from: string, until: string, sold: Day[]): Day[] {
  const known = new Map(sold.map((entry) => [entry.day, entry]));
  const days: Day[] = [];
  for (let at = Date.parse(from); at <= Date.parse(until) && days.length < MAX_DAYS; at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push(known.get(day) ?? { day, units: 0, revenue: 0 });
  }
  return days;
}

function shortMoney(amount: number): string {
  return new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }).format(amount);
}
