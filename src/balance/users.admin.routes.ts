import Type from "typebox";
import type { Database } from "../database/pool.ts";
import { iso } from "../database/statement.ts";
import { nextCursor, ownCursor, readCursor } from "../http/cursor.ts";
import { type Metadata, MetadataPatchSchema, MetadataSchema } from "../http/metadata.ts";
import { type Routes, submit } from "../http/route.ts";
import { Body, Either, ForeignKey, Id, NextCursor, Nullable, page, Query, Search, Text } from "../http/schemas.ts";
import { refuse } from "../refusal.ts";
import { selectUserPage, selectUserWithBalance, type UserRecord } from "./balance.sql.ts";
import { createUsers } from "./create-users.ts";
import { editUser } from "./edit-user.ts";
import { User, UserWithBalance } from "./user.schemas.ts";

const newUser = { name: Text(200), externalId: Type.Optional(ForeignKey(255)), metadata: Type.Optional(MetadataSchema()) };
type UserFields = { name: string; externalId?: string; metadata?: Metadata };

/** @param parts `lists` serves lists and may be a replica */
export function userAdminRoutes(routes: Routes, { database, lists }: { database: Database; lists: Database }): void {
  createUsersRoute(routes);
  editUserRoute(routes);
  listUsersRoute(routes, lists);

  routes.read(
    {
      method: "GET",
      path: "/admin/users/{id}",
      operationId: "getUser",
      audience: "operator",
      permission: "customers",
      tag: "Users",
      summary: "One user",
      description: "The user with the balance as committed.",
      params: Type.Object({ id: Id() }),
      answers: { 200: UserWithBalance },
      faults: { "params/id": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
    },
    async ({ params }) => {
      const [user] = await database.rows<UserRecord>(selectUserWithBalance(params.id));
      return user ? withErasure(user) : refuse("USER_NOT_FOUND", { userId: params.id });
    },
  );
}

function withErasure({ erasedAt, ...user }: UserRecord) {
  return { ...user, ...(erasedAt === null ? {} : { erasedAt: iso(erasedAt) }) };
}

function editUserRoute(routes: Routes): void {
  routes.write(
    {
      method: "PATCH",
      path: "/admin/users/{id}",
      operationId: "editUser",
      audience: "operator",
      permission: "customers",
      tag: "Users",
      summary: "Change a user",
      description:
        "Takes any subset. `metadata` is merged by key; null removes a key. `externalId: null` removes it. An erased user is 404 `USER_NOT_FOUND`.",
      params: Type.Object({ id: Id() }),
      body: Body({
        name: Type.Optional(newUser.name),
        externalId: Type.Optional(Nullable(ForeignKey(255))),
        metadata: Type.Optional(MetadataPatchSchema()),
      }),
      answers: { 200: User },
      faults: { "params/id": "INVALID_USER_ID" },
      refusals: ["USER_NOT_FOUND"],
    },
    ({ params, body }) => submit(editUser, { userId: params.id, ...body }),
  );
}

function createUsersRoute(routes: Routes): void {
  routes.write(
    {
      method: "POST",
      path: "/admin/users",
      operationId: "createUsers",
      audience: "operator",
      permission: "customers",
      bulk: true,
      tag: "Users",
      summary: "Create a user, or up to 10,000 in the order sent",
      description:
        "In bulk up to 10,000 users and 8 MiB, whichever comes first. Every `externalId` that is taken, in the shop or in the list, is named.",
      body: Either<UserFields, { users: UserFields[] }>(
        "users",
        Body({ users: Type.Array(Body(newUser), { minItems: 1, maxItems: 10_000 }) }),
        Body(newUser),
      ),
      answers: { 201: Type.Unsafe({ anyOf: [User, Type.Object({ users: Type.Array(User) })] }) },
    },
    ({ body }) => {
      const bulk = "users" in body;
      const users = (bulk ? body.users : [body]).map(({ name, externalId = null, metadata = {} }) => ({ name, externalId, metadata }));
      return submit(createUsers, { users, bulk }, 201);
    },
  );
}

function listUsersRoute(routes: Routes, lists: Database): void {
  routes.read(
    {
      method: "GET",
      path: "/admin/users",
      operationId: "listUsers",
      audience: "operator",
      permission: "customers",
      tag: "Users",
      summary: "Users, newest first",
      description: "Buyers of rehearsals are left out, unless `q` begins with `rehearsal-`, as their external ids do.",
      query: Query({
        ...page,
        q: Search("Searches names and external ids: every word must occur"),
        externalId: Type.Optional(Type.String({ maxLength: 255, description: "The user with this external id, byte for byte" })),
      }),
      answers: { 200: Type.Object({ users: Type.Array(UserWithBalance), nextCursor: NextCursor }) },
      shape: ownCursor("users", ["id"]),
    },
    async ({ query: { limit = 20, q = "", externalId = null, cursor } }) => {
      const [before] = (readCursor("users", cursor, ["id"]) ?? [null]) as [string | null];
      const rows = await lists.rows<UserRecord>(selectUserPage(before, limit + 1, { search: q, externalId }));
      return { users: rows.slice(0, limit).map(withErasure), nextCursor: nextCursor(rows, limit, "users", (row) => [row.id]) };
    },
  );
}
