// Where the OpenAPI document is found, and Scalar to read it with.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import Fastify, { type FastifyInstance } from "fastify";
import { invalid } from "../../refusal.ts";
import { readExamples } from "./examples.ts";
import { openApi } from "./openapi.ts";
import type { Operation } from "../route.ts";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string };

/** Nothing that Scalar would fetch elsewhere, ask for or send home. */
const CONFIGURATION = {
  url: "/openapi.json",
  pageTitle: "Jangnal API",
  authentication: { preferredSecurityScheme: "bearer" },
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
};

/** Serves the document of these operations. */
export async function openapiRoutes(server: FastifyInstance, operations: readonly Operation[]): Promise<void> {
  let document: string | undefined;
  server.get("/openapi.json", { config: { audience: "anyone" } }, (_request, reply) =>
    reply.type("application/json; charset=utf-8").send((document ??= JSON.stringify(openApi(operations, version, readExamples())))),
  );

  await server.register(async (docs) => {
    docs.addHook("onRequest", (request, _reply, done) => {
      // Scalar builds a URL of it.
      if (!URL.canParse(`http://${request.hostname}`)) invalid("/headers/host", "must be a host name");
      done();
    });
    docs.addHook("onSend", (_request, reply, payload, done) => {
      if (reply.statusCode < 400) reply.header("content-security-policy", policyFor(payload));
      done();
    });
    let page: Promise<FastifyInstance> | undefined;
    for (const url of PAGES) {
      docs.get(url, async (request, reply) => {
        page ??= openScalar();
        const { statusCode, headers, payload } = await (await page).inject({ url: request.url, headers: { host: request.headers.host ?? "" } });
        if (headers.location !== undefined) reply.header("location", headers.location);
        if (headers["content-type"] !== undefined) reply.type(headers["content-type"]);
        return reply.code(statusCode).send(payload);
      });
    }
  });
}

/** Everything that Scalar serves. */
const PAGES = ["/docs", "/docs/", "/docs/js/scalar.js"];

/** Scalar takes 20 MB, so it is not there before somebody wants to read. It is a plugin, and the server that is open takes none any more: it has one of its own, which listens nowhere. */
async function openScalar(): Promise<FastifyInstance> {
  const { default: scalar } = await import("@scalar/fastify-api-reference");
  const server = Fastify({ logger: false });
  await server.register(scalar, { routePrefix: "/docs", configuration: CONFIGURATION as never });
  await server.ready();
  return server;
}

/** The page may run what comes from here and the one script that stands in it, and reach nothing else. Styles are Vue's, written as it goes. */
function policyFor(page: unknown): string {
  const script = typeof page === "string" ? /<script type="text\/javascript">([^]*?)<\/script>/.exec(page)?.[1] : undefined;
  const hash = script === undefined ? "" : ` 'sha256-${createHash("sha256").update(script).digest("base64")}'`;
  return `default-src 'none'; script-src 'self'${hash}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
