import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refusal } from "../refusal.ts";

/**
 * Gives the refusal for a path without a route: NOT_FOUND, or METHOD_NOT_ALLOWED with the allowed methods.
 * It knows the routes that are declared after this call. Pages do not count: they exist for browsers only.
 */
export function notFoundHandlers(server: FastifyInstance): (request: FastifyRequest) => { refusal: Refusal; allow: string | undefined } {
  const known: { method: string; pattern: RegExp }[] = [];
  server.addHook("onRoute", ({ method: methods, url, config }) => {
    if (config?.page) return;
    const escaped = url.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(`^${escaped.replaceAll(/:\w+/g, "[^/]+").replaceAll("\\*", ".*")}$`);
    for (const method of [methods].flat()) known.push({ method, pattern });
  });
  return (request) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const allowed = new Set(known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    if (allowed.size === 0) return { refusal: new Refusal("NOT_FOUND"), allow: undefined };
    return { refusal: new Refusal("METHOD_NOT_ALLOWED"), allow: [...allowed].sort().join(", ") };
  };
}
