// Metrics whose values are kept elsewhere and read at each scrape. A count that only grows is a counter and its name ends in `_total`;
// any other number is a gauge and its name does not (`promtool check metrics`).

import { Counter, Gauge, type Registry } from "prom-client";

/** How `serve --workers` combines the values of several processes. */
type Aggregator = "sum" | "max" | "min";

export function readGauge(registry: Registry, name: string, help: string, read: () => number, aggregator: Aggregator = "sum"): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    aggregator,
    collect() {
      this.set(read());
    },
  });
}

export function readCounter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

/** A gauge with one value per label value. `read` gives undefined if the values are unknown: then the metric has no sample. */
export function readLabeledGauge<Row>(
  registry: Registry,
  { name, help, label, aggregator = "max" }: { name: string; help: string; label: string; aggregator?: Aggregator },
  read: () => Promise<readonly Row[] | undefined>,
  sampleOf: (row: Row) => [label: string, value: number],
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    aggregator,
    async collect() {
      const rows = await read();
      this.reset();
      for (const row of rows ?? []) {
        const [labelValue, value] = sampleOf(row);
        this.set({ [label]: labelValue }, value);
      }
    },
  });
}
