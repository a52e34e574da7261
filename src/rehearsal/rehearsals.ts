// Runs rehearsals. Their state is stored, so that any instance can show it at any time. The instance that started a rehearsal leads it to
// its end; if that instance dies, another one cleans up.

import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { audit } from "../audit/audit.ts";
import type { Config } from "../config.ts";
import { campaignOf, selectCampaigns } from "../coupon/campaign.sql.ts";
import type { Now } from "../database/clock.ts";
import { mintRehearsalToken } from "../http/tokens.ts";
import { newId } from "../ids.ts";
import type { Live } from "../live/live.ts";
import { refuse } from "../refusal.ts";
import type { CrowdPlan } from "./crowd-messages.ts";
import { copyCoupon, copyForRehearsal, type FixtureOptions, type Original, removeCopies } from "./rehearsal-fixture.ts";
import type { CrowdReport, Plan, Progress, Report, State } from "./rehearsal.ts";
import {
  abandon,
  ABANDON_ORPHANED,
  CLAIM_UNTIDIED,
  insertRehearsal,
  type RehearsalRecord,
  requestStop,
  selectOriginal,
  selectRehearsal,
  selectRehearsalPage,
  selectRemaining,
  updateRehearsal,
} from "./rehearsal.sql.ts";
import { personsOf } from "./people.ts";
import { closeCopy, copyDrop, type CrowdHabits, dropPlan, originalDrop, outcomeOf } from "./rehearsed-drop.ts";
import { runCrowd } from "./run-crowd.ts";

/** With `dropId`, `productId` is left out: it is the drop's. */
export type StartRehearsal = { productId: string | null; couponId: string | null; buyers: number; arriveWithinMs: number } & (
  | { dropId: string; habits: CrowdHabits }
  | { dropId?: never; habits?: never }
);

/** From the last preparation to the opening: time for the crowd's process to start, and for operators to open the live view. */
const OPENS_AFTER_MS = 2000;
const HEARTBEAT_MS = 500;
const TOKEN_HOURS = 1;
const TOKENS_PER_TICK = 200;

/** An operator stopped the rehearsal, or this process is shutting down. */
class Stopped extends Error {}

export type RehearsalsOptions = {
  shop: FixtureOptions & { now: Now; config: Pick<Config, "auth" | "timezone"> };
  live: Live;
  secret: string;
  onError: (error: unknown) => void;
};

export class Rehearsals {
  readonly #options: RehearsalsOptions;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #tidying: Promise<void> | undefined;
  /** The shop's loopback address. */
  url = "";

  constructor(options: RehearsalsOptions) {
    this.#options = options;
  }

