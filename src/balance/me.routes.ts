import type { Database } from "../database/pool.ts";
import { onBehalf } from "../http/on-behalf.ts";
import type { Routes } from "../http/route.ts";
import { User } from "./user.schemas.ts";
import { refuse } from "../refusal.ts";
import { selectUser } from "./balance.sql.ts";
import type { UserView } from "./create-users.ts";

export function meRoutes(routes: Routes, { database }: { database: Database }): void {
  routes.read(
    {
      method: "GET",
      path: "/users/me",
      operationId: "getMe",
      audience: "shopper",
      permission: "customers",
      tag: "Users",
      summary: "The caller's own user",
      description: "With AUTH_PROVISION the first request of an unknown subject makes the user.",
      answers: { 200: User },
      refusals: ["USER_NOT_FOUND"],
    },
    async ({ caller }) => {
      const userId = onBehalf(caller, undefined);
      const [user] = await database.rows<UserView>(selectUser(userId));
      return user ?? refuse("USER_NOT_FOUND", { userId });
    },
  );
}
