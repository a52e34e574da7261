// Campaigns as operators edit them and as shoppers list them. The tests fail without the lines
// about `version` and `sameTerms` in edit-campaign.ts, `isOver` in closeCampaign, `ended` in
// selectCampaignPage, and `countedAt` in issueCoupon.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { writeCursor } from "../../src/http/cursor.ts";
import { type Answer, type Client, good, openTestShop, refused, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => void (shop = await openTestShop()));
after(() => shop.close());

const DISCOUNT = { type: "PERCENTAGE", rate: 10, maxAmount: 500, minOrderAmount: 100 };
const edit = (id: string, body: unknown): Promise<Answer> => shop.operator.patch(`/admin/coupons/${id}`, body);
const read = async (id: string): Promise<Answer["body"]> => good(await shop.anyone("GET", `/coupons/${id}`), 200);
const invalidField = (answer: Answer): string => (refused(answer, 400, "INVALID_REQUEST")["errors"] as { path: string }[])[0]?.path ?? "";

describe("an operator's edit", () => {
  test("each edit of a campaign raises its version, and issuing coupons or an edit without a change does not", async () => {
    const { id } = await shop.campaign({ discount: DISCOUNT });
    const { version } = await read(id);
    const user = await shop.user();
    good(await user.post(`/coupons/${id}/issue`), 201);
    assert.equal((await read(id)).version, version);
    assert.equal(good(await edit(id, { name: "다른 이름" }), 200).version, version + 1);
    assert.equal(good(await edit(id, { name: "다른 이름", totalQuantity: 10 }), 200).version, version + 1);
    assert.equal((await read(id)).version, version + 1);
  });

  test("an edit of an old campaign version is refused with the current campaign and changes nothing", async () => {
    const { id } = await shop.campaign();
    const { version } = await read(id);
    good(await edit(id, { name: "먼저", version }), 200);
    const now = good(await shop.operator.get(`/coupons/${id}`), 200);
    for (const [language, detail] of [
      ["ko", "다른 사람이 먼저 수정했습니다"],
      ["en", "Another user changed this first"],
    ] as const) {
      const answer = await shop.operator.patch(`/admin/coupons/${id}`, { name: "나중", version }, { "accept-language": language });
      assert.equal(refused(answer, 409, "VERSION_CONFLICT").detail, detail);
      assert.deepEqual(answer.body.current, now);
    }
    assert.deepEqual(good(await shop.operator.get(`/coupons/${id}`), 200), now);
    assert.equal(good(await edit(id, { name: "나중", version: now.version }), 200).name, "나중");
    assert.equal(invalidField(await edit(id, { version: -1 })), "/version");
  });

  test("of two concurrent edits of one campaign version, one is refused", async () => {
    const { id } = await shop.campaign();
    const { version } = await read(id);
    const answers = await Promise.all(["하나", "둘"].map((name) => edit(id, { name, version })));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409]);
  });

  test("an edit that sends all fields back unchanged is accepted after coupons were issued, in any key order", async () => {
    const { id } = await shop.campaign({ discount: DISCOUNT, validDays: 3, closesAt: "2099-01-01T00:00:00.000Z" });
    good(await (await shop.user()).post(`/coupons/${id}/issue`), 201);
    const { name, discount, totalQuantity, opensAt, closesAt, validDays, expiresAt, version } = await read(id);
    const whole = { name, discount, totalQuantity, opensAt, closesAt, validDays, expiresAt };
    assert.equal(good(await edit(id, whole), 200).version, version);
    const reversed = Object.fromEntries(Object.entries(discount).toReversed());
    assert.equal(good(await edit(id, { ...whole, discount: reversed, name: "새 이름" }), 200).version, version + 1);
    for (const other of [
      { ...discount, rate: 11 },
      { type: "PERCENTAGE", rate: 10, maxAmount: 500 },
      { type: "FIXED", amount: 10 },
    ])
      assert.equal(invalidField(await edit(id, { discount: other })), "/discount");
    assert.deepEqual((await read(id)).discount, discount);
  });

  test("an omitted optional property of a discount is no change if the discount has none", async () => {
    const { id } = await shop.campaign({ discount: { type: "PERCENTAGE", rate: 10 } });
    good(await (await shop.user()).post(`/coupons/${id}/issue`), 201);
    good(await edit(id, { discount: { rate: 10, type: "PERCENTAGE" } }), 200);
    assert.equal(invalidField(await edit(id, { discount: { type: "PERCENTAGE", rate: 10, minOrderAmount: 1 } })), "/discount");
  });
});

