// A sold-out campaign stays cheap: once an instance knows it, it refuses claims without the
// database until an operator changes the campaign.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCampaign, editCampaign } from "../../src/coupon/edit-campaign.ts";
import { issueCoupon } from "../../src/coupon/issue-coupon.ts";
import { good, refused, type TestShop } from "../support/shop.ts";
import { twoInstances } from "../support/two-instances.ts";

const { shop, other } = await twoInstances();

/** Resolves when a refusal comes without a command at the till. */
async function untilRefusedWithoutTill(at: TestShop, ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { commands } = at.shop.till.served;
    await ask();
    if (at.shop.till.served.commands === commands) return;
  }
  assert.fail("every refusal went through the till");
}

// An instance that did not issue the last coupon learns it from a refusal (`soldOut.learn`).
test("a claim of a sold-out campaign is refused without the till, even if another instance issued the last coupon", async () => {
  const campaign = await shop.campaign({ totalQuantity: 1 });
  const [winner, loser] = await shop.users(2);
  good(await winner!.post(`/coupons/${campaign.id}/issue`), 201);
  for (const one of [shop, other]) {
    await untilRefusedWithoutTill(one, async () => refused(await loser!.at(one).post(`/coupons/${campaign.id}/issue`), 409, "COUPON_SOLD_OUT"));
    await untilRefusedWithoutTill(one, async () =>
      refused(await winner!.at(one).post(`/coupons/${campaign.id}/issue`), 409, "COUPON_ALREADY_ISSUED"),
    );
  }
});

// Each instance forgets the campaign when the change is announced (`soldOut.forget`).
test("coupons that an operator adds can be claimed at every instance", async () => {
  const campaign = await shop.campaign({ totalQuantity: 1 });
  const [first, second, third] = await shop.users(3);
  good(await first!.post(`/coupons/${campaign.id}/issue`), 201);
  for (const one of [shop, other])
    await untilRefusedWithoutTill(one, async () => refused(await second!.at(one).post(`/coupons/${campaign.id}/issue`), 409, "COUPON_SOLD_OUT"));
  good(await shop.operator.patch(`/admin/coupons/${campaign.id}`, { totalQuantity: 3 }), 200);
  good(await second!.post(`/coupons/${campaign.id}/issue`), 201);
  for (let tries = 0; ; tries++) {
    const answer = await third!.at(other).post(`/coupons/${campaign.id}/issue`);
    if (answer.status === 201) break;
    assert.ok(tries < 1000, "the other instance never learned of the added coupons");
  }
});

// The test fails if the edit is saved after the issued coupon, which breaks the CHECK on the total,
// or if a round that also issued a coupon announces no edit.
test("coupons added in the same round in which one is issued can be claimed at every instance", async () => {
  const campaign = await shop.campaign({ totalQuantity: 1 });
  const [first, second, third, fourth] = await shop.users(4);
  good(await first!.post(`/coupons/${campaign.id}/issue`), 201);
  for (const one of [shop, other])
    for (const user of [third, fourth])
      await untilRefusedWithoutTill(one, async () => refused(await user!.at(one).post(`/coupons/${campaign.id}/issue`), 409, "COUPON_SOLD_OUT"));
  const { till } = shop.shop;
  const { retries } = till.served;
  await Promise.all([
    // This command is ahead at the till, so the two behind it run in one round.
    till.submit(createCampaign, { name: "또 하나", discount: { type: "FIXED", amount: 1 }, totalQuantity: 1 }),
    till.submit(editCampaign, { couponId: campaign.id, fields: { totalQuantity: 10 } }),
    till.submit(issueCoupon, { couponId: campaign.id, userId: second!.id, timezone: "Asia/Seoul" }),
  ]);
  assert.equal(till.served.retries, retries);
  good(await third!.post(`/coupons/${campaign.id}/issue`), 201);
  for (let tries = 0; ; tries++) {
    const answer = await fourth!.at(other).post(`/coupons/${campaign.id}/issue`);
    if (answer.status === 201) break;
    assert.ok(tries < 1000, "the other instance never learned of the added coupons");
  }
});
