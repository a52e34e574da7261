// The chart of a soak test: a panel for each kind of value, over the minutes of the run.

import { type Point, WARM_UP } from "./judge.ts";
import { namesOf, worstDead } from "./series.ts";
import type { Sample } from "./samples.ts";
import type { SoakRun } from "./soak.ts";

type Line = { name: string; points: Point[] };
type Panel = { title: string; lines: Line[] };

const PANEL = { width: 380, height: 170, left: 46, right: 8, top: 34, bottom: 24 };
const COLUMNS = 2;
const COLORS = ["#2b6cb0", "#c0572b", "#2f855a", "#805ad5", "#9aa3ad"];
const MB = 1024 * 1024;

export function chart(run: SoakRun): string {
  const panels = panelsOf(run);
  const width = COLUMNS * PANEL.width;
  const height = Math.ceil(panels.length / COLUMNS) * PANEL.height + 24;
  const drawn = panels.map((panel, i) => {
    const [x, y] = [(i % COLUMNS) * PANEL.width, Math.floor(i / COLUMNS) * PANEL.height];
    return `<g transform="translate(${x} ${y})">${draw(panel, run)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="10" fill="#222">
<rect width="100%" height="100%" fill="#fff"/>
${drawn.join("\n")}
<text x="${PANEL.left}" y="${height - 8}">minutes since the start; the shaded part is the warm-up</text>
</svg>
`;
}

function panelsOf({ samples, probes }: SoakRun): Panel[] {
  const names = [...namesOf(samples)];
  const perProcess = (value: (line: SoakRun["probes"][number]) => number | undefined): Line[] =>
    names.map(([pid, name]) => ({
      name,
      points: probes
        .filter((line) => line.pid === pid)
        .flatMap((line) => (value(line) === undefined ? [] : [[line.at, value(line) as number] as const])),
    }));
  const one = (name: string, value: (sample: Sample) => number): Line => ({ name, points: samples.map((sample) => [sample.at, value(sample)]) });
  const descriptors = names.map(([pid, name]) =>
    one(name, ({ processes }) => processes.find((process) => process.pid === pid)?.descriptors ?? Number.NaN),
  );
  return [
    { title: "resident memory, MB", lines: perProcess(({ rss }) => rss / MB) },
    { title: "live heap after a full collection, MB", lines: perProcess(({ liveHeap }) => liveHeap && liveHeap / MB) },
    { title: "file descriptors", lines: descriptors },
    { title: "event loop delay p99, ms", lines: perProcess(({ delayP99Ms }) => delayP99Ms) },
    {
      title: "connections",
      lines: [
        one("PostgreSQL", ({ database }) => database.connections),
        one("Redis", ({ redis }) => redis.clients),
        one("NATS", ({ nats }) => nats.connections),
      ],
    },
    { title: "private memory of PostgreSQL, MB", lines: [one("all processes", ({ database }) => database.privateBytes / MB)] },
    { title: "dead rows per live row", lines: [one("worst table", ({ database }) => worstDead(database))] },
    { title: "runs of autovacuum", lines: [one("all tables", ({ database }) => sum(database.tables.map(({ autovacuums }) => autovacuums)))] },
    {
      title: "database, MB",
      lines: [one("database", ({ database }) => database.bytes / MB), one("write-ahead log", ({ database }) => database.walBytes / MB)],
    },
    { title: "thousands of", lines: [one("orders", ({ work }) => work.orders / 1000), one("requests", ({ work }) => work.requests / 1000)] },
    { title: "events that wait for a sink", lines: [one("the slower sink", ({ eventsWaiting }) => eventsWaiting)] },
    {
      title: "memory of Redis and NATS, MB",
      lines: [one("Redis", ({ redis }) => redis.bytes / MB), one("NATS", ({ nats }) => nats.memoryBytes / MB)],
    },
  ];
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function draw({ title, lines }: Panel, { from, to }: SoakRun): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const most = niceAbove(Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => (Number.isFinite(value) ? value : 0)))));
  const x = (at: number): number => left + ((at - from) / (to - from)) * (width - left - right);
  const y = (value: number): number => height - bottom - (value / most) * (height - top - bottom);
  const warm = `<rect x="${left}" y="${top}" width="${(x(from + (to - from) * WARM_UP) - left).toFixed(1)}" height="${height - top - bottom}" fill="#f0f2f5"/>`;
  const grid = [0, most / 2, most].map(
    (value) =>
      `<line x1="${left}" y1="${y(value).toFixed(1)}" x2="${width - right}" y2="${y(value).toFixed(1)}" stroke="#8884"/><text x="${left - 4}" y="${(y(value) + 3).toFixed(1)}" text-anchor="end">${value}</text>`,
  );
  const minutes = Math.round((to - from) / 60_000);
  const times = [0, minutes].map(
    (minute) => `<text x="${x(from + (minute / minutes) * (to - from)).toFixed(1)}" y="${height - 8}" text-anchor="middle">${minute}</text>`,
  );
  const paths = lines.map(({ points }, i) => {
    const at = points.filter(([, value]) => Number.isFinite(value)).map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline points="${at.join(" ")}" fill="none" stroke="${COLORS[i % COLORS.length]}" stroke-width="1.2"/>`;
  });
  const legend = lines.map(({ name }, i) => `<tspan fill="${COLORS[i % COLORS.length]}" dx="${i === 0 ? 0 : 10}">${name}</tspan>`);
  return [
    `<text x="${left}" y="14" font-weight="600">${title}</text><text x="${left}" y="27">${legend.join("")}</text>`,
    warm,
    ...grid,
    ...times,
    ...paths,
  ].join("\n");
}

/** The next of 1, 2, 5, 10, 20 … above a value. */
function niceAbove(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(Math.max(value, 0.1)));
  return ([1, 2, 5, 10].map((step) => step * decade).find((step) => step >= value) ?? value) || 1;
}