describe("closing a campaign", () => {
  const close = (id: string): Promise<Answer> => shop.operator.post(`/admin/coupons/${id}/close`);

  test("no coupon is issued once a campaign is closed, and closing it again changes nothing", async () => {
    const { id } = await shop.campaign();
    const [holder, late] = (await shop.users(2)) as [Client, Client];
    good(await holder.post(`/coupons/${id}/issue`), 201);
    const closed = good(await close(id), 200);
    assert.equal(closed.status, "CLOSED");
    refused(await late.post(`/coupons/${id}/issue`), 409, "COUPON_CLOSED");
    assert.deepEqual(good(await close(id), 200), closed);
    assert.equal(good(await holder.get(`/users/${holder.id}/coupons`), 200).userCoupons.length, 1);
  });

  test("a closed upcoming campaign does not open, and opens as planned when the close is undone", async () => {
    const { id } = await shop.campaign({ opensAt: "2099-01-01T00:00:00.000Z" });
    const closed = good(await close(id), 200);
    assert.deepEqual([closed.status, closed.opensAt], ["CLOSED", "2099-01-01T00:00:00.000Z"]);
    assert.equal(good(await edit(id, { name: "닫힌 채로" }), 200).status, "CLOSED");
    const open = good(await edit(id, { closesAt: null }), 200);
    assert.deepEqual([open.status, open.opensAt], ["UPCOMING", "2099-01-01T00:00:00.000Z"]);
  });

  test("only operators can close a campaign, and only an existing one", async () => {
    const [user, { id }] = [await shop.user(), await shop.campaign()];
    refused(await user.post(`/admin/coupons/${id}/close`), 403, "FORBIDDEN");
    refused(await close("0193a000-0000-7000-8000-00000000abcd"), 404, "COUPON_NOT_FOUND");
    assert.equal((await read(id)).status, "OPEN");
  });
});

