// One clock for all instances, and settings that are stored with the data.

import { type Mutation, mutation } from "../mutation.ts";

const CLOCKS = "test/database/clocks.test.ts";
const SETTINGS = "test/database/stored-settings.test.ts";
const STORED = "src/settings/stored-settings.ts";
const CHANGE = "src/app/change-settings.ts";
const SQL = "src/settings/stored-settings.sql.ts";
const POPULAR = "src/popular/popular.sql.ts";
const CHECK_ZONE = "    await checkTimezone(run, timezone);\n";
const STALE: [string, string] = [SETTINGS, "no job counts in the days of a time zone"];

export const TIME_AND_SETTINGS: Mutation[] = [
  mutation("a round's time is the database's", "src/till/postgres-store.ts", "return this.#options.now?.() ?? at;", "return Date.now();", [
    "test/database/till-postgres.test.ts",
    "a round's time is the database's time",
  ]),
  {
    what: "a round reads the time after it locked its rows",
    edits: [
      {
        file: "src/till/postgres-store.ts",
        find: "[...before, ...loads, CLOCK]",
        put: "[...before, CLOCK, ...loads]",
      },
      { file: "src/till/postgres-store.ts", find: "results.at(-1)?.rows[0]?.now", put: "results.find(({ rows }) => rows[0]?.now)?.rows[0]?.now" },
      { file: "src/till/postgres-store.ts", find: "results[before.length + i]?.rows", put: "results[before.length + 1 + i]?.rows" },
    ],
    red: { file: "test/database/till-postgres.test.ts", tests: "a round's time is the database's time" },
  },
  mutation(
    "a round's time does not go back",
    "src/till/round-executor.ts",
    "now < this.#latest - CORRECTED_CLOCK_MS ? now : Math.max(now, this.#latest)",
    "now",
    ["src/till/till.test.ts", "a round's instant is the store's"],
  ),
  mutation(
    "a corrected database clock is followed",
    "src/till/round-executor.ts",
    "now < this.#latest - CORRECTED_CLOCK_MS ? now :",
    "false ? now :",
    ["src/till/till.test.ts", "a round's instant is the store's"],
  ),
  mutation(
    "the time outside rounds follows the database's",
    "src/database/clock.ts",
    "Math.max(this.#offset, at - receivedAt + 0.01)",
    "this.#offset",
    [CLOCKS, "a quick response makes the clock exact"],
  ),
  mutation(
    "a slow response does not make the time less exact",
    "src/database/clock.ts",
    "Math.min(Math.max(this.#offset, at - receivedAt + 0.01), at + 1 - sentAt)",
    "at - receivedAt",
    [CLOCKS, "a quick response makes the clock exact"],
  ),
  mutation("a job is due by the database's clock", "src/jobs/scheduler.ts", "const now = this.#now();", "const now = Date.now();", [
    "test/database/jobs.test.ts",
    "a job is due by the shop's clock",
  ]),
  mutation("a job that the database prevented is tried again", "src/jobs/scheduler.ts", "() => this.#runIfDue(job, attempt + 1)", "() => {}", [
    "test/database/jobs.test.ts",
    "a run that the database prevented is tried again",
  ]),
  mutation("a job that the database prevented stays due", "src/jobs/scheduler.ts", "await record(prevented ? null : dueAt,", "await record(dueAt,", [
    "test/database/jobs.test.ts",
    "a run that the database prevented is tried again",
  ]),
  mutation(
    "a campaign's status is shown by the database's clock",
    "src/coupon/coupon.routes.ts",
    "return campaignView(campaign, now(), { isOperator });",
    "return campaignView(campaign, Date.now(), { isOperator });",
    [CLOCKS, "a campaign opens and closes at the same moment"],
  ),
  mutation("an order of the future is refused by the database's clock", "src/order/order.routes.ts", "> now())", "> Date.now())", [
    CLOCKS,
    "orderedAt may be in the past",
  ]),
  mutation("an instance with another time zone does not start", STORED, "!isSameZone(stored.timezone, timezone)) throw", "false) throw", [
    SETTINGS,
    "an instance with other stored settings does not start",
  ]),
  mutation("an instance with another currency does not start", STORED, "stored.currency !== currency)", "false)", [
    SETTINGS,
    "an instance with other stored settings does not start",
  ]),
  mutation(
    "the first instance's settings stay stored",
    SQL,
    "$2::text[]) ON CONFLICT DO NOTHING",
    "$2::text[]) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [SETTINGS, "an instance with other stored settings does not start"],
  ),
  mutation("a running instance prevents a change of settings", SQL, "pg_try_advisory_lock_shared(${LOCK_KEY})", "true", [
    SETTINGS,
    "settings cannot be changed while an instance runs",
  ]),
  mutation("a change of settings prevents instances from starting", SQL, "pg_try_advisory_lock(${LOCK_KEY})", "true", [
    SETTINGS,
    "settings cannot be changed while an instance runs",
  ]),
  mutation(
    "a new database connection checks the stored settings",
    "src/app/open-till.ts",
    "    onConnect: (client) => joinInstances(client, config),\n",
    "",
    [SETTINGS, "a running instance stops when it learns"],
  ),
  mutation("a notified instance checks the stored settings", "src/app/invalidation.ts", "if (word === SETTINGS_CHANGED) onSettingsChanged();", "", [
    SETTINGS,
    "a running instance stops when it learns",
  ]),
  mutation("an aggregation checks the shop's time zone", "src/popular/aggregate-sales.ts", CHECK_ZONE, "", STALE),
  mutation("a recount checks the shop's time zone", "src/popular/recount-sales.ts", CHECK_ZONE, "", STALE),
  mutation(
    "a recount includes sales that are aggregated during it",
    "src/popular/recount-sales.ts",
    ", ...(await run<Counted | CountedDay>(COUNT_SALES, [start.xid, checkpoint?.xid, timezone]))",
    "",
    [SETTINGS, "sales that are aggregated during a recount"],
  ),
  mutation(
    "a recount deletes rows without sales",
    POPULAR,
    "WHERE NOT EXISTS (SELECT FROM counted c WHERE c.day = s.day AND c.product_id = s.product_id) RETURNING 1",
    "WHERE false RETURNING 1",
    [SETTINGS, "recount-sales corrects wrong sales"],
  ),
  mutation(
    "a recount replaces wrong sums",
    POPULAR,
    "DO UPDATE SET units = excluded.units, revenue = excluded.revenue, net = excluded.net, refunded = excluded.refunded RETURNING 1",
    "DO NOTHING RETURNING 1",
    [SETTINGS, "recount-sales corrects wrong sales"],
  ),
  mutation("a snapshot deletes the snapshots of other days", "src/popular/snapshot-popular.ts", "  await run(DELETE_SNAPSHOTS);\n", "", [
    SETTINGS,
    "after a change of the time zone each sale counts",
  ]),
  mutation("the currency cannot change after the first order", CHANGE, "(moved?.orders || moved?.charges)", "moved?.charges", [
    SETTINGS,
    "the currency can be changed only while",
  ]),
  mutation("the currency cannot change after the first charge by card", SQL, "EXISTS (SELECT FROM card_charges) AS charges", "false AS charges", [
    SETTINGS,
    "the currency can be changed only while",
  ]),
];
