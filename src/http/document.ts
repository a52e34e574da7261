// Where the OpenAPI document is found, and Scalar to read it with.

import { readFileSync } from "node:fs";
import scalar from "@scalar/fastify-api-reference";
import type { FastifyInstance } from "fastify";
import { readExamples } from "./examples.ts";
import { openApi } from "./openapi.ts";
import type { Operation } from "./route.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

/** Serves the document of these operations. */
export async function documentRoutes(server: FastifyInstance, operations: readonly Operation[]): Promise<void> {
  let document: string | undefined;
  server.get("/openapi.json", (_request, reply) => reply.type("application/json; charset=utf-8").send((document ??= JSON.stringify(openApi(operations, version, readExamples())))));
  await server.register(scalar, { routePrefix: "/docs", configuration: { url: "/openapi.json", withDefaultFonts: false, telemetry: false, hideClientButton: true } as never });
}