describe("the list of campaigns", () => {
  type Row = { id: string; status: string };
  const pageOf = async (limit: number, cursor: string | null): Promise<{ coupons: Row[]; nextCursor: string | null }> =>
    good(await shop.anyone("GET", `/coupons?limit=${limit}${cursor === null ? "" : `&cursor=${cursor}`}`), 200);

  test("the first page lists an open campaign that is older than a hundred closed and sold-out ones", async () => {
    const old = await shop.campaign({ name: "오래된" });
    const upcoming = await shop.campaign({ opensAt: "2099-01-01T00:00:00Z" });
    await Promise.all(Array.from({ length: 60 }, () => shop.campaign({ opensAt: "2026-01-01T00:00:00Z", closesAt: "2026-01-02T00:00:00Z" })));
    const users = await shop.users(60);
    await Promise.all(users.map(async (user) => good(await user.post(`/coupons/${(await shop.campaign({ totalQuantity: 1 })).id}/issue`), 201)));
    const { coupons } = await pageOf(20, null);
    const ids = new Set(coupons.map(({ id }) => id));
    assert.ok(ids.has(old.id) && ids.has(upcoming.id), JSON.stringify(coupons));
  });

  test("pages list each campaign once, even if campaigns open, sell out or close between them", async () => {
    await Promise.all(Array.from({ length: 12 }, () => shop.campaign({ totalQuantity: 1 })));
    const expectedIds = new Set((await everyPage(100)).map(({ id }) => id));
    const shown: Row[] = [];
    let cursor: string | null = null;
    let turn = 0;
    do {
      const read: { coupons: Row[]; nextCursor: string | null } = await pageOf(3, cursor);
      shown.push(...read.coupons);
      cursor = read.nextCursor;
      // Ends a campaign that the page has shown as open: it now belongs behind all open ones.
      const change = read.coupons.find(({ status }) => status === "OPEN");
      if (change && turn < 6) {
        await shop.campaign();
        if (turn++ % 2) good(await (await shop.user()).post(`/coupons/${change.id}/issue`), 201);
        else good(await shop.operator.post(`/admin/coupons/${change.id}/close`), 200);
      }
    } while (cursor !== null);
    const ids = shown.map(({ id }) => id).filter((id) => expectedIds.has(id));
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.length, expectedIds.size);
  });

  test("open and upcoming campaigns come before all others, each newest first", async () => {
    const rows = await everyPage(7);
    const current = ({ status }: Row): boolean => status === "OPEN" || status === "UPCOMING";
    const firstEnded = rows.findIndex((row) => !current(row));
    assert.ok(firstEnded > 0 && rows.slice(firstEnded).every((row) => !current(row)));
    for (const group of [rows.slice(0, firstEnded), rows.slice(firstEnded)])
      assert.deepEqual(
        group.map(({ id }) => id),
        group
          .map(({ id }) => id)
          .toSorted()
          .toReversed(),
      );
  });

  test("a cursor that the list of campaigns did not write is refused", async () => {
    const id = "0193a000-0000-7000-8000-000000000001";
    for (const place of [[id], [9e15, 0, id], [-9e15, 0, id], [0.5, 0, id], [0, -1, id], [0, 0, "x"]])
      assert.equal(invalidField(await shop.anyone("GET", `/coupons?cursor=${writeCursor("coupons", place)}`)), "/cursor");
  });

  async function everyPage(limit: number): Promise<Row[]> {
    const rows: Row[] = [];
    let cursor: string | null = null;
    do {
      const read: { coupons: Row[]; nextCursor: string | null } = await pageOf(limit, cursor);
      rows.push(...read.coupons);
      cursor = read.nextCursor;
    } while (cursor !== null);
    return rows;
  }
});

describe("days of validity", () => {
  const issue = async (fields: Record<string, unknown>): Promise<Answer["body"]> => {
    const [user, { id }] = [await shop.user(), await shop.campaign(fields)];
    return good(await user.post(`/coupons/${id}/issue`), 201);
  };
  const DAY_MS = 86_400_000;
  /** The shop's time zone is nine hours ahead of UTC. */
  const dayInSeoul = (at: string): number => Math.floor((Date.parse(at) + 9 * 3_600_000) / DAY_MS);

  // With `now + days` the coupon would expire at the hour of its issue.
  test("a coupon is valid until the end of its last day in the shop's time zone", async () => {
    for (const validDays of [1, 30]) {
      const { issuedAt, expiresAt } = await issue({ validDays });
      assert.equal(dayInSeoul(expiresAt) - dayInSeoul(issuedAt), validDays + 1);
      assert.equal((Date.parse(expiresAt) + 9 * 3_600_000) % DAY_MS, 0);
    }
  });

  test("a coupon expires with its campaign if that is earlier, and a later edit does not change issued coupons", async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    assert.equal((await issue({ validDays: 30, expiresAt: soon })).expiresAt, soon);
    assert.equal((await issue({ expiresAt: soon })).expiresAt, soon);
    const user = await shop.user();
    const { id } = await shop.campaign({ validDays: 2 });
    const { expiresAt } = good(await user.post(`/coupons/${id}/issue`), 201);
    good(await edit(id, { validDays: 9 }), 200);
    assert.equal(good(await user.get(`/users/${user.id}/coupons`), 200).userCoupons[0].expiresAt, expiresAt);
  });
});
