// A line that is over: its waiting entries are lost. Views say so at once; these commands write it, a part of the line at a time.

import { iso } from "../database/statement.ts";
import { command } from "../till/command.ts";
import { type Journal, need } from "../till/table.ts";
import { type Drop, entryStatus } from "./drop.ts";
import { drops } from "./drop.sql.ts";

const PART = 5000;

/** Marks the next waiting entries of a drop as lost. It runs after the rows of the round are written. */
const lostLines: Journal<{ dropId: string; at: number }> = {
  name: "lost lines",
  append: (rows) => ({
    name: "lose lines",
    text: `WITH next AS (SELECT e.drop_id, e.number FROM unnest($1::uuid[]) d(id) CROSS JOIN LATERAL
               (SELECT drop_id, number FROM drop_entries WHERE drop_id = d.id AND status = 'WAITING' LIMIT ${PART}) e),
             lost AS (UPDATE drop_entries e SET status = 'LOST', ended_at = $2::timestamptz FROM next n
                      WHERE e.drop_id = n.drop_id AND e.number = n.number RETURNING e.drop_id, e.person, e.quantity),
             gone AS (DELETE FROM draw_lines WHERE ctid = ANY (ARRAY(SELECT l.ctid FROM unnest($1::uuid[]) d(id) CROSS JOIN LATERAL
                        (SELECT ctid FROM draw_lines WHERE drop_id = d.id LIMIT ${PART}) l)))
           UPDATE drop_people p SET units = p.units - l.quantity FROM lost l WHERE p.drop_id = l.drop_id AND p.person = l.person`,
    values: [`{${[...new Set(rows.map(({ dropId }) => dropId))].join(",")}}`, iso(rows[0]?.at ?? 0)],
  }),
};

/** Marks a part of a line that is over as lost. Does nothing while the line goes on. */
export const loseLine = command<{ dropId: string }, null>({
  name: "lose line",
  needs: ({ dropId }) => [need(drops, dropId)],

  decide(uow, { dropId }) {
    const drop = uow.find(drops, dropId);
    if (drop && lineIsOver(drop, uow.now)) uow.append(lostLines, { dropId, at: uow.now });
    return null;
  },
});

function lineIsOver(drop: Drop, now: number): boolean {
  return entryStatus(drop, { status: "WAITING" }, now) === "LOST";
}
