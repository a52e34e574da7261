// A span and a duration for each request (semantic conventions: http.server.*). The path is left out, because it has ids of users and orders.

import { type Context, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { OnAnswered } from "../http/request-log.ts";
import type { Telemetry } from "./telemetry.ts";

type Traced = { span: Span; place: Context };

export class HttpSpans {
  readonly #telemetry: Telemetry;
  readonly #durations;
  readonly #traced = new WeakMap<FastifyReply, Traced>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#durations = telemetry.durations("http.server.request.duration", "Duration of HTTP server requests");
  }

  /** Begins a span with each request that has a route. Call it before routes are declared. */
  follow(server: FastifyInstance): void {
    server.addHook("onRequest", (request, reply, done) => {
      if (request.is404) return done();
      const parent = this.#telemetry.placeOf(request.raw.headers);
      const { method } = request;
      const route = request.routeOptions.url ?? "unknown";
      const attributes = { "http.request.method": method, "http.route": route, "url.scheme": "http" };
      const traced = this.#telemetry.start(`${method} ${route}`, { kind: SpanKind.SERVER, attributes, parent });
      this.#traced.set(reply, traced);
      this.#telemetry.within(traced.place, done);
    });
    // The body arrived by events of the connection, which know nothing of the request's trace.
    server.addHook("preHandler", (_request, reply, done) => {
      const traced = this.#traced.get(reply);
      if (traced === undefined) done();
      else this.#telemetry.within(traced.place, done);
    });
  }

  /** The trace's id of an answer. */
  readonly traceOf = (reply: FastifyReply): string | undefined => this.#traced.get(reply)?.span.spanContext().traceId;

  readonly onAnswered: OnAnswered = ({ method, route, status, tookMs, refusal }, reply) => {
    const errorType = status < 500 ? {} : { "error.type": refusal ?? String(status) };
    const attributes = {
      "http.request.method": method,
      "http.route": route,
      "http.response.status_code": status,
      "url.scheme": "http",
      ...errorType,
    };
    const traced = reply && this.#traced.get(reply);
    this.#durations.record(tookMs / 1000, attributes, traced?.place);
    if (traced === undefined) return;
    traced.span.setAttribute("http.response.status_code", status);
    if (refusal !== null) traced.span.setAttribute("jangnal.refusal", refusal);
    if (status >= 500) traced.span.setAttributes(errorType).setStatus({ code: SpanStatusCode.ERROR });
    traced.span.end();
  };
}
