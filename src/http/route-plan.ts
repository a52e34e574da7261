import type { Refusal, RefusalCode } from "../refusal.ts";
import type { RouteMeter } from "./metrics.ts";
import type { Audience } from "./route-definition.ts";
import type { Caller } from "./caller.ts";
import type { BodyKind } from "./bodies.ts";
import type { Utf8 } from "./utf8.ts";

/** The parts of a route's declaration that each of its requests needs, found without asking the framework. */
export type RoutePlan = {
  readonly audience: Audience;
  readonly optionalToken: boolean;
  /** The headers of a request on which the answer depends; "" if there are none. */
  readonly vary: string;
  readonly meter: RouteMeter;
};

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
    /** Why the request has no caller. */
    authenticationError?: Error;
    /** Why the body could not be read. */
    bodyError?: Error;
  }
  interface FastifyReply {
    /** When the request arrived, by `performance.now()`. */
    startedAt: number;
    /** Null if no route has the request's path. */
    plan: RoutePlan | null;
    isMeasured?: boolean;
    /** Sends a whole answer (answer.ts): status, body, media type, headers, refusal code. */
    answer(status: number, body: string | Utf8 | null, type?: string, headers?: readonly string[], refusal?: string | null): void;
    /** Sets the headers that every answer has, for an answer that is not sent by `answer`. */
    complete(): void;
    /** Sends a refusal without throwing it, which halves its cost. */
    refuse(refusal: Refusal): void;
    /** Sends the refusal of an error, as if the route's handler had thrown it. */
    fail(error: unknown): void;
  }
  interface FastifyContextConfig {
    audience?: Audience;
    faults?: Record<string, RefusalCode>;
    body?: BodyKind;
    unlimited?: boolean;
    optionalToken?: boolean;
    /** The headers of a request on which the answer depends. */
    vary?: string;
    /** The route answers by `reply.answer` only. */
    isWhole?: boolean;
    /** A web page, or one of its assets. */
    page?: boolean;
  }
}
