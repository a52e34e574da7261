// OpenTelemetry: traces and metrics, sent to a collector by OTLP over HTTP. Only app.ts imports this folder, and only if
// OTEL_EXPORTER_OTLP_ENDPOINT is set: otherwise nothing of the SDK is loaded.

import {
  type Attributes,
  type Context,
  type Histogram,
  type Link,
  type Meter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes, serviceInstanceIdDetector } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";

export type TelemetryOptions = {
  endpoint: string;
  traceRatio: number;
  version: string;
  /** Called when the collector is lost, and when it is back. */
  onChange: (isUp: boolean, error?: Error) => void;
};

export type SpanOptions = { kind?: SpanKind; attributes?: Attributes; links?: Link[]; parent?: Context };

/** How long closing waits for the collector, for the metrics and for the rest. */
const CLOSE_MS = 1000;
/** Spans that wait for the collector; later ones are dropped. A flash sale makes thousands in a second. */
const MAX_WAITING_SPANS = 16_384;
/** In seconds, as the semantic conventions advise. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export class Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly #traces: TracerProvider;
  readonly #metrics: MeterProvider;
  readonly #contexts = new AsyncLocalStorageContextManager().enable();
  readonly #propagator = new W3CTraceContextPropagator();

  constructor({ endpoint, traceRatio, version, onChange }: TelemetryOptions) {
    const base = endpoint.replace(/\/+$/, "");
    const resource = defaultResource()
      .merge(resourceFromAttributes({ "service.name": "jangnal", "service.version": version }))
      .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] }));
    const watch = watching(onChange);
    const spans = watch(new OTLPTraceExporter({ url: `${base}/v1/traces` }));
    const points = watch(new OTLPMetricExporter({ url: `${base}/v1/metrics` }));
    this.#traces = new TracerProvider({
      resource,
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(traceRatio) }),
      spanProcessors: [new BatchSpanProcessor({ exporter: spans, maxQueueSize: MAX_WAITING_SPANS, scheduledDelayMillis: 1000 })],
    });
    this.#metrics = new MeterProvider({ resource, readers: [new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 15_000 })] });
    this.tracer = this.#traces.getTracer("jangnal", version);
    this.meter = this.#metrics.getMeter("jangnal", version);
  }

  /** A histogram of durations in seconds. */
  durations(name: string, description: string): Histogram {
    return this.meter.createHistogram(name, { description, unit: "s", advice: { explicitBucketBoundaries: DURATION_BUCKETS } });
  }

  /** The place in a trace of the work that runs now. */
  active(): Context {
    return this.#contexts.active();
  }

  /** Runs `work` at a place in a trace. */
  within<T>(place: Context, work: () => T): T {
    return this.#contexts.with(place, work);
  }

  /** The place that a W3C `traceparent` names; the root if there is none. */
  placeOf(headers: Record<string, unknown>): Context {
    return this.#propagator.extract(ROOT_CONTEXT, headers, { get: (from, key) => textOf(from[key]), keys: (from) => Object.keys(from) });
  }

  /** The `traceparent` of the work that runs now. */
  traceparent(): string | undefined {
    const headers: Record<string, string> = {};
    this.#propagator.inject(this.active(), headers, {
      set(to, key, value) {
        to[key] = value;
      },
    });
    return headers["traceparent"];
  }

  start(
    name: string,
    { kind = SpanKind.INTERNAL, attributes = {}, links = [], parent = this.active() }: SpanOptions = {},
  ): { span: Span; place: Context } {
    const span = this.tracer.startSpan(name, { kind, attributes, links }, parent);
    return { span, place: trace.setSpan(parent, span) };
  }

  /** Runs `work` in a span, which ends with it. */
  async run<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const { span, place } = this.start(name, options);
    try {
      return await this.within(place, () => work(span));
    } catch (error) {
      fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** Sends the rest, unless the collector is away. */
  async close(): Promise<void> {
    await inTime([this.#traces.shutdown(), this.#metrics.shutdown()]);
    this.#contexts.disable();
  }

  flushMetrics(): Promise<void> {
    return inTime([this.#metrics.forceFlush()]);
  }
}

/** Marks a span as failed. The message stays in the log: it may name rows. */
export function fail(span: Span, error: unknown): void {
  span.setAttribute("error.type", error instanceof Error ? error.constructor.name : "unknown");
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Resolves when these have settled, or when the collector has had its time. */
async function inTime(sent: Promise<void>[]): Promise<void> {
  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(patience.resolve, CLOSE_MS);
  await Promise.race([Promise.allSettled(sent), patience.promise]);
  clearTimeout(timer);
}

type Exporter = { export(items: never, done: (result: ExportResult) => void): void };

/** Returns a function that makes exporters tell whether the collector takes their data. */
function watching(onChange: TelemetryOptions["onChange"]): <E extends Exporter>(exporter: E) => E {
  let isUp = true;
  return (exporter) => {
    const send = exporter.export.bind(exporter);
    exporter.export = (items, done) =>
      send(items, (result) => {
        const succeeded = result.code === ExportResultCode.SUCCESS;
        if (succeeded !== isUp) onChange(succeeded, result.error);
        isUp = succeeded;
        done(result);
      });
    return exporter;
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
