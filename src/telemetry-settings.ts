// The settings of OpenTelemetry. Its SDK reads further variables itself: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_OTLP_HEADERS.

import { ConfigError, type Env, text } from "./env.ts";

export type TelemetrySettings = {
  /** Base address of a collector (OTLP over HTTP, JSON). Undefined: no traces, no metrics, and nothing of the SDK is loaded. */
  otlpEndpoint: string | undefined;
  /** The share of traces that are recorded, from 0 to 1, unless the caller's `traceparent` decides. */
  traceRatio: number;
};

/** Errors: ConfigError. */
export function telemetrySettings(env: Env): TelemetrySettings {
  const otlpEndpoint = text(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (otlpEndpoint !== undefined && !(URL.canParse(otlpEndpoint) && /^https?:$/.test(new URL(otlpEndpoint).protocol)))
    throw new ConfigError("OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// or https:// address, such as http://localhost:4318");
  const traceRatio = Number(text(env, "OTEL_TRACES_SAMPLER_ARG") ?? 1);
  if (!(traceRatio >= 0 && traceRatio <= 1)) throw new ConfigError("OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1");
  return { otlpEndpoint, traceRatio };
}
