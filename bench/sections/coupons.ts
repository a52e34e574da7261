// Row 5: 50,000 users request 1,000 coupons. Measures the time until they are sold out, the rate of refusals after that, and
// whether any user was overtaken.

import { ignore } from "../support/ignore.ts";
import { Database } from "../../src/database/pool.ts";
import { issueCoupon } from "../../src/coupon/issue-coupon.ts";
import { mintToken } from "../../src/http/tokens.ts";
import { Refusal } from "../../src/refusal.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { LocalTill } from "../../src/till/till.ts";
import type { Options } from "../options.ts";
import type { Section } from "../report/section.ts";
import { FIXTURES, moreUsers, openCampaign } from "../support/fixtures.ts";
import { HttpFixture } from "../support/http-fixture.ts";
import { idOf } from "../support/ids.ts";
import { assertCorrect } from "../support/verify.ts";
import { median } from "../support/sample.ts";
import { SECRET } from "../support/server-process.ts";
import { times } from "../support/times.ts";

const COUPONS = 1000;
const CONNECTIONS = 1000;
const WAIT_MS = 30_000;

export async function coupons({ quick, turns, log }: Options): Promise<Section> {
  const userCount = quick ? 5_000 : 50_000;
  const fixture = await HttpFixture.open();
  try {
    if (userCount > FIXTURES.users) await fixture.query((client) => moreUsers(client, userCount));
    const tokens = times(userCount, (n) => mintToken(SECRET, { id: idOf("user", n), role: "shopper" }, 24));
    const soldOutMs: number[] = [];
    const allMs: number[] = [];
    const inversions: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const [overHttp, inProcess] = [FIXTURES.campaigns + 2 * turn, FIXTURES.campaigns + 2 * turn + 1];
      await fixture.query((client) => openCampaign(client, overHttp, COUPONS));
      await fixture.query((client) => openCampaign(client, inProcess, COUPONS));
      await fixture.settle();
      const plan = {
        url: fixture.shop.url,
        method: "POST" as const,
        paths: [`/coupons/${idOf("campaign", overHttp)}/issue`],
        tokens,
        first: 0,
        connections: CONNECTIONS,
        ms: 0,
        warmUpMs: 0,
        maxRequests: userCount,
      };
      const loaded = await fixture.load.send(plan, [201, 409]);
      if (loaded.statuses["201"] !== COUPONS) throw new Error(`${loaded.statuses["201"]} of ${COUPONS} coupons were issued`);
      soldOutMs.push(loaded.lastCreatedMs);
      allMs.push(loaded.elapsedMs);
      inversions.push(await overtaken(fixture.databaseUrl, idOf("campaign", inProcess), userCount));
      log(
        `${turn + 1}/${turns} sold out after ${loaded.lastCreatedMs.toFixed(0)} ms, all answered after ${loaded.elapsedMs.toFixed(0)} ms, ${inversions.at(-1)} overtaken`,
      );
    }
    await assertCorrect(fixture.databaseUrl);
    const after = median(allMs.map((all, turn) => ((userCount - COUPONS) / (all - (soldOutMs[turn] ?? 0))) * 1000));
    return {
      title: "A coupon drop",
      rows: [],
      ratios: [
        {
          name: `users overtaken, ${userCount.toLocaleString("en")} in the queue for ${COUPONS.toLocaleString("en")} coupons, in process`,
          value: Math.max(...inversions),
          max: 0,
        },
      ],
      notes: [
        `${userCount.toLocaleString("en")} users over ${CONNECTIONS.toLocaleString("en")} connections: the last of ${COUPONS.toLocaleString("en")} coupons was issued after ${median(soldOutMs).toFixed(0)} ms, all users had a response after ${median(allMs).toFixed(0)} ms; ${Math.round(after).toLocaleString("en")} refusals a second in between`,
        "audit: no violation",
      ],
    };
  } finally {
    await fixture.close();
  }
}

/** Queues one request per user, and counts users whose result differs from first come, first served. */
async function overtaken(url: string, couponId: string, userCount: number): Promise<number> {
  const database = new Database(url, { size: 1, onError: ignore });
  const store = new PostgresStore({ url, lockWaitMs: WAIT_MS });
  const till = new LocalTill({ store, waitMs: WAIT_MS });
  const got = await Promise.all(
    times(userCount, (n) =>
      till.submit(issueCoupon, { couponId, userId: idOf("user", n), timezone: "Asia/Seoul" }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Refusal && error.code === "COUPON_SOLD_OUT") return false;
          throw error;
        },
      ),
    ),
  );
  await store.close();
  await database.close();
  return got.filter((has, n) => has !== n < COUPONS).length;
}
