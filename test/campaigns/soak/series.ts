// The series of a soak test, and how much each may grow.

import { perUnit, type Point, type Series } from "./judge.ts";
import type { ProcessSample, Sample, TableSample } from "./samples.ts";

const MB = 1024 * 1024;
/** Memory is judged in runs of at least this many minutes. */
const MEMORY_MINUTES = 10;
/** A table of at least this size is judged by its bytes per row. */
const LARGE_BYTES = MB;

export function seriesOf(samples: Sample[], probes: ProcessSample[]): Series[] {
  return [...processSeries(samples, probes), ...databaseSeries(samples), ...serviceSeries(samples), ...workSeries(samples), ...tableSeries(samples)];
}

/** The names of processes by id. */
export function namesOf(samples: Sample[]): Map<number, string> {
  return new Map(samples.flatMap(({ processes }) => processes.map(({ pid, name }) => [pid, name] as const)));
}

function processSeries(samples: Sample[], probes: ProcessSample[]): Series[] {
  return [...namesOf(samples)].flatMap(([pid, name]): Series[] => {
    const lines = probes.filter((line) => line.pid === pid);
    const of = (value: (line: ProcessSample) => number | undefined): Point[] =>
      lines.flatMap((line) => {
        const found = value(line);
        return found === undefined ? [] : [[line.at, found] as const];
      });
    const own = (value: "descriptors" | "threads"): Point[] =>
      samples.flatMap(({ at, processes }) => processes.filter((one) => one.pid === pid).map((one) => [at, one[value]] as const));
    const memory = { unit: "MB", of: "median", minMinutes: MEMORY_MINUTES } as const;
    return [
      { ...memory, name: `resident memory, ${name}`, points: of(({ rss }) => rss / MB), allowed: { constant: 16, share: 0.1 } },
      { ...memory, name: `live heap, ${name}`, points: of(({ liveHeap }) => liveHeap && liveHeap / MB), allowed: { constant: 3, share: 0.05 } },
      {
        ...memory,
        name: `buffers outside of the heap, ${name}`,
        points: of(({ external, arrayBuffers }) => (external + arrayBuffers) / MB),
        allowed: { constant: 8, share: 0.2 },
      },
      { name: `file descriptors, ${name}`, unit: "", points: own("descriptors"), of: "median", allowed: { constant: 5, share: 0.1 } },
      { name: `threads, ${name}`, unit: "", points: own("threads"), of: "median", allowed: { constant: 2, share: 0 } },
      { name: `active resources, ${name}`, unit: "", points: of(({ resources }) => resources), of: "median", allowed: { constant: 10, share: 0.2 } },
      {
        name: `event loop delay p99, ${name}`,
        unit: "ms",
        points: of(({ delayP99Ms }) => delayP99Ms),
        of: "median",
        allowed: { constant: 50, share: 1 },
      },
    ];
  });
}

function databaseSeries(samples: Sample[]): Series[] {
  const of = (value: (database: Sample["database"]) => number): Point[] => samples.map(({ at, database }) => [at, value(database)]);
  return [
    { name: "connections to PostgreSQL", unit: "", points: of(({ connections }) => connections), of: "median", allowed: { constant: 3, share: 0.1 } },
    {
      // Of each connection: the number of connections is a series of its own.
      name: "private memory of PostgreSQL per connection",
      unit: "MB",
      points: of(({ privateBytes, connections }) => privateBytes / MB / connections),
      of: "median",
      allowed: { constant: 2, share: 0.15 },
      minMinutes: MEMORY_MINUTES,
    },
    {
      name: "write-ahead log on disk",
      unit: "MB",
      points: of(({ walBytes }) => walBytes / MB),
      of: "max",
      allowed: { constant: 128, share: 0.5 },
      minMinutes: MEMORY_MINUTES,
    },
    { name: "age of the oldest snapshot", unit: "", points: of(({ horizonAge }) => horizonAge), of: "min", allowed: { constant: 50, share: 0 } },
    { name: "deadlocks", unit: "", points: of(({ deadlocks }) => deadlocks), of: "max", allowed: { constant: 0, share: 0 } },
    { name: "dead rows per live row, worst table", unit: "", points: of(worstDead), of: "median", allowed: { constant: 0.3, share: 0.2 } },
  ];
}

