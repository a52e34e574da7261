// All instances use the database's clock. Two shops on one database run as processes whose own
// clocks are 20 hours ahead and 20 hours behind. The tests fail if a decision uses Date.now().

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pg from "pg";
import { DatabaseClock } from "../../src/database/clock.ts";
import { dayOf } from "../../src/popular/day.ts";
import { freshDatabase } from "../support/database.ts";
import { serve } from "../support/process.ts";
import { Client, good, refused, SECRET } from "../support/shop.ts";
import { token } from "../support/tokens.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TOKEN_MS = 72 * HOUR_MS;

type Instance = { name: string; operator: Client; buyer: Client; stop(): Promise<unknown> };

let database: { url: string; drop(): Promise<void> };
let observer: pg.Client;
const instances: Instance[] = [];
let productId: string;

before(async () => {
  database = await freshDatabase();
  observer = new pg.Client({ connectionString: database.url });
  await observer.connect();
  instances.push(await open("ahead", 20), await open("behind", -20));
  const [{ operator }] = instances as [Instance];
  const { users } = good(await operator.post("/admin/users", { users: [{ name: "앞" }, { name: "뒤" }] }), 201);
  const grants = users.map(({ id }: { id: string }) => ({ userId: id, amount: 100_000, reason: "test" }));
  good(await operator.post("/admin/balances/grant", { grants }), 200);
  productId = good(await operator.post("/admin/products", { name: "사과", price: 1000, stock: 100 }), 201).id;
  for (const [i, instance] of instances.entries()) instance.buyer = clientAt(instance.operator.url, users[i].id, "shopper");
});
after(async () => {
  await Promise.all(instances.map((instance) => instance.stop()));
  await observer.end();
  await database.drop();
});

/** A client whose token has no `iat`: to an instance with a late clock it would be issued in the future. */
function clientAt(url: string, id: string, role: "shopper" | "operator"): Client {
  const claims = { sub: id, role, exp: Math.floor((Date.now() + TOKEN_MS) / 1000) };
  return Object.assign(new Client(url, id, role), { token: token({ alg: "HS256" }, claims, SECRET) });
}

