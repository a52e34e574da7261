// Drops: window, limit, holds, and how units pass on.

import { type Mutation, mutation } from "../mutation.ts";

const ENTRIES = "test/api/drop-entries.test.ts";
const ORDERS = "test/api/drop-orders.test.ts";
const RUSH = "test/api/drop-rush.test.ts";
const AUDIT = "test/database/audit.test.ts";

const DROP = "src/drop/drop.ts";
const ENTER = "src/drop/enter-drop.ts";
const END = "src/drop/end-entry.ts";
const SELL = "src/drop/sell-in-drop.ts";
const SUCCESSION = "src/drop/succession.ts";
const STEER = "src/drop/steer-drop.ts";
const REPORT = "test/api/drop-report.test.ts";
const REHEARSALS = "test/api/drop-rehearsals.test.ts";
const PERSONS = "test/api/drop-persons.test.ts";

const SIMULATED = "test/campaigns/simulation/drops/drops.test.ts";
const MODELLED = "are those of the model";
const DUE = "src/jobs/due-work.ts";
const DUE_TEST = "src/jobs/due-work.test.ts";

export const DROPS: Mutation[] = [
  mutation("a close ends holds that its own round made", "src/drop/line.sql.ts", "LEFT JOIN (drop_entries e", "JOIN (drop_entries e", [
    ENTRIES,
    "a close ends the hold",
  ]),
  mutation(
    "before the opening no edit makes a hold outlast the drop",
    "src/drop/edit-drop.ts",
    " || (!isOpen && after.holdFor !== DEFAULT_HOLD[drop.mode])",
    "",
    [ENTRIES, "each wrong field of an edit is named"],
  ),
  mutation("an entry that came after its leave was prepared is left with its units", END, "      checkFound(entry, found);\n", "", [
    SIMULATED,
    MODELLED,
  ]),
  mutation("the simulated close ends holds", STEER, '    endEntry(uow, closed, holder, holder.entry, "LAPSED");', "", [SIMULATED, MODELLED]),
  mutation("the simulated line is not served twice in a round", SUCCESSION, "  if (passed.size > 0) uow.put(lines, key, { ...line, waiting });", "", [
    SIMULATED,
    MODELLED,
  ]),
  mutation("the simulated pause moves the end of holds", STEER, "pausedMs: drop.pausedMs + (uow.now - drop.pausedAt)", "pausedMs: drop.pausedMs", [
    SIMULATED,
    MODELLED,
  ]),
  mutation("a hold whose end is being written is not ended again", DUE, "if (this.#inFlight.has(key)) return false;", "", [
    DUE_TEST,
    "is begun once",
  ]),
  mutation("a hold ends when its time is over, not before", DUE, "if (untilDue > 0) nextMs", "if (false) nextMs", [DUE_TEST, "before it is due"]),
  mutation("more holds than are read at once end without a pause", DUE, "rows.length === limit && begun > 0 ? 0 : nextMs", "nextMs", [
    DUE_TEST,
    "more due rows than are read at once",
  ]),
  mutation("the limit counts what a person has", ENTER, "already + quantity > limit", "quantity > limit", [
    ORDERS,
    "the limit counts a person's units",
  ]),
  mutation("the limit of an entry is checked", ENTER, "  checkLimit(drop, units, quantity);", "", [ENTRIES, "counts against the limit"]),
  mutation("an entry before the opening is refused", ENTER, "if (now < opensAt) refuse", "if (false) refuse", [
    ENTRIES,
    "refused before the opening",
  ]),
  mutation("a paused drop takes nothing", ENTER, 'if (drop.pausedAt !== null) refuse("DROP_CLOSED", { dropId, reason: "PAUSED" });', "", [
    ENTRIES,
    "during a pause",
  ]),
  mutation("a person enters once", ENTER, 'if (entry && entry.status !== "LAPSED" && entry.status !== "LEFT") refuse', "if (false) refuse", [
    ENTRIES,
    "a person enters once",
  ]),
  mutation("an entry without a place in line is refused", ENTER, "&& !free && !drop.waitlist)", "&& false)", [ENTRIES, "without a waitlist"]),
  mutation("units that become free are handed on", SUCCESSION, "if (drop) passUnits(uow, drop, units.variantId);", "", [
    ENTRIES,
    "given up passes at once",
  ]),
  mutation(
    "only units that suffice are handed on",
    SUCCESSION,
    "if (entry.quantity > free()) waiting.push(person);",
    "if (false) waiting.push(person);",
    [ENTRIES, "given up passes at once"],
  ),
  mutation("a hold takes its units from stock", SUCCESSION, "  takeStock(uow, { productId: drop.productId,", "  void ({ productId: drop.productId,", [
    ENTRIES,
    "the first entries hold",
  ]),
  mutation(
    "nothing passes on during a pause",
    DROP,
    'drop.pausedAt !== null || drop.closedAt !== null || drop.mode === "DIRECT"',
    'drop.closedAt !== null || drop.mode === "DIRECT"',
    [ENTRIES, "during a pause"],
  ),
  mutation("a hold lapses at its end", END, "!hasLapsed(drop, row.entry, uow.now)", "true", [ENTRIES, "a lapsed hold passes on"]),
  mutation("an ended entry counts no longer", END, "units: person.units - entry.quantity", "units: person.units", [ENTRIES, "a person enters once"]),
  mutation("an ordered entry is not left", END, 'if (status === "ORDERED" || status === "BOUGHT") refuse', "if (false) refuse", [
    ORDERS,
    "only the holder orders",
  ]),
  mutation("resuming moves every hold", STEER, "pausedMs: drop.pausedMs + (uow.now - drop.pausedAt) };", "pausedMs: drop.pausedMs };", [
    ENTRIES,
    "during a pause",
  ]),
  mutation(
    "resuming moves the ends of orders",
    STEER,
    "      uow.append(movedOrders, { dropId: drop.id, ms: resumed.pausedMs - drop.pausedMs });\n",
    "",
    [ORDERS, "a pause stops the time of an order"],
  ),
  mutation("ordering needs a hold", SELL, 'person && entry?.status === "HELD" &&', "person && entry &&", [ORDERS, "only the holder orders"]),
  mutation("a hold covers so many units", SELL, "&& wanted.quantity <= entry.quantity;", ";", [ORDERS, "only the holder orders"]),
  mutation("the rest of a hold is free again", SELL, "if (rest > 0) freeUnits", "if (false) freeUnits", [ORDERS, "units of a hold that an order"]),
  mutation("an order that ends no longer counts", SELL, "for (const sale of before) giveBack(uow, sale, sale.units, status);", "", [
    ORDERS,
    "cancelled and fully refunded",
  ]),
  mutation("refunded units count back", SELL, "units: sale.units - units };", "units: sale.units };", [RUSH, "add up at every instant"]),
  mutation("an order ends with the hold that it took over", "src/order/order.ts", "return holdHasEnded ?? ", "return ", [
    ORDERS,
    "a pause stops the time of an order",
  ]),
  mutation("an order gives back what it holds", "src/order/end-unpaid.ts", "  if (order.holdsStock) restoreStock(uow, order);\n", "", [
    ORDERS,
    "STOCK_TAKEN_AT",
  ]),
  mutation("held units are not taken twice", "src/order/reserve-stock.ts", "    if (held.has(item.variantId)) continue;\n", "", [
    ORDERS,
    "only the holder orders",
  ]),
  mutation("added stock goes to the line", "src/catalog/adjust-stock.ts", "if (delta > 0) line.pass(uow, variant.productId, id);", "", [
    ORDERS,
    "stock that an operator adds",
  ]),
  mutation("the audit counts held units", "src/audit/2-stock.ts", "- coalesce(h.sum, 0) OR", "OR", [AUDIT, "a consistent shop"]),
  mutation("the audit finds an entry that waits beside free stock", "src/audit/8-drops.ts", "AND v.stock >= e.quantity", "AND false", [AUDIT, ""]),
  mutation("a refusal for want of stock counts for its drop", "src/drop/refusal-counts.ts", "if (id !== undefined) this.#count(id, code);", "", [
    REPORT,
    "a report counts refused orders and payments",
  ]),
  mutation(
    "a failed look-up of a refusal's drop is handled",
    "src/drop/refusal-counts.ts",
    "known.then(count, () => {});",
    "void known.then(count);",
    ["src/drop/refusal-counts.test.ts", "the failed look-up is handled"],
  ),
  mutation("a drop that is closed at once was sold out", STEER, "if (isNews) announceDrop", "if (false) announceDrop", [
    REPORT,
    "a drop that is closed right after",
  ]),
  mutation("limits count for the person whom a token names", "src/drop/person-of.ts", "(caller.person ?? userId)", "userId", [
    PERSONS,
    "accounts of one person share the limit",
  ]),
  mutation(
    "an old order is paid for the person whom the token names",
    "src/order/payment/payable-order.ts",
    "person: person ?? order.userId",
    "person: order.userId",
    [PERSONS, "unpaid orders of several accounts"],
  ),
  mutation(
    "entries of rehearsals tell no events",
    SUCCESSION,
    "if (entry === null || drop.rehearsalId !== null) return;",
    "if (entry === null) return;",
    [REHEARSALS, "a rehearsed draw is drawn"],
  ),
  mutation(
    "the copy of a drop is closed",
    "src/rehearsal/rehearsals.ts",
    "if (record.dropId !== null) await closeCopy",
    "if (false) await closeCopy",
    [REHEARSALS, "a rehearsed drop with a line"],
  ),
];
