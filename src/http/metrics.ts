// Prometheus metrics of the process, the till and HTTP. Values that other parts keep are read at each scrape; HTTP requests are counted here.

import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
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

/** Refusals of requests whose command was never decided. */
const REJECTIONS: ReadonlySet<string> = new Set(["TOO_MANY_REQUESTS", "BUSY", "UNAVAILABLE"]);

/** Counts and times every response, and passes it to `watcher` while that is active. */
export function measureRequests(
  server: FastifyInstance,
  registry: Registry,
  watcher?: { active: boolean; answered(request: AnsweredRequest): void },
): void {
  const { requests, durations, rejections } = httpMetrics(registry);
  server.addHook("onResponse", (request, reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? "unknown";
    const { statusCode: status, elapsedTime: tookMs, refusal } = reply;
    for (const counter of requests) counter.inc({ method, route, status });
    for (const histogram of durations) histogram.observe({ route }, tookMs / 1000);
    if (refusal !== null && REJECTIONS.has(refusal)) rejections.inc({ code: refusal });
    if (watcher?.active) watcher.answered({ method, route, status, tookMs, refusal, rehearsal: request.caller?.rehearsal === true });
    done();
  });
}

/** The `jangnal_http_…` names are deprecated. They stay for one release beside the standard ones. */
function httpMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ["method", "route", "status"] as const;
  const help = "HTTP requests by method, route and status";
  const duration = {
    help: "Time from a request's arrival to the end of its response",
    labelNames: ["route"] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  };
  return {
    requests: [
      new Counter({ name: "http_requests_total", help, labelNames, registers }),
      new Counter({ name: "jangnal_http_answers_total", help: `${help} (deprecated: http_requests_total)`, labelNames, registers }),
    ],
    durations: [
      new Histogram({ name: "http_request_duration_seconds", ...duration }),
      new Histogram({ name: "jangnal_http_answer_seconds", ...duration, help: `${duration.help} (deprecated: http_request_duration_seconds)` }),
    ],
    rejections: new Counter({
      name: "http_requests_rejected_total",
      help: "HTTP requests rejected before their command was decided, by refusal code",
      labelNames: ["code"] as const,
      registers,
    }),
  };
}
