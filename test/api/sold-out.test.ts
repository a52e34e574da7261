// Sold out stays cheap: what is known to be sold out is refused without the database, until an operator changes it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createCampaign, editCampaign } from "../../src/coupon/edit-campaign.ts";
import { issueCoupon } from "../../src/coupon/issue-coupon.ts";
import { good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
let other: TestShop;
before(async () => {
  shop = await openTestShop();
  other = await openTestShop({ beside: shop });
});
after(async () => {
  await other.close();
  await shop.close();
});

/** Resolves when a refusal comes without a command at the till; how many that took. */
async function untilKnown(at: TestShop, ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { commands } = at.shop.till.served;
    await ask();
    if (at.shop.till.served.commands === commands) return;
  }
  assert.fail("every refusal went through the till");
}

// Goes red without `soldOut.learn` on a refusal (coupon.routes.ts): an instance that did not issue the last one would never know.
test("what is sold out is refused without the till, also where another instance issued the last one", async () => {
  const campaign = await shop.campaign({ totalQuantity: 1 });
  const [winner, loser] = await shop.users(2);
  good(await winner!.post(`/coupons/${campaign.id}/issue`), 201);
  for (const one of [shop, other]) {
    await untilKnown(one, async () => refused(await loser!.at(one).post(`/coupons/${campaign.id}/issue`), 409, "COUPON_SOLD_OUT"));
    await untilKnown(one, async () => refused(await winner!.at(one).post(`/coupons/${campaign.id}/issue`), 409, "COUPON_ALREADY_ISSUED"));
  }
});

// Goes red without `soldOut.forget` on what is announced (app.ts).
test("an operator who adds coupons is believed at every instance", async () => {
  const campaign = await shop.campaign({ totalQuantity: 1 });
  const [first, second, third] = await shop.users(3);
  good(await first!.post(`/coupons/${campaign.id}/issue`), 201);
  for (const one of [shop, other])
    await untilKnown(one, async () => refused(await second!.at(one).post(`/coupons/${campaign.id}/issue`), 409, "COUPON_SOLD_OUT"));
  good(await shop.operator.patch(`/admin/coupons/${campaign.id}`, { totalQuantity: 3 }), 200);
  good(await second!.post(`/coupons/${campaign.id}/issue`), 201);
  for (let tries = 0; ; tries++) {
    const answer = await third!.at(other).post(`/coupons/${campaign.id}/issue`);
    if (answer.status === 201) break;
    assert.ok(tries < 1000, "the other instance never heard of it");
  }
});

// Goes red where the edit is saved behind what was issued (the total's CHECK refuses the round), and where a round in which something was issued
// announces no edit (`announce`, app.ts).
test("an operator who adds coupons in the very round in which one is issued is believed at every instance", async () => {
  const campaign = await shop.campaign({ totalQuantity: 1 });
  const [first, second, third, fourth] = await shop.users(4);
  good(await first!.post(`/coupons/${campaign.id}/issue`), 201);
  for (const one of [shop, other])
    for (const asks of [third, fourth])
      await untilKnown(one, async () => refused(await asks!.at(one).post(`/coupons/${campaign.id}/issue`), 409, "COUPON_SOLD_OUT"));
  const { till } = shop.shop;
  const { retries } = till.served;
  await Promise.all([
    // Somebody ahead at the till: the two that come behind are one round.
    till.submit(createCampaign, { name: "또 하나", discount: { type: "FIXED", amount: 1 }, totalQuantity: 1 }),
    till.submit(editCampaign, { couponId: campaign.id, fields: { totalQuantity: 10 } }),
    till.submit(issueCoupon, { couponId: campaign.id, userId: second!.id, timezone: "Asia/Seoul" }),
  ]);
  assert.equal(till.served.retries, retries);
  good(await third!.post(`/coupons/${campaign.id}/issue`), 201);
  for (let tries = 0; ; tries++) {
    const answer = await fourth!.at(other).post(`/coupons/${campaign.id}/issue`);
    if (answer.status === 201) break;
    assert.ok(tries < 1000, "the other instance never heard of it");
  }
});
