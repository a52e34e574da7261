// What Prometheus is told. Numbers that the parts keep anyway are read when it asks; only the answers are counted as they go.

import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import type { Till } from "../till/till.ts";
import { readCounter, readGauge } from "../read-metrics.ts";

/** Of prom-client's own. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

export function shopMetrics(till: Till): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Gauges with the name of a counter. The same numbers are the sums of `nodejs_active_handles` and its like.
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  readGauge(registry, "jangnal_instances", "Instances whose numbers these are", () => 1);
  readGauge(registry, "jangnal_till_waiting", "Commands that wait for their turn", () => till.waiting);
  readCounter(registry, "jangnal_till_rounds_total", "Rounds served", () => till.served.rounds);
  readCounter(registry, "jangnal_till_commands_total", "Commands served", () => till.served.commands);
  readGauge(registry, "jangnal_till_largest_round", "Most commands in one round so far", () => till.served.largest, "max");
  readCounter(registry, "jangnal_till_retries_total", "Rounds that had to be tried again", () => till.served.retries);
  return registry;
}

/** An answer that has been given. `route` is as it was declared, `refusal` the code if it is one, `rehearsal` whether a rehearsal's buyer asked. */
type Answered = { method: string; route: string; status: number; tookMs: number; refusal: string | null; rehearsal: boolean };

/** Counts and times every answer by route and status, and tells whoever else wants to know. */
export function measureAnswers(server: FastifyInstance, registry: Registry, watcher?: { active: boolean; answered(answer: Answered): void }): void {
  const labelNames = ["method", "route", "status"] as const;
  const answers = new Counter({ name: "jangnal_http_answers_total", help: "Answers by route and status", labelNames, registers: [registry] });
  const seconds = new Histogram({
    name: "jangnal_http_answer_seconds",
    help: "Time to answer",
    labelNames: ["route"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  server.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    answers.inc({ method: request.method, route, status: reply.statusCode });
    seconds.observe({ route }, reply.elapsedTime / 1000);
    if (watcher?.active)
      watcher.answered({
        method: request.method,
        route,
        status: reply.statusCode,
        tookMs: reply.elapsedTime,
        refusal: reply.refusal,
        rehearsal: request.caller?.rehearsal === true,
      });
    done();
  });
}
