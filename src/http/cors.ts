// Cross-origin requests of browsers (CORS_ORIGINS). The shop reads tokens from a header and no cookies, so answers allow no credentials.

import type { CorsOrigins } from "../cors-origins.ts";

const ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id, Accept-Language";
const EXPOSED_HEADERS = "Idempotent-Replayed, Retry-After, X-Request-Id, ETag";
const DAY_SECONDS = "86400";

export class Cors {
  readonly #origins: ReadonlySet<string> | "*";

  /** @param origins the origins whose pages may read answers, or `*` for all */
  constructor(origins: CorsOrigins) {
    this.#origins = origins === "*" ? "*" : new Set(origins);
  }

  /** Adds the headers that let a page of this origin read the answer, if it may. */
  addTo(head: string[], origin: string | undefined): void {
    if (!this.#allows(origin)) return;
    head.push("access-control-allow-origin", this.#origins === "*" ? "*" : (origin as string), "access-control-expose-headers", EXPOSED_HEADERS);
  }

  /** The further headers that answer a preflight; undefined if the request is none, or comes from another origin. */
  preflight(headers: { origin?: string | undefined; [name: string]: unknown }, methods: string): readonly string[] | undefined {
    if (headers["access-control-request-method"] === undefined || !this.#allows(headers.origin)) return undefined;
    return ["access-control-allow-methods", methods, "access-control-allow-headers", ALLOWED_HEADERS, "access-control-max-age", DAY_SECONDS];
  }

  #allows(origin: string | undefined): boolean {
    return origin !== undefined && (this.#origins === "*" || this.#origins.has(origin));
  }
}