  /**
   * Starts a rehearsal, and returns before it is prepared.
   * Errors: PRODUCT_NOT_FOUND; COUPON_NOT_FOUND; DROP_NOT_FOUND; BUSY while another rehearsal runs.
   */
  async start({ productId: named, couponId, buyers, arriveWithinMs, dropId, habits }: StartRehearsal): Promise<RehearsalRecord> {
    const { database, now: clock } = this.#options.shop;
    const drop = dropId === undefined ? null : await originalDrop(database, dropId);
    const productId = drop?.productId ?? named;
    const original = await this.#original(productId, couponId);
    const plan: Plan = {
      buyers,
      arriveWithinMs,
      product: original.product && { name: original.product.name, stock: original.product.variants.reduce((sum, { stock }) => sum + stock, 0) },
      coupon: original.coupon && { name: original.coupon.name, quantity: original.coupon.totalQuantity },
      drop: drop && habits ? dropPlan(drop, habits) : null,
    };
    await this.#tidyOrphaned();
    const now = clock();
    const [record] = await database.rows<RehearsalRecord>(
      insertRehearsal({
        id: newId(now),
        plan,
        sourceProductId: productId,
        sourceCouponId: couponId,
        sourceDropId: drop?.id ?? null,
        createdAt: new Date(now).toISOString(),
      }),
    );
    if (!record || this.#closing.signal.aborted) refuse("BUSY", { retryAfter: 30 });
    this.#running = this.#run(record, original);
    return record;
  }

  /** Errors: NOT_FOUND. */
  async find(id: string): Promise<RehearsalRecord> {
    await this.#tidyOrphaned();
    const [record] = await this.#options.shop.database.rows<RehearsalRecord>(selectRehearsal(id));
    return record ?? refuse("NOT_FOUND", { id });
  }

  async page(before: string | null, limit: number): Promise<RehearsalRecord[]> {
    await this.#tidyOrphaned();
    return this.#options.shop.database.rows<RehearsalRecord>(selectRehearsalPage(before, limit));
  }

  /** Asks the instance that leads the rehearsal to stop it. A finished rehearsal is not changed. Errors: NOT_FOUND. */
  async stop(id: string): Promise<RehearsalRecord> {
    const [record] = await this.#options.shop.database.rows<RehearsalRecord>(requestStop(id));
    return record ?? refuse("NOT_FOUND", { id });
  }

  /** Abandons a running rehearsal; another instance cleans up. */
  async close(): Promise<void> {
    this.#closing.abort(new Stopped());
    await Promise.all([this.#running, this.#tidying]);
  }

  async #original(productId: string | null, couponId: string | null): Promise<Original> {
    const { database } = this.#options.shop;
    const [product] = productId === null ? [] : await database.rows<NonNullable<Original["product"]>>(selectOriginal(productId));
    if (productId !== null && !product) refuse("PRODUCT_NOT_FOUND", { productId });
    const [row] = couponId === null ? [] : await database.rows<Record<string, unknown>>(selectCampaigns([couponId]));
    if (couponId !== null && !row) refuse("COUPON_NOT_FOUND", { couponId });
    return { product: product ?? null, coupon: row ? campaignOf(row) : null };
  }

  /** Leads the rehearsal to its end, and stores the result. Never rejects. */
  async #run(record: RehearsalRecord, original: Original): Promise<void> {
    const { shop, live, onError } = this.#options;
    const { database } = shop;
    const { id } = record;
    const stopping = new AbortController();
    const release = live.retain();
    let progress: Progress | undefined;
    const heartbeat = setInterval(() => {
      database
        .rows<{ stopRequested: boolean }>(updateRehearsal(id, progress ? { progress } : {}))
        .then(([row]) => row?.stopRequested && stopping.abort(new Stopped()), onError);
    }, HEARTBEAT_MS);
    try {
      const signal = AbortSignal.any([stopping.signal, this.#closing.signal]);
      const report = await this.#play(record, original, signal, (next) => void (progress = next));
      await database.rows(updateRehearsal(id, { state: "TIDYING", ...(progress ? { progress } : {}) }));
      await this.#finish(id, report);
    } catch (error) {
      if (this.#closing.signal.aborted) await database.rows(abandon(id)).catch(onError);
      else await this.#giveUp(id, error).catch(onError);
    } finally {
      clearInterval(heartbeat);
      release();
    }
  }

  /** Prepares copies and buyers, opens the drop, and returns the crowd's report. Errors: Stopped. */
  async #play(record: RehearsalRecord, original: Original, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<CrowdReport> {
    const { shop, secret } = this.#options;
    const { id, plan } = record;
    const { userIds, product } = await copyForRehearsal(shop, id, plan, original);
    const tokens: string[] = [];
    const persons = personsOf(plan);
    for (const [i, userId] of userIds.entries()) {
      const person = `rehearsal-${id}-${persons[i]}`;
      tokens.push(mintRehearsalToken(secret, { id: userId, person }, TOKEN_HOURS, shop.config.auth));
      if (i % TOKENS_PER_TICK === 0) await yieldToEventLoop();
    }
    signal.throwIfAborted();
    const opensAt = shop.now() + OPENS_AFTER_MS;
    const opening = new Date(opensAt).toISOString();
    const couponId = original.coupon ? await copyCoupon(shop, id, original.coupon, opensAt) : null;
    const drop = plan.drop && product ? await copyDrop(shop, { id, productId: product.id, opensAt, plan: { ...plan, drop: plan.drop } }) : null;
    const progress = { opensAt: opening, arrived: 0, claimed: 0, sold: 0, refused: 0, done: 0 };
    await shop.database.rows(updateRehearsal(id, { state: "RUNNING", progress }));
    // The crowd's process uses this machine's clock, which may differ from the shop's.
    const opensAtMs = Date.now() + opensAt - shop.now();
    const crowd: CrowdPlan = { url: this.url, opensAtMs, arriveWithinMs: plan.arriveWithinMs, couponId, product, drop, tokens, persons };
    return runCrowd(crowd, signal, (counts) => onProgress({ opensAt: opening, ...counts }));
  }

  async #finish(id: string, crowdReport: CrowdReport): Promise<void> {
    const { shop } = this.#options;
    const { database } = shop;
    const record = await this.find(id);
    const [left] = await database.rows<Report["left"]>(selectRemaining(record.productId, record.couponId));
    const drop = record.dropId === null ? null : await outcomeOf(database, record.dropId, shop.now());
    const refunded = await this.#removeCopies(record);
    await database.rows(updateRehearsal(id, { state: "AUDITING", tidied: true }));
    const { violations, checkedAt } = await audit(database, shop.config.timezone);
    const report: Report = {
      ...crowdReport,
      left: left ?? { stock: null, coupons: null },
      refunded,
      drop,
      audit: { violations: violations.length, checkedAt },
    };
    await database.rows(updateRehearsal(id, { state: "DONE", report, finished: true }));
  }

  /** Ends a rehearsal that was stopped or failed, and removes its copies. */
  async #giveUp(id: string, error: unknown): Promise<void> {
    const { shop, onError } = this.#options;
    const state: State = error instanceof Stopped ? "STOPPED" : "FAILED";
    if (state === "FAILED") onError(error);
    const failure = state === "FAILED" ? { failure: "the rehearsal failed; the log has the error" } : {};
    await shop.database.rows(updateRehearsal(id, { state, finished: true, ...failure }));
    await this.#tidy(await this.find(id));
  }

  /** Abandons rehearsals of dead instances, and removes their copies in the background, one rehearsal at a time. */
  async #tidyOrphaned(): Promise<void> {
    const { database } = this.#options.shop;
    await database.rows(ABANDON_ORPHANED);
    if (this.#tidying !== undefined || this.#closing.signal.aborted) return;
    const [record] = await database.rows<RehearsalRecord>(CLAIM_UNTIDIED);
    if (!record) return;
    this.#tidying = this.#tidy(record)
      .catch(this.#options.onError)
      .finally(() => (this.#tidying = undefined));
  }

  async #tidy(record: RehearsalRecord): Promise<void> {
    await this.#removeCopies(record);
    await this.#options.shop.database.rows(updateRehearsal(record.id, { tidied: true }));
  }

  /** The line goes first, so that no unit passes on when orders are undone. */
  async #removeCopies(record: RehearsalRecord): Promise<number> {
    const { shop } = this.#options;
    if (record.dropId !== null) await closeCopy(shop, record.dropId);
    return removeCopies(shop, record);
  }
}
