// A stand-in for an OpenTelemetry collector: OTLP over HTTP in JSON, on loopback.

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "./shop.ts";

type Attribute = { key: string; value: Record<string, unknown> };

export type CollectedSpan = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  links: { traceId: string; spanId: string }[];
  attributes: Record<string, unknown>;
};

export type CollectedMetric = { name: string; unit: string; points: { attributes: Record<string, unknown>; value: unknown; count: unknown }[] };

export class Collector {
  readonly spans: CollectedSpan[] = [];
  /** The latest data of each metric. */
  readonly metrics = new Map<string, CollectedMetric>();
  readonly resources: Record<string, unknown>[] = [];
  /** Everything that came, as text. */
  text = "";
  readonly #server = createServer((request, response) => {
    void this.#take(request).then(() => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
  });

  static async open(): Promise<Collector> {
    const collector = new Collector();
    collector.#server.listen(0, "127.0.0.1");
    await once(collector.#server, "listening");
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    this.text += text;
    const body = JSON.parse(text);
    for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
      this.resources.push(valuesOf(resource.attributes));
      for (const { spans } of scopeSpans)
        for (const span of spans) this.spans.push({ ...span, links: span.links ?? [], attributes: valuesOf(span.attributes) });
    }
    for (const { scopeMetrics } of body.resourceMetrics ?? [])
      for (const { metrics } of scopeMetrics)
        for (const { name, unit, sum, gauge, histogram } of metrics) {
          const { dataPoints } = sum ?? gauge ?? histogram;
          const points = dataPoints.map((point: Json) => ({
            attributes: valuesOf(point.attributes),
            value: point.asInt ?? point.asDouble,
            count: point.count,
          }));
          this.metrics.set(name, { name, unit, points });
        }
  }
}

function valuesOf(attributes: Attribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
