import { Counter, Gauge, type Registry } from "prom-client";
import { readLabeledGauge } from "../read-metrics.ts";
import type { Relay } from "../outbox/relay.ts";
import type { MoneyInDoubt, SinkBacklog } from "./backlog.sql.ts";
import type { BacklogReader } from "./backlog.ts";

/**
 * Metrics of events and of money in doubt. Gauges come from the database and are equal on all
 * instances; counters are this process's.
 */
export function backlogMetrics(registry: Registry, reader: Pick<BacklogReader, "read">, relay: Pick<Relay, "counts">): void {
  const sinks = async (): Promise<SinkBacklog[] | undefined> => (await reader.read())?.sinks;
  const bySink = (name: string, help: string, value: (sink: SinkBacklog) => number): void =>
    readLabeledGauge<SinkBacklog>(registry, { name, help, label: "sink" }, sinks, (backlog) => [backlog.sink, value(backlog)]);
  bySink("jangnal_events_waiting", "Events that the sink does not have yet, up to 10,000", ({ waiting }) => waiting);
  bySink(
    "jangnal_events_oldest_waiting_age_seconds",
    "Age of the oldest event that the sink does not have yet",
    ({ oldestSeconds }) => oldestSeconds ?? 0,
  );
  bySink("jangnal_events_blocked", "Events that the sink refused, and those that wait behind them", ({ blocked }) => blocked);
  bySink("jangnal_events_dead", "Events that the sink refused until the last attempt; an operator replays them", ({ dead }) => dead);
  readLabeledGauge<SinkBacklog>(
    registry,
    { name: "jangnal_sink_up", help: "1 while the sink can be delivered to", label: "sink", aggregator: "min" },
    sinks,
    ({ sink, failures }) => [sink, Number(failures === 0)],
  );

  const money = async (): Promise<MoneyInDoubt[] | undefined> => (await reader.read())?.money;
  readLabeledGauge<MoneyInDoubt>(
    registry,
    { name: "jangnal_money_in_doubt", help: "Payments, charges, refunds and unmatched captures whose outcome is open, up to 10,000", label: "kind" },
    money,
    ({ kind, count }) => [kind, count],
  );
  readLabeledGauge<MoneyInDoubt>(
    registry,
    {
      name: "jangnal_money_in_doubt_oldest_age_seconds",
      help: "Age of the oldest payment, charge, refund or unmatched capture whose outcome is open",
      label: "kind",
    },
    money,
    ({ kind, oldestSeconds }) => [kind, oldestSeconds ?? 0],
  );

  new Gauge({
    name: "jangnal_payments_attention",
    help: "Payments, charges, refunds, captures and cancels in doubt that need a person, up to 10,000",
    registers: [registry],
    aggregator: "max",
    async collect() {
      const backlog = await reader.read();
      if (backlog) this.set(backlog.attention);
      else this.reset();
    },
  });

  for (const [count, name, help] of [
    ["delivered", "jangnal_events_delivered_total", "Events delivered to the sink"],
    ["refused", "jangnal_events_refused_total", "Attempts that the sink refused because of the event"],
    ["failures", "jangnal_sink_failures_total", "Passes that failed because the sink was unavailable"],
  ] as const)
    new Counter({
      name,
      help,
      labelNames: ["sink"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { sink, counts } of relay.counts) this.inc({ sink }, counts[count]);
      },
    });
}
