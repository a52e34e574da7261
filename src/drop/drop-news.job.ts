// Events of drops that no request causes: a drop opens, closes by its time, or has nothing free any more.

import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { type Command, command } from "../till/command.ts";
import type { Till } from "../till/till.ts";
import { announceDrop } from "./announce-drop.ts";
import { isOver } from "./drop.ts";
import { drops, selectDropNews } from "./drop.sql.ts";
import { dropNeeds, type FindStock, isSoldOut, type OfDrop } from "./steer-drop.ts";

/** Writes the events of a drop whose time has come, each once. */
export function tellDropNews(findStock: FindStock): Command<OfDrop, null> {
  return command<OfDrop, null>({
    name: "tell drop news",
    prepare: async (input) => ({ ...input, ...(await findStock(input.dropId)) }),
    needs: dropNeeds,

    decide(uow, { dropId, stock = [] }) {
      const drop = uow.find(drops, dropId);
      if (!drop || drop.closedAt !== null || uow.now < drop.opensAt) return null;
      const isClosed = isOver(drop, uow.now);
      const soldOutAt = isClosed ? drop.soldOutAt : isSoldOut(uow, stock) ? (drop.soldOutAt ?? uow.now) : null;
      if (drop.openingTold !== true) announceDrop(uow, drop, "drop.opened", { opensAt: drop.opensAt });
      if (soldOutAt !== null && drop.soldOutAt === null) announceDrop(uow, drop, "drop.sold-out", { soldOutAt });
      if (isClosed && drop.closingTold !== true) announceDrop(uow, drop, "drop.closed", { closedAt: drop.closesAt ?? uow.now });
      uow.put(drops, dropId, { ...drop, openingTold: true, closingTold: isClosed, soldOutAt, firstSoldOutAt: drop.firstSoldOutAt ?? soldOutAt });
      return null;
    },
  });
}

/** Writes all events whose time has come. */
export async function tellNews(parts: { database: Database; till: Till; findStock: FindStock; now: Now }): Promise<void> {
  const { database, till, findStock, now } = parts;
  const due = await database.rows<{ id: string }>(selectDropNews(now()));
  for (const { id } of due) await till.finish(tellDropNews(findStock), { dropId: id });
}