async function open(name: string, hours: number): Promise<Instance> {
  const skew = `const Real = Date, ahead = ${hours * HOUR_MS};
    globalThis.Date = class extends Real {
      constructor(...given) { given.length === 0 ? super(Real.now() + ahead) : super(...given); }
      static now() { return Real.now() + ahead; }
    };`;
  const { url, child, ended } = await serve({
    DATABASE_URL: database.url,
    BALANCE_FUNDING: "open",
    ORDER_EXPIRES_AFTER: "PT1H",
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(skew)}`,
  });
  const operator = clientAt(url, "an-operator", "operator");
  return { name, operator, buyer: operator, stop: () => (child.kill("SIGTERM"), ended) };
}

const now = async (): Promise<number> =>
  Number((await observer.query("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000) AS now")).rows[0].now);
const at = (ms: number): string => new Date(ms).toISOString();

async function everywhere(work: (instance: Instance) => Promise<void>): Promise<void> {
  assert.equal(instances.length, 2);
  for (const instance of instances) await work(instance);
}

async function campaign(fields: Record<string, unknown>): Promise<string> {
  const [{ operator }] = instances as [Instance];
  const discount = { type: "FIXED", amount: 100 };
  return good(await operator.post("/admin/coupons", { name: "쿠폰", discount, totalQuantity: 10, ...fields }), 201).id;
}

test("a campaign opens and closes at the same moment for all instances", async () => {
  const soon = await campaign({ opensAt: at((await now()) + HOUR_MS) });
  const open = await campaign({ opensAt: at((await now()) - HOUR_MS), closesAt: at((await now()) + HOUR_MS) });
  const closed = await campaign({ opensAt: at((await now()) - 2 * HOUR_MS), closesAt: at((await now()) - HOUR_MS) });
  await everywhere(async ({ operator, buyer }) => {
    for (const [id, status] of [
      [soon, "UPCOMING"],
      [open, "OPEN"],
      [closed, "CLOSED"],
    ] as const) {
      assert.equal(good(await buyer.get(`/coupons/${id}`), 200).status, status);
      const { coupons } = good(await buyer.get("/coupons"), 200);
      assert.equal(coupons.find((one: { id: string }) => one.id === id)?.status, status);
    }
    refused(await buyer.post(`/coupons/${soon}/issue`), 409, "COUPON_CLOSED");
    refused(await buyer.post(`/coupons/${closed}/issue`), 409, "COUPON_CLOSED");
    good(await buyer.post(`/coupons/${open}/issue`), 201);
    assert.equal(good(await operator.patch(`/admin/coupons/${soon}`, { name: "곧" }), 200).status, "UPCOMING");
  });
});

// Buyers at both instances try all the time, from before the opening on.
test("a drop opens at one moment of the database's clock for all instances, and no order comes before it", async () => {
  const [{ operator }] = instances as [Instance];
  const product = good(await operator.post("/admin/products", { name: "한정판", price: 10, stock: 100 }), 201);
  const opensAt = (await now()) + 2000;
  const { id } = good(await operator.post("/admin/drops", { name: "드롭", productId: product.id, opensAt: at(opensAt) }), 201);
  const order = { orderItems: [{ productId: product.id, quantity: 1 }] };
  await Promise.all(
    instances.map(async ({ name, buyer }) => {
      assert.equal(good(await buyer.get(`/drops/${id}`), 200).status, "UPCOMING", name);
      let early = 0;
      for (let answer = await buyer.post("/orders", order); answer.status !== 201; answer = await buyer.post("/orders", order), early++)
        assert.equal(refused(answer, 409, "DROP_NOT_OPEN")["opensAt"], at(opensAt), name);
      assert.ok(early > 0, `${name} sent no order before the opening`);
      assert.equal(good(await buyer.get(`/drops/${id}`), 200).status, "OPEN", name);
    }),
  );
  const { rows } = await observer.query(
    `SELECT count(*)::int AS orders, min(o.created_at) >= $2::timestamptz AS "openedInTime" FROM drop_sales s JOIN orders o ON o.id = s.order_id WHERE s.drop_id = $1`,
    [id, at(opensAt)],
  );
  assert.deepEqual(rows, [{ orders: 2, openedInTime: true }]);
});

test("a coupon is valid until the same moment for all instances", async () => {
  const id = await campaign({ expiresAt: at((await now()) + HOUR_MS) });
  await everywhere(async ({ operator, buyer }) => {
    const { userCouponId } = good(await buyer.post(`/coupons/${id}/issue`), 201);
    good(await operator.post("/admin/jobs/expire-coupons/run"), 200);
    const { userCoupons } = good(await buyer.get(`/users/${buyer.id}/coupons?status=AVAILABLE`), 200);
    assert.ok(userCoupons.some((one: { id: string }) => one.id === userCouponId));
    good(await buyer.post("/orders", { orderItems: [{ productId, quantity: 1 }], userCouponId }), 201);
  });
});

test("an order is payable until the same moment for all instances", async () => {
  await everywhere(async ({ buyer }) => {
    const order = { orderItems: [{ productId, quantity: 1 }], payment: { method: "DEFERRED" } };
    const { orderId, expiresAt } = good(await buyer.post("/orders", order), 201);
    assert.ok(Math.abs(Date.parse(expiresAt) - HOUR_MS - (await now())) < MINUTE_MS);
    await everywhere(async ({ operator }) => {
      assert.equal(good(await operator.post("/admin/jobs/expire-orders/run"), 200).lastResult.expired, 0);
    });
    good(await buyer.post("/payments", { orderId, method: "BALANCE" }), 201);
  });
});

test("orderedAt may be in the past and not in the future, for all instances alike", async () => {
  await everywhere(async ({ operator, buyer }) => {
    const order = { userId: buyer.id, orderItems: [{ productId, quantity: 1 }] };
    refused(await operator.post("/orders", { ...order, orderedAt: at((await now()) + HOUR_MS) }), 400, "INVALID_REQUEST");
    good(await operator.post("/orders", { ...order, orderedAt: at((await now()) - HOUR_MS) }), 201);
  });
});

test("all instances report the same time and count the same day", async () => {
  await everywhere(async ({ operator, buyer }) => {
    const shop = good(await buyer.get("/shop"), 200);
    assert.ok(Math.abs(Date.parse(shop.now) - (await now())) < MINUTE_MS, shop.now);
    const days = [dayOf(await now(), shop.timezone)];
    const { to } = good(await buyer.get("/products/popular"), 200);
    const { lastRunAt, lastResult } = good(await operator.post("/admin/jobs/snapshot-popular/run"), 200);
    days.push(dayOf(await now(), shop.timezone));
    assert.ok(days.includes(to) && days.includes(lastResult.day), `${to} and ${lastResult.day} are not ${days.join(" or ")}`);
    assert.ok(Math.abs(Date.parse(lastRunAt) - (await now())) < MINUTE_MS, lastRunAt);
    const { checkedAt, violations } = good(await operator.get("/admin/audit"), 200);
    assert.ok(Math.abs(Date.parse(checkedAt) - (await now())) < MINUTE_MS, checkedAt);
    assert.deepEqual(violations, []);
  });
});

/**
 * The files that read the process's own clock, and why. Any other file uses the shop's `now` or the
 * round's `uow.now`.
 */
const OWN_CLOCK: Record<string, string> = {
  "src/journal/journaled.ts": "the time in the id of a mark, which decides nothing",
  "src/sign-in/console-sessions.ts": "expiry of an issuer's tokens, as this instance received them",
  "src/sign-in/issuer-client.ts": "expiry of an issuer's tokens, as this instance received them",
  "src/cache/memory-cache.ts": "expiry of cached values",
  "src/cache/redis-cache.ts": "expiry of cached values",
  "src/database/clock.ts": "until the database has responded",
  "src/database/embedded/postmaster.ts": "waits for a process on this machine",
  "src/database/embedded/previous.ts": "waits for a process on this machine",
  "src/demo/demo.routes.ts": "the instance that checks a token uses its own clock",
  "src/gateway/simulator/ledger.ts": "simulates another company's clock",
  "src/gateway/simulator/webhooks.ts": "simulates another company's clock",
  "src/gateway/toss/gateway-policy.ts": "pauses between retries",
  "src/http/tokens.ts": "expiry of tokens",
  "src/outbox/sinks/webhook-sink.ts": "the receiver checks a signature's time against its own clock; pauses between retries",
  "src/rehearsal/crowd.ts": "durations on this machine",
  "src/rehearsal/rehearsals.ts": "schedules the buyers' process on this machine",
};

test("only durations, tokens and other systems use the process's own clock", () => {
  const root = join(import.meta.dirname, "../..");
  const files = globSync("src/**/*.ts", { cwd: root }).filter((file) => /Date\.now\b|new Date\(\)/.test(readFileSync(join(root, file), "utf8")));
  assert.deepEqual(
    files.filter((file) => !file.endsWith(".test.ts") && !(file.replaceAll("\\", "/") in OWN_CLOCK)),
    [],
  );
});

// Both bounds in `heard` are needed.
test("a quick response makes the clock exact, and a slow one does not change it", () => {
  const clock = new DatabaseClock();
  const base = performance.now();
  const elapsed = (): number => performance.now() - base;
  clock.observe(1_000_000, base - 2, base - 1);
  const [earliest, latest] = [1_000_000 + elapsed(), 1_000_003 + elapsed()];
  assert.ok(clock.now() >= Math.floor(earliest) && clock.now() <= latest + elapsed(), String(clock.now()));
  clock.observe(1_000_000, base - 600_000, base + 600_000);
  assert.ok(clock.now() >= Math.floor(earliest), "a slow response moved the clock backwards");
  assert.ok(clock.now() <= latest + 60_000, "a slow response moved the clock forwards");
  const heardAt = performance.now();
  clock.observe(5_000_000, heardAt - 1, heardAt);
  assert.ok(clock.now() >= 5_000_000, "a clock that was set forward is followed");
  clock.observe(2_000_000, heardAt - 1, heardAt);
  assert.ok(clock.now() < 3_000_000, "a clock that was set back is followed");
});
