// The OpenAPI 3.1 document, made of the routes themselves, and Scalar to read it with.

import { readFileSync } from "node:fs";
import swagger from "@fastify/swagger";
import scalar from "@scalar/fastify-api-reference";
import type { FastifyInstance } from "fastify";
import { REFUSALS, type RefusalCode } from "../refusal.ts";
import { problemSchema } from "./schemas.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

/** Must be registered before the routes, so that it sees them. */
export async function documentRoutes(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Jangnal",
        version,
        description: "A headless commerce core for the minute in which everybody comes at once. Money is an integer in the currency's minor unit, instants are RFC 3339 in UTC.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      components: {
        securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
        schemas: { Problem: problemSchema(Object.keys(REFUSALS) as RefusalCode[]) as never },
      },
    },
    hideUntagged: true,
  });
  server.get("/openapi.json", { schema: { hide: true } }, (_request, reply) => reply.type("application/json; charset=utf-8").send(JSON.stringify(server.swagger())));
  await server.register(scalar, { routePrefix: "/docs", configuration: { url: "/openapi.json", withDefaultFonts: false, telemetry: false, hideClientButton: true } as never });
}
