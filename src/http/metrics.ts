// Prometheus metrics of the process, the till and HTTP. Values that other parts keep are read at each scrape. Requests are counted here in plain
// numbers, because prom-client hashes the labels at each count; a scrape reads them.

import { collectDefaultMetrics, type Metric, Registry } from "prom-client";
import { readCounter, readGauge } from "../read-metrics.ts";
import type { Till } from "../till/till.ts";

/** Gauges of prom-client with names of counters. The sums of `nodejs_active_handles` and its siblings give the same values. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/**
 * @param isReachable whether the till can be reached
 * @param servesHttp whether this process counts as an instance; the till of workers does not
 */
export function shopMetrics(till: Till, isReachable: () => boolean, servesHttp: boolean): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  readGauge(registry, "jangnal_instances", "Instances in this scrape", () => Number(servesHttp));
  readGauge(registry, "jangnal_till_up", "1 while the till can be reached", () => Number(isReachable()), "min");
  readGauge(registry, "jangnal_till_waiting", "Commands waiting in the till's queue", () => till.waiting);
  readCounter(registry, "jangnal_till_rounds_total", "Rounds committed", () => till.served.rounds);
  readCounter(registry, "jangnal_till_commands_total", "Commands decided", () => till.served.commands);
  readGauge(registry, "jangnal_till_largest_round", "Most commands in one round so far", () => till.served.largest, "max");
  readCounter(registry, "jangnal_till_retries_total", "Rounds that were retried", () => till.served.retries);
  return registry;
}

/** An answered request. `route` is the declared path, `refusal` the code of a refusal, `rehearsal` whether a rehearsal's buyer sent it. */
type AnsweredRequest = { method: string; route: string; status: number; tookMs: number; refusal: string | null; rehearsal: boolean };

/** Receives every answer while it is active. */
export type Watcher = { active: boolean; answered(request: AnsweredRequest): void };

/** Refusals of requests whose command was never decided. */
const REJECTIONS: ReadonlySet<string> = new Set(["TOO_MANY_REQUESTS", "BUSY", "UNAVAILABLE"]);
const BUCKETS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

type Sample = { labels: Record<string, string | number>; value: number; metricName?: string };

/** Counts and times the answers of one method of one route. */
export class RouteMeter {
  readonly statuses = new Map<number, number>();
  /** Answers by their duration: those up to each bucket's bound but over the one before, and last those over all bounds. */
  readonly buckets = new Float64Array(BUCKETS_MS.length + 1);
  sumMs = 0;
  readonly method: string;
  readonly route: string;
  readonly #metrics: HttpMetrics;

  constructor(metrics: HttpMetrics, method: string, route: string) {
    this.#metrics = metrics;
    this.method = method;
    this.route = route;
  }

  /** Counts one answer, and passes it to the watcher while that is active. */
  answered(status: number, tookMs: number, refusal: string | null, rehearsal: boolean): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.sumMs += tookMs;
    let bucket = 0;
    while (bucket < BUCKETS_MS.length && tookMs > (BUCKETS_MS[bucket] as number)) bucket++;
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
    if (refusal !== null) this.#metrics.refused(refusal);
    const { watcher } = this.#metrics;
    if (watcher?.active) watcher.answered({ method: this.method, route: this.route, status, tookMs, refusal, rehearsal });
  }
}

export class HttpMetrics {
  readonly watcher: Watcher | undefined;
  readonly #meters = new Map<string, RouteMeter>();
  readonly #rejections = new Map<string, number>();

  /** The `jangnal_http_…` names are deprecated. They stay for one release beside the standard ones. */
  constructor(registry: Registry, watcher?: Watcher) {
    this.watcher = watcher;
    const requests = "HTTP requests by method, route and status";
    const durations = "Time from a request's arrival until its response is written to the connection";
    const rejections = "HTTP requests rejected before their command was decided, by refusal code";
    addMetric(registry, "http_requests_total", requests, "counter", () => this.#requests());
    addMetric(registry, "jangnal_http_answers_total", `${requests} (deprecated: http_requests_total)`, "counter", () => this.#requests());
    for (const [name, help] of [
      ["http_request_duration_seconds", durations],
      ["jangnal_http_answer_seconds", `${durations} (deprecated: http_request_duration_seconds)`],
    ] as const)
      addMetric(registry, name, help, "histogram", () => this.#durations(name));
    addMetric(registry, "http_requests_rejected_total", rejections, "counter", () =>
      [...this.#rejections].map(([code, value]) => ({ labels: { code }, value })),
    );
  }

  meterOf(method: string, route: string): RouteMeter {
    const key = `${method} ${route}`;
    const meter = this.#meters.get(key) ?? new RouteMeter(this, method, route);
    this.#meters.set(key, meter);
    return meter;
  }

  refused(code: string): void {
    if (REJECTIONS.has(code)) this.#rejections.set(code, (this.#rejections.get(code) ?? 0) + 1);
  }

  #requests(): Sample[] {
    return [...this.#meters.values()].flatMap(({ method, route, statuses }) =>
      [...statuses].map(([status, value]) => ({ labels: { method, route, status }, value })),
    );
  }

  /** The methods of a route share its durations. */
  #durations(name: string): Sample[] {
    const routes = Map.groupBy(
      [...this.#meters.values()].filter(({ statuses }) => statuses.size > 0),
      ({ route }) => route,
    );
    return [...routes].flatMap(([route, meters]) => {
      let count = 0;
      const buckets = [...BUCKETS_MS.map((ms) => ms / 1000), "+Inf"].map((le, i) => {
        for (const meter of meters) count += meter.buckets[i] as number;
        return { metricName: `${name}_bucket`, labels: { le, route }, value: count };
      });
      const sum = meters.reduce((ms, meter) => ms + meter.sumMs, 0) / 1000;
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels: { route }, value: sum },
        { metricName: `${name}_count`, labels: { route }, value: count },
      ];
    });
  }
}

/** A metric in prom-client's registry whose samples are computed at each scrape. `serve --workers` adds those of all processes. */
function addMetric(registry: Registry, name: string, help: string, type: "counter" | "histogram", samples: () => Sample[]): void {
  const get = async () => ({ name, help, type, aggregator: "sum", values: samples() });
  registry.registerMetric({ name, get } as unknown as Metric);
}
