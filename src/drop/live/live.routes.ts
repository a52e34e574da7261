import Type from "typebox";
import { mayMeet } from "../../balance/rehearsal-buyers.ts";
import type { Routes } from "../../http/route.ts";
import { Id, Query } from "../../http/schemas.ts";
import { refuse } from "../../refusal.ts";
import { type DropParts, readDrop } from "../read-drop.ts";
import type { DropLive } from "./drop-live.ts";

const HOUR_S = 3600;
const DESCRIPTION =
  "Each event's data is JSON: `status`, `remaining`, `entries`, `called`, `serverTime`. At most one event a second, the same for everyone, " +
  "and one at once when the drop opens, sells out or otherwise changes its status. The stream begins with the current state; without changes it " +
  "repeats it every 15 seconds. An entry's place is `number` (after a draw `rank`) − `called` − 1 at most, so a waiting page asks nothing. " +
  "With very many listeners events come less often, at least every 5 seconds.";

export function dropLiveRoutes(routes: Routes, { database, cache, dropLive }: DropParts & { dropLive: DropLive }): void {
  routes.broadcast(
    {
      method: "GET",
      path: "/drops/{dropId}/live",
      operationId: "watchDrop",
      audience: "anyone",
      optionalToken: true,
      tag: "Drops",
      summary: "What happens to a drop, as server-sent events",
      description: DESCRIPTION,
      params: Type.Object({ dropId: Id() }),
      query: Query({
        seconds: Type.Optional(
          Type.Integer({ minimum: 1, maximum: HOUR_S, description: "The stream ends after this many seconds; by default it does not" }),
        ),
      }),
      mediaType: "text/event-stream",
      answers: { 200: Type.String() },
      refusals: ["DROP_NOT_FOUND", "BUSY"],
    },
    async ({ caller, params, query: { seconds } }) => {
      const dropId = params.dropId.toLowerCase();
      const drop = await readDrop({ database, cache }, dropId);
      if (!drop || !(await mayMeet(database, caller, drop))) refuse("DROP_NOT_FOUND", { dropId });
      return { broadcast: await dropLive.watch(dropId), seconds };
    },
  );
}
