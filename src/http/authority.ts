// Who may call a route, and what its path names.

import type { FastifyRequest, preHandlerHookHandler } from "fastify";
import type { TSchema } from "typebox";
import { Refusal } from "../refusal.ts";
import { onBehalf } from "./on-behalf.ts";
import { hasPermission, type Permission } from "./permissions.ts";
import type { RouteDefinition } from "./route-definition.ts";
import { ME } from "./schemas.ts";

/** The refusal of a caller without authority, if it has none. */
export function authorize(
  { audience, permission }: RouteDefinition<TSchema, TSchema, TSchema>,
  request: FastifyRequest,
  writes: boolean,
): Refusal | undefined {
  if (audience === "anyone") return undefined;
  const { caller } = request;
  if (caller === null) throw new Error("a route for authenticated callers was reached without a caller");
  if (caller.role === "operator")
    return hasPermission(caller, permission as Permission, writes) ? undefined : new Refusal("FORBIDDEN", { permission });
  const isForbidden = audience === "operator" || (audience === "owner" && (request.params as { userId: string }).userId !== caller.id);
  return isForbidden ? new Refusal("FORBIDDEN") : undefined;
}

/** `/users/me/…` is the caller's own path. */
export const resolveMe: preHandlerHookHandler = (request, _reply, done) => {
  const params = request.params as { userId: string };
  if (params.userId === ME && request.caller !== null) params.userId = onBehalf(request.caller, undefined);
  done();
};

/** The names of the parameters that are ids. Keys of other systems are never changed. */
export function idNames(params: TSchema | undefined): string[] {
  const { properties = {} } = (params ?? {}) as { properties?: Record<string, { format?: string }> };
  return Object.keys(properties).filter((name) => properties[name]?.format === "uuid");
}

/** PostgreSQL writes UUIDs in lower case, and ids are compared as strings. */
export function lowerIds(params: Record<string, string>, names: readonly string[]): void {
  for (const name of names) params[name] = (params[name] as string).toLowerCase();
}
