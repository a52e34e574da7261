// The draw of a drop: what its file commits to, and what `verify-draw` compares.

import { type Mutation, mutation } from "../mutation.ts";

const DRAW = "src/drop/draw/draw.ts";
const MERKLE = "src/drop/draw/merkle.ts";
const VERIFY = "src/drop/draw/verify-draw.ts";
const DRAWN = "src/drop/draw/draw.test.ts";
const VERIFIED = "src/drop/draw/verify-draw.test.ts";
const TAMPERED = "a file that was tampered with does not agree";

const LIVE = "src/drop/live/drop-live.ts";
const FOLLOWED = "test/api/drop-live.test.ts";

const REPORTED = "test/api/drop-report.test.ts";
const STEPS = "src/drop/draw/draw-steps.ts";
const OVER_HTTP = "test/api/draws.test.ts";

const PLACES = "a place in the drawn line";

export const DRAWS: Mutation[] = [
  mutation(
    "an entry that stops waiting leaves its place in the drawn line",
    "src/drop/person.sql.ts",
    "    const drawn = changes.flatMap(drawnPlace);",
    "    const drawn = [] as ReturnType<typeof drawnPlace>;",
    [OVER_HTTP, PLACES],
  ),
  mutation(
    "an entry that leaves after a draw is found in the drawn line by its rank",
    "src/drop/end-entry.ts",
    "return { ...entry, rank: found.rank };",
    "return entry;",
    [OVER_HTTP, PLACES],
  ),
  mutation(
    "a line that is over has no drawn places",
    "src/drop/lose-line.ts",
    "DELETE FROM draw_lines WHERE ctid",
    "DELETE FROM draw_lines WHERE false AND ctid",
    [OVER_HTTP, PLACES],
  ),
  mutation(
    "a drawn line is served in the order of its ranks",
    "src/drop/line.sql.ts",
    "ORDER BY l.rank LIMIT k.most",
    "ORDER BY l.rank DESC LIMIT k.most",
    [OVER_HTTP, "the next in the drawn order"],
  ),
  mutation(
    "a place whose entry has left is passed over",
    "src/drop/line.sql.ts",
    "number = l.number AND status = 'WAITING' OFFSET 0) e",
    "number = l.number OFFSET 0) e",
    [OVER_HTTP, "between the close and the draw"],
  ),
  mutation(
    "a draw has the entries of its root",
    "src/drop/draw/run-draws.job.ts",
    "if (draw.entriesRoot !== entriesRoot) throw",
    "if (false) throw",
    [OVER_HTTP, "other entries than at its close"],
  ),
  mutation("a leaf and a node of the tree are hashed differently", MERKLE, "const NODE = 1;", "const NODE = 0;", [
    DRAWN,
    "the root and the paths of the independent",
  ]),
  mutation("a path of another length proves nothing", MERKLE, "return used === path.length ? node : undefined;", "return node;", [
    DRAWN,
    "no other place or leaf does",
  ]),
  mutation("a place beyond the tree is not in it", MERKLE, "if (index < 0 || index >= count) return undefined;", "", [
    DRAWN,
    "no other place or leaf does",
  ]),
  mutation(
    "the quantity is part of an entry's leaf",
    DRAW,
    "${number}\\n${entryId}\\n${variantId}\\n${quantity}`",
    "${number}\\n${entryId}\\n${variantId}`",
    [DRAWN, "have the leaves, ranks and winners"],
  ),
  mutation("the public value changes the order", DRAW, 'Buffer.from(publicValue ?? "", "utf8")', 'Buffer.from("", "utf8")', [
    DRAWN,
    "have the leaves, ranks and winners",
  ]),
  mutation("equal digests are ordered by number", DRAW, "|| a - b;", "|| b - a;", [DRAWN, "equal digests are ordered by number"]),
  mutation("an entry that does not fit takes nothing", DRAW, "if (entry.quantity > units) continue;", "", [
    DRAWN,
    "have the leaves, ranks and winners",
  ]),
  mutation("each rank of a file is compared", VERIFY, "check(wrong === -1,", "check(true,", [VERIFIED, TAMPERED]),
  mutation("the commitment of a file is compared with its seed", VERIFY, "check(made === commitment,", "check(true,", [VERIFIED, TAMPERED]),
  mutation("the root of a file is compared with its entries", VERIFY, "check(root === entriesRoot, `entriesRoot", "check(true, `entriesRoot", [
    VERIFIED,
    TAMPERED,
  ]),
  mutation("the entries of a file are counted", VERIFY, "check(count === entryCount,", "check(true,", [VERIFIED, TAMPERED]),
  mutation("the numbers of a file ascend", VERIFY, "check(unordered === undefined,", "check(true,", [VERIFIED, TAMPERED]),
  mutation("a draw without its announced public value does not agree", VERIFY, "check(publicValue !== null,", "check(true,", [VERIFIED, TAMPERED]),
  mutation("a public value that was not announced does not agree", VERIFY, "else check(publicValue === null,", "else check(true,", [
    VERIFIED,
    TAMPERED,
  ]),
  mutation("ranks before the seed is published do not agree", VERIFY, "check(!entries.ranked && drawnAt === null,", "check(true,", [
    VERIFIED,
    TAMPERED,
  ]),
  mutation("listeners get at most one ordinary event a second", LIVE, "const due = clock >= watched.dueAt && (", "const due = (", [
    FOLLOWED,
    "between two events that differ only in numbers",
  ]),
  mutation("a shutdown ends the streams of drops", "src/app/open-http.ts", "    shop.dropLive.stop();\n", "", [
    FOLLOWED,
    "a shutdown ends all streams",
  ]),
  mutation(
    "a public value is taken once the root is fixed, not before",
    STEPS,
    "if (taken || draw.entriesRoot === null || drop",
    "if (taken || drop",
    [OVER_HTTP, "is taken once, after the root is fixed"],
  ),
  mutation("a public value is taken once", STEPS, " || draw.publicValue !== null", "", [OVER_HTTP, "is taken once, after the root is fixed"]),
  mutation(
    "the draw waits for its public value",
    "src/drop/draw/run-draws.job.ts",
    "if (!draw?.entriesRoot || !isKnown(draw))",
    "if (!draw?.entriesRoot)",
    [OVER_HTTP, "is taken once, after the root is fixed"],
  ),
  mutation(
    "an entry that leaves after the close stays in the draw",
    "src/drop/draw/draw.sql.ts",
    " OR status = 'LEFT' AND ended_at >= $3::timestamptz)",
    " AND $3::timestamptz IS NOT NULL)",
    [OVER_HTTP, "has who waited at the close"],
  ),
  mutation("the seed stays secret until the draw", "src/drop/draw/draw.routes.ts", "seed: drawnAt === null ? null : seed", "seed", [
    OVER_HTTP,
    "is taken once, after the root is fixed",
  ]),
  mutation("without a waitlist nothing passes on after the draw", "src/drop/drop.ts", "? isDrawn(drop) && drop.waitlist :", "? isDrawn(drop) :", [
    OVER_HTTP,
    "without a waitlist the rest has lost",
  ]),
  mutation("a repeated request is not another refusal", "src/drop/refusal-counts.ts", " || replayed", "", [
    REPORTED,
    "a report counts entries by status",
  ]),
  mutation("a drop's closing is told once", "src/drop/steer-drop.ts", "if (drop.closingTold !== true) announceDrop", "announceDrop", [
    REPORTED,
    "a drop tells once that it opens",
  ]),
];
