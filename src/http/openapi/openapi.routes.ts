// Serves the OpenAPI document, and the API reference (Scalar) that shows it.

import { createHash } from "node:crypto";
import Fastify, { type FastifyInstance } from "fastify";
import { invalid } from "../../refusal.ts";
import { readExamples } from "./examples.ts";
import { openApi } from "./openapi.ts";
import type { Operation } from "../route-definition.ts";
import { VERSION } from "../../version.ts";

/** Turns off every feature of Scalar that would contact another server. */
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

/** Serves the document of these operations, and the API reference. */
export async function openapiRoutes(server: FastifyInstance, operations: readonly Operation[]): Promise<void> {
  let document: string | undefined;
  server.get("/openapi.json", { config: { audience: "anyone" } }, (_request, reply) =>
    reply.type("application/json; charset=utf-8").send((document ??= JSON.stringify(openApi(operations, VERSION, readExamples())))),
  );

  await server.register(async (docs) => {
    docs.addHook("onRequest", (request, _reply, done) => {
      // Scalar builds a URL from the host.
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

/** All paths that Scalar serves. */
const PAGES = ["/docs", "/docs/", "/docs/js/scalar.js"];

/**
 * Scalar takes 20 MB of memory, so it is loaded at the first request. By then the shop's server accepts no plugins any more; Scalar gets a
 * server of its own, which does not listen.
 */
async function openScalar(): Promise<FastifyInstance> {
  const { default: scalar } = await import("@scalar/fastify-api-reference");
  const server = Fastify({ logger: false });
  await server.register(scalar, { routePrefix: "/docs", configuration: CONFIGURATION as never });
  await server.ready();
  return server;
}

/** Content security policy: the shop's own files and the page's one inline script. Vue writes inline styles. */
function policyFor(page: unknown): string {
  const script = typeof page === "string" ? /<script type="text\/javascript">([^]*?)<\/script>/.exec(page)?.[1] : undefined;
  const hash = script === undefined ? "" : ` 'sha256-${createHash("sha256").update(script).digest("base64")}'`;
  return `default-src 'none'; script-src 'self'${hash}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