/** Autovacuum starts at 50 dead rows and a fifth of the table; so small tables count as larger. */
export function worstDead({ tables }: Sample["database"]): number {
  return Math.max(0, ...tables.map(({ live, dead }) => dead / (live + 500)));
}

function serviceSeries(samples: Sample[]): Series[] {
  const of = (value: (sample: Sample) => number): Point[] => samples.map((sample) => [sample.at, value(sample)]);
  return [
    { name: "connections to Redis", unit: "", points: of(({ redis }) => redis.clients), of: "median", allowed: { constant: 2, share: 0 } },
    {
      name: "keys in Redis",
      unit: "",
      points: of(({ redis }) => redis.keys),
      of: "median",
      allowed: { constant: 300, share: 0.2 },
      minMinutes: MEMORY_MINUTES,
    },
    {
      name: "memory of Redis",
      unit: "MB",
      points: of(({ redis }) => redis.bytes / MB),
      of: "median",
      allowed: { constant: 2, share: 0.2 },
      minMinutes: MEMORY_MINUTES,
    },
    { name: "connections to NATS", unit: "", points: of(({ nats }) => nats.connections), of: "median", allowed: { constant: 2, share: 0 } },
    { name: "subscriptions at NATS", unit: "", points: of(({ nats }) => nats.subscriptions), of: "median", allowed: { constant: 10, share: 0.1 } },
    {
      name: "events that wait for a sink",
      unit: "",
      points: of(({ eventsWaiting }) => eventsWaiting),
      // A sink that keeps up has few waiting at some moment of each window, however long a busy machine makes it lag at others.
      of: "min",
      allowed: { constant: 25, share: 1 },
    },
  ];
}

function workSeries(samples: Sample[]): Series[] {
  const of = (value: (sample: Sample) => number): Point[] => samples.map((sample) => [sample.at, value(sample)]);
  const orders = of(({ work }) => work.orders);
  const requests = of(({ work }) => work.requests);
  const messages = of(({ nats }) => nats.messages);
  const flat = { unit: "B", of: "median", allowed: { constant: 0, share: 0.3 }, minMinutes: MEMORY_MINUTES } as const;
  return [
    {
      ...flat,
      name: "database, bytes per order",
      points: perUnit(
        of(({ database }) => database.bytes),
        orders,
      ),
    },
    {
      ...flat,
      name: "log of the shop, bytes per request",
      points: perUnit(
        of(({ shopLogBytes }) => shopLogBytes),
        requests,
      ),
    },
    {
      ...flat,
      name: "stream of NATS, bytes per event",
      points: perUnit(
        of(({ nats }) => nats.storedBytes),
        messages,
      ),
    },
    {
      ...flat,
      name: "log of PostgreSQL, bytes per order",
      points: perUnit(
        of(({ database }) => database.logBytes),
        orders,
      ),
      allowed: { constant: 20, share: 0.3 },
    },
  ];
}

/** A table whose rows grow in number is judged by its bytes per row, any other by its bytes. */
function tableSeries(samples: Sample[]): Series[] {
  const last = samples.at(-1)?.database.tables ?? [];
  return last.flatMap(({ name, live, heapBytes, indexBytes }): Series[] => {
    const rows = samples.flatMap(({ at, database }) => database.tables.filter((table) => table.name === name).map((table) => [at, table] as const));
    const [, early] = rows[Math.floor(rows.length / 4)] ?? [0, undefined];
    if (early === undefined) return [];
    const of = (value: (table: TableSample) => number): Point[] => rows.map(([at, table]) => [at, value(table)]);
    const size = (table: TableSample): number => table.heapBytes + table.indexBytes;
    const shared = { unit: "B", of: "median", minMinutes: MEMORY_MINUTES } as const;
    if (live <= early.live * 1.2 + 100) return [{ ...shared, name: `table ${name}, bytes`, points: of(size), allowed: { constant: MB, share: 0.2 } }];
    if (heapBytes + indexBytes < LARGE_BYTES) return [];
    return [
      {
        ...shared,
        name: `table ${name}, bytes per row`,
        points: of((table) => size(table) / Math.max(1, table.live)),
        allowed: { constant: 0, share: 0.2 },
      },
    ];
  });
}
