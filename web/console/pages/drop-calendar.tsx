// A month of drops, each on the day of its opening in the shop's zone. On a phone only days with a drop are listed.

import { everyPage } from "#client";
import { shopTime } from "../../shared/clock.ts";
import { timeZone } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Busy, Failure, Status } from "../parts/parts.tsx";
import { d } from "../words/drops.ts";
import type { OneDrop } from "./drops.tsx";

const DAY_MS = 86_400_000;
/** Enough for years of drops; the oldest ones are left out. */
const MAX_DROPS = 1000;

const dayOf = (at: number | string): string => new Intl.DateTimeFormat("en-CA", { timeZone: timeZone.value }).format(new Date(at));
const timeOf = (at: string): string =>
  new Intl.DateTimeFormat("en-GB", { timeZone: timeZone.value, hour: "2-digit", minute: "2-digit" }).format(new Date(at));

/** @param month YYYY-MM; else the current one */
export function DropCalendar({ month }: { month: string | null }) {
  const { data, error, reload } = useResource("drops of the calendar", readDrops);
  const today = dayOf(shopTime());
  const shown = /^\d{4}-(?:0[1-9]|1[0-2])$/.test(month ?? "") ? (month as string) : today.slice(0, 7);
  const [year, number] = shown.split("-").map(Number) as [number, number];
  const address = (step: number): string => to("/drops", { view: "calendar", month: monthAfter(shown, step) });
  if (data === undefined) return error === undefined ? <Busy /> : <Failure error={error} retry={() => void reload()} />;
  const byDay = Map.groupBy(data, ({ opensAt }) => dayOf(opensAt));
  const isEmpty = ![...byDay.keys()].some((day) => day.startsWith(shown));
  return (
    <section class="card" aria-label={d.value.month(year, number)}>
      <div class="card-head">
        <a class="button small quiet" href={address(-1)} aria-label={d.value.previousMonth}>
          ‹
        </a>
        <h2 aria-live="polite">{d.value.month(year, number)}</h2>
        <a class="button small quiet" href={address(1)} aria-label={d.value.nextMonth}>
          ›
        </a>
      </div>
      {isEmpty && <p class="empty">{d.value.noneInMonth}</p>}
      <ol class="weekdays" aria-hidden="true">
        {d.value.weekdays.split(",").map((day) => (
          <li key={day}>{day}</li>
        ))}
      </ol>
      <ol class="calendar">
        {daysOf(shown).map((day) => (
          <li
            key={day}
            class={`${day.startsWith(shown) ? "" : "outside"} ${byDay.has(day) ? "" : "no-drop"}`}
            aria-current={day === today ? "date" : undefined}
          >
            <time dateTime={day}>
              <span class="day-full">{day.slice(5).replace("-", "/")}</span>
              <span class="day-short" aria-hidden="true">
                {Number(day.slice(8))}
              </span>
            </time>
            {(byDay.get(day) ?? []).map((drop) => (
              <a key={drop.id} class="calendar-drop" href={to(`/drops/${drop.id}`)}>
                <span class="number">{timeOf(drop.opensAt)}</span> <bdi class="clip">{drop.name}</bdi> <Status of={drop.status} />
              </a>
            ))}
          </li>
        ))}
      </ol>
    </section>
  );
}

async function readDrops(signal: AbortSignal): Promise<OneDrop[]> {
  const drops: OneDrop[] = [];
  for await (const page of everyPage((from) => shop.listDrops({ query: { limit: 100, ...from }, signal }))) {
    drops.push(...page.drops);
    if (drops.length >= MAX_DROPS) break;
  }
  return drops.sort((a, b) => (a.opensAt < b.opensAt ? -1 : 1));
}

function monthAfter(month: string, step: number): string {
  const [year, number] = month.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 1 + step)).toISOString().slice(0, 7);
}

/** The days of the weeks of a month, from Monday to Sunday. */
function daysOf(month: string): string[] {
  const first = Date.parse(`${month}-01`);
  const last = Date.parse(`${monthAfter(month, 1)}-01`) - DAY_MS;
  const weekday = (at: number): number => (new Date(at).getUTCDay() + 6) % 7;
  const days: string[] = [];
  for (let at = first - weekday(first) * DAY_MS; at <= last + (6 - weekday(last)) * DAY_MS; at += DAY_MS)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}
