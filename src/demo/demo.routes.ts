// Signs in demo users without a command line. Works only while DEMO is on, and only for the users that the demo created.

import Type from "typebox";
import { mintToken } from "../http/tokens.ts";
import type { Routes } from "../http/route.ts";
import { Body, Id, Instant } from "../http/schemas.ts";
import { isDemo } from "../http/shop.routes.ts";
import { refuse } from "../refusal.ts";
import type { Config } from "../config.ts";
import type { Database } from "../database/pool.ts";
import { USERS } from "./catalogue.ts";

const TOKEN_HOURS = 12;

export type DemoRoutesOptions = {
  config: Pick<Config, "auth" | "demo">;
  database: Database;
  /** Signs the shop's own tokens. */
  secret: string;
};

export function demoRoutes(routes: Routes, { config, database, secret }: DemoRoutesOptions): void {
  async function demoUsers(): Promise<{ id: string; name: string }[]> {
    if (!isDemo(config)) refuse("NOT_FOUND");
    return database.rows({
      name: "select demo users",
      text: "SELECT id, name FROM users WHERE external_id = ANY($1::text[]) ORDER BY array_position($1::text[], external_id)",
      values: [USERS.map(({ externalId }) => externalId)],
    });
  }

  routes.read(
    {
      method: "GET",
      path: "/demo/users",
      operationId: "listDemoUsers",
      audience: "anyone",
      tag: "Demo",
      summary: "The demo's users",
      description: "404 `NOT_FOUND` unless DEMO is on.",
      answers: { 200: Type.Object({ users: Type.Array(Type.Object({ id: Id(), name: Type.String() })) }) },
      refusals: ["NOT_FOUND"],
    },
    async () => ({ users: await demoUsers() }),
  );

  routes.read(
    {
      method: "POST",
      path: "/demo/sign-in",
      operationId: "signInAsDemoUser",
      audience: "anyone",
      tag: "Demo",
      summary: "Mint a shopper's token for a demo user",
      description: "404 `NOT_FOUND` unless DEMO is on; 404 `USER_NOT_FOUND` for every other user, never an operator's token.",
      body: Body({ userId: Id() }),
      answers: { 200: Type.Object({ token: Type.String(), userId: Id(), name: Type.String(), expiresAt: Instant() }) },
      refusals: ["NOT_FOUND", "USER_NOT_FOUND"],
    },
    async ({ body }) => {
      const userId = body.userId.toLowerCase();
      const user = (await demoUsers()).find(({ id }) => id === userId) ?? refuse("USER_NOT_FOUND", { userId });
      const expiresAt = new Date(Date.now() + TOKEN_HOURS * 3_600_000).toISOString();
      return { token: mintToken(secret, { id: userId, role: "shopper" }, TOKEN_HOURS, config.auth), userId, name: user.name, expiresAt };
    },
  );
}
