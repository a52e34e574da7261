// Writes whole answers: status, headers and body in one call, past the framework's reply, which costs each answer a header object, a
// parsed media type and a chain of hooks. Streams and web pages still go through the framework (`completeReply`).

import type { FastifyReply, FastifyRequest } from "fastify";
import type { Cors } from "./cors.ts";
import type { HttpMetrics } from "./metrics.ts";
import { withRequestId } from "./request-id.ts";
import type { OnAnswered } from "./request-log.ts";
import type { RoutePlan } from "./route-plan.ts";
import type { Utf8 } from "./utf8.ts";

export const JSON_TYPE = "application/json; charset=utf-8";
const NO_HEADERS: readonly string[] = [];
const NO_STORE: readonly string[] = ["cache-control", "no-store"];
const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

export type AnswerOptions = { cors: Cors | undefined; metrics: HttpMetrics; onAnswered: OnAnswered | undefined };

export class Answers {
  readonly #cors: Cors | undefined;
  readonly #metrics: HttpMetrics;
  readonly #onAnswered: OnAnswered | undefined;
  /** Set when the server closes: the connection ends with each answer. */
  closing = false;

  constructor({ cors, metrics, onAnswered }: AnswerOptions) {
    this.#cors = cors;
    this.#metrics = metrics;
    this.#onAnswered = onAnswered;
  }

  /**
   * Sends an answer. Does nothing if one was sent already.
   * @param body null: none @param type the body's media type @param headers names and values in turns
   * @param refusal the code of a refusal, whose document gets the request's id
   */
  send(
    reply: FastifyReply,
    status: number,
    body: string | Utf8 | null,
    type: string = JSON_TYPE,
    headers: readonly string[] = NO_HEADERS,
    refusal: string | null = null,
  ): void {
    const { raw, request } = reply;
    // The framework makes replies to malformed paths without the shop's properties.
    const plan = reply.plan ?? null;
    if (raw.headersSent) return;
    // A response is data: a browser must not guess its type, run it, or show it inside another page.
    const head = ["x-content-type-options", "nosniff", "content-security-policy", CONTENT_SECURITY_POLICY, "x-request-id", request.id];
    this.#addCaching(head, headers, request, plan);
    if (this.closing) head.push("connection", "close");
    this.#cors?.addTo(head, request.raw.headers.origin);
    if (body === null) {
      if (status !== 204 && status !== 304) head.push("content-length", "0");
      raw.writeHead(status, head).end();
    } else if (typeof body === "string") writeText(reply, status, head, type, refusal === null ? body : withRequestId(body, request.id));
    else {
      head.push("content-type", type, "content-length", String(body.bytes.length));
      raw.writeHead(status, head).end(body.bytes, "latin1");
    }
    this.#measure(reply, status, refusal);
  }

  /** Completes an answer that the framework sends: its headers before, its measurement after it was sent. */
  completeReply(reply: FastifyReply): void {
    const { request } = reply;
    reply.header("x-content-type-options", "nosniff").header("x-request-id", request.id);
    if (!reply.hasHeader("content-security-policy")) reply.header("content-security-policy", CONTENT_SECURITY_POLICY);
    if (isPersonal(request, reply.plan)) reply.header("cache-control", "no-store");
    if (this.closing) reply.header("connection", "close");
    const more: string[] = [];
    this.#cors?.addTo(more, request.raw.headers.origin);
    const vary = [reply.getHeader("vary"), this.#cors === undefined ? undefined : "Origin"].filter(Boolean).join(", ");
    for (let i = 0; i < more.length; i += 2) reply.header(more[i] as string, more[i + 1]);
    if (vary !== "") reply.header("vary", vary);
  }

  /** Counts an answer of the framework, unless it was a refusal, which `send` counted. */
  measureReply(reply: FastifyReply): void {
    if (!reply.isMeasured) this.#measure(reply, reply.statusCode, null);
  }

  #addCaching(head: string[], headers: readonly string[], request: FastifyRequest, plan: RoutePlan | null): void {
    let vary = plan?.vary ?? "";
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === "vary") vary = headers[i + 1] as string;
      else head.push(headers[i] as string, headers[i + 1] as string);
    }
    if (this.#cors !== undefined) vary = vary === "" ? "Origin" : `${vary}, Origin`;
    if (vary !== "") head.push("vary", vary);
    if (headers !== NO_HEADERS && headers.includes("cache-control")) return;
    if (isPersonal(request, plan)) head.push(...NO_STORE);
  }

  #measure(reply: FastifyReply, status: number, refusal: string | null): void {
    reply.isMeasured = true;
    const { request, plan } = reply;
    const meter = plan?.meter ?? this.#metrics.meterOf(request.raw.method ?? "", "unknown");
    const now = performance.now();
    const tookMs = now - (reply.startedAt ?? now);
    meter.answered(status, tookMs, refusal, request.caller?.rehearsal === true);
    this.#onAnswered?.({ requestId: request.id, method: meter.method, route: meter.route, status, tookMs, refusal }, reply);
  }
}

/** An answer under a user's authority must not stay in any cache. */
function isPersonal(request: FastifyRequest, plan: RoutePlan | null): boolean {
  return plan !== null && (plan.audience !== "anyone" || (plan.optionalToken && request.caller !== null));
}

/** Text of ASCII only is written without being encoded. */
function writeText({ raw }: FastifyReply, status: number, head: string[], type: string, text: string): void {
  const length = Buffer.byteLength(text);
  head.push("content-type", type, "content-length", String(length));
  raw.writeHead(status, head).end(text, length === text.length ? "latin1" : "utf8");
}
