import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refusal } from "../refusal.ts";

/** What to answer where no route is: nothing is here, or nothing by this method. Knows the routes that are declared after it was called; pages are for browsers, and nothing is there for anybody else. */
export function notFoundHandlers(server: FastifyInstance): (request: FastifyRequest) => { refusal: Refusal; allow: string | undefined } {
  const known: { method: string; pattern: RegExp }[] = [];
  server.addHook("onRoute", ({ method, url, config }) => {
    if (config?.page) return;
    const pattern = new RegExp(
      `^${url
        .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
        .replaceAll(/:\w+/g, "[^/]+")
        .replaceAll("\\*", ".*")}$`,
    );
    for (const one of [method].flat()) known.push({ method: one, pattern });
  });
  return (request) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const allowed = new Set(known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    if (allowed.size === 0) return { refusal: new Refusal("NOT_FOUND"), allow: undefined };
    return { refusal: new Refusal("METHOD_NOT_ALLOWED"), allow: [...allowed].sort().join(", ") };
  };
}
