// Row 5: 50,000 people for 1,000 coupons. How long until they are gone, how quickly everybody else is told, and whether anybody was overtaken.

import { ignore } from "../support/ignore.ts";
import { Database } from "../../src/database/pool.ts";
import { issueCoupon } from "../../src/coupon/issue-coupon.ts";
import { mintToken } from "../../src/http/tokens.ts";
import { Refusal } from "../../src/refusal.ts";
import { PostgresStore } from "../../src/till/postgres-store.ts";
import { Till } from "../../src/till/till.ts";
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

export async function coupons({ quick, turns, tell }: Options): Promise<Section> {
  const people = quick ? 5_000 : 50_000;
  const stage = await HttpFixture.open();
  try {
    if (people > FIXTURES.users) await stage.query((client) => moreUsers(client, people));
    const tokens = times(people, (n) => mintToken(SECRET, { id: idOf("user", n), role: "shopper" }, 24));
    const soldOutMs: number[] = [];
    const allMs: number[] = [];
    const inversions: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const [overHttp, inProcess] = [FIXTURES.campaigns + 2 * turn, FIXTURES.campaigns + 2 * turn + 1];
      await stage.query((client) => openCampaign(client, overHttp, COUPONS));
      await stage.query((client) => openCampaign(client, inProcess, COUPONS));
      await stage.settle();
      const plan = {
        url: stage.shop.url,
        method: "POST" as const,
        paths: [`/coupons/${idOf("campaign", overHttp)}/issue`],
        tokens,
        first: 0,
        connections: CONNECTIONS,
        ms: 0,
        warmUpMs: 0,
        most: people,
      };
      const loaded = await stage.load.send(plan, [201, 409]);
      if (loaded.statuses["201"] !== COUPONS) throw new Error(`${loaded.statuses["201"]} of ${COUPONS} coupons were issued`);
      soldOutMs.push(loaded.lastCreatedMs);
      allMs.push(loaded.elapsedMs);
      inversions.push(await overtaken(stage.databaseUrl, idOf("campaign", inProcess), people));
      tell(
        `${turn + 1}/${turns} sold out after ${loaded.lastCreatedMs.toFixed(0)} ms, everybody answered after ${loaded.elapsedMs.toFixed(0)} ms, ${inversions.at(-1)} overtaken`,
      );
    }
    await assertCorrect(stage.databaseUrl);
    const after = median(allMs.map((all, turn) => ((people - COUPONS) / (all - (soldOutMs[turn] ?? 0))) * 1000));
    return {
      title: "A coupon drop",
      rows: [],
      ratios: [
        {
          name: `buyers who were overtaken, ${people.toLocaleString("en")} in a line for ${COUPONS.toLocaleString("en")} coupons, in process`,
          value: Math.max(...inversions),
          most: 0,
        },
      ],
      notes: [
        `${people.toLocaleString("en")} people over ${CONNECTIONS.toLocaleString("en")} connections: the last of ${COUPONS.toLocaleString("en")} coupons was issued after ${median(soldOutMs).toFixed(0)} ms, everybody had an answer after ${median(allMs).toFixed(0)} ms; ${Math.round(after).toLocaleString("en")} refusals a second in between`,
        "audit: no violation",
      ],
    };
  } finally {
    await stage.close();
  }
}

/** Lets everybody step into one line, and counts who got a coupon although somebody who stood before them got none. */
async function overtaken(url: string, couponId: string, people: number): Promise<number> {
  const database = new Database(url, { size: 1, onError: ignore });
  const store = new PostgresStore({ url, lockWaitMs: WAIT_MS });
  const till = new Till({ store, waitMs: WAIT_MS });
  const got = await Promise.all(
    times(people, (n) =>
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
