// Rehearsals under way and past. What one has come to stands in the database, so that whoever asks finds it at any instance and at any time; the
// instance that began it leads it to its end. Whose instance has died is tidied up by another.

import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { audit } from "../audit/audit.ts";
import { campaignOf, selectCampaigns } from "../coupon/campaign.sql.ts";
import { mintToken } from "../http/tokens.ts";
import { newId } from "../ids.ts";
import type { Live } from "../live/live.ts";
import { refuse } from "../refusal.ts";
import type { Config } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { CrowdPlan, CrowdSays } from "./crowd-plan.ts";
import type { CrowdReport, Plan, Progress, Report, State } from "./rehearsal.ts";
import {
  abandon,
  ABANDON_LEFT,
  askToStop,
  insertRehearsal,
  type RehearsalRecord,
  selectCopied,
  selectCopiesLeft,
  selectRehearsal,
  selectRehearsalPage,
  TAKE_UNTIDIED,
  updateRehearsal,
} from "./rehearsal.sql.ts";
import { type FixtureOptions, removeCopies, copyCoupon, type Original, copyForRehearsal } from "./rehearsal-fixture.ts";

export type StartRehearsal = { productId: string | null; couponId: string | null; buyers: number; arriveWithinMs: number };

/** With this file's own extension: packed, both are JavaScript. */
const CROWD = fileURLToPath(new URL(`./crowd${extname(import.meta.url)}`, import.meta.url));
/** From the last preparation to the opening: time for the crowd's process to start, and for whoever wants to watch. */
const OPENS_AFTER_MS = 2000;
const BEAT_MS = 500;
/** A crowd that hangs is sent home. Each of its requests ends by itself long before. */
const LONGEST_MS = 10 * 60_000;
const TOKEN_HOURS = 1;

/** An operator, or the end of the process, wants no more of it. */
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
  #underWay: Promise<void> | undefined;
  #tidying: Promise<void> | undefined;
  /** Where the shop listens, on this machine. */
  url = "";

  constructor(options: RehearsalsOptions) {
    this.#options = options;
  }

  /** Begins one, and answers before it is prepared. Errors: NOT_FOUND where the shop cannot mint tokens; PRODUCT_NOT_FOUND, COUPON_NOT_FOUND; BUSY while another is under way. */
  async start({ productId, couponId, buyers, arriveWithinMs }: StartRehearsal): Promise<RehearsalRecord> {
    const { shop } = this.#options;
    const { database, config } = shop;
    if (config.auth.jwksUrl !== undefined) refuse("NOT_FOUND");
    const original = await this.#originals(productId, couponId);
    const plan: Plan = {
      buyers,
      arriveWithinMs,
      product: original.product && { name: original.product.name, stock: original.product.variants.reduce((sum, { stock }) => sum + stock, 0) },
      coupon: original.coupon && { name: original.coupon.name, quantity: original.coupon.totalQuantity },
    };
    await this.#tidyUp();
    const now = shop.now();
    const [record] = await database.rows<RehearsalRecord>(
      insertRehearsal({ id: newId(now), plan, sourceProductId: productId, sourceCouponId: couponId, createdAt: new Date(now).toISOString() }),
    );
    if (!record || this.#closing.signal.aborted) refuse("BUSY", { retryAfter: 30 });
    this.#underWay = this.#lead(record, original);
    return record;
  }

  /** Errors: NOT_FOUND. */
  async find(id: string): Promise<RehearsalRecord> {
    await this.#tidyUp();
    const [record] = await this.#options.shop.database.rows<RehearsalRecord>(selectRehearsal(id));
    return record ?? refuse("NOT_FOUND", { id });
  }

  async page(before: string | null, limit: number): Promise<RehearsalRecord[]> {
    await this.#tidyUp();
    return this.#options.shop.database.rows<RehearsalRecord>(selectRehearsalPage(before, limit));
  }

  /** Asks whoever leads it to stop; one that is over stays as it is. Errors: NOT_FOUND. */
  async stop(id: string): Promise<RehearsalRecord> {
    const [record] = await this.#options.shop.database.rows<RehearsalRecord>(askToStop(id));
    return record ?? refuse("NOT_FOUND", { id });
  }

  /** Leaves what is under way to whoever comes next. */
  async close(): Promise<void> {
    this.#closing.abort(new Stopped());
    await Promise.all([this.#underWay, this.#tidying]);
  }

  async #originals(productId: string | null, couponId: string | null): Promise<Original> {
    const { database } = this.#options.shop;
    const [product] = productId === null ? [] : await database.rows<NonNullable<Original["product"]>>(selectCopied(productId));
    if (productId !== null && !product) refuse("PRODUCT_NOT_FOUND", { productId });
    const [row] = couponId === null ? [] : await database.rows<Record<string, unknown>>(selectCampaigns([couponId]));
    if (couponId !== null && !row) refuse("COUPON_NOT_FOUND", { couponId });
    return { product: product ?? null, coupon: row ? campaignOf(row) : null };
  }

  /** Leads it to its end, and writes down what that was. Throws nothing. */
  async #lead(record: RehearsalRecord, original: Original): Promise<void> {
    const { shop, live, onError } = this.#options;
    const { database } = shop;
    const { id } = record;
    const stopping = new AbortController();
    const letGo = live.hold();
    let progress: Progress | undefined;
    // Says that somebody is at it, and hears whether it is to be stopped.
    const beat = setInterval(() => {
      database
        .rows<{ stopAsked: boolean }>(updateRehearsal(id, progress ? { progress } : {}))
        .then(([row]) => row?.stopAsked && stopping.abort(new Stopped()), onError);
    }, BEAT_MS);
    try {
      const told = (next: Progress): void => void (progress = next);
      const crowd = await this.#play(record, original, AbortSignal.any([stopping.signal, this.#closing.signal]), told);
      await database.rows(updateRehearsal(id, { state: "TIDYING", ...(progress ? { progress } : {}) }));
      const played = await this.find(id);
      const [left] = await database.rows<Report["left"]>(selectCopiesLeft(played.productId, played.couponId));
      const refunded = await removeCopies(shop, played);
      await database.rows(updateRehearsal(id, { state: "AUDITING", tidied: true }));
      const { violations, checkedAt } = await audit(database, shop.config.timezone);
      const report: Report = {
        ...crowd,
        left: left ?? { stock: null, coupons: null },
        refunded,
        audit: { violations: violations.length, checkedAt },
      };
      await database.rows(updateRehearsal(id, { state: "DONE", report, over: true }));
    } catch (error) {
      if (this.#closing.signal.aborted) await database.rows(abandon(id)).catch(onError);
      else await this.#giveUp(id, error).catch(onError);
    } finally {
      clearInterval(beat);
      letGo();
    }
  }

  /** It is over; what it has left behind is tidied up. */
  async #giveUp(id: string, error: unknown): Promise<void> {
    const { shop, onError } = this.#options;
    const state: State = error instanceof Stopped ? "STOPPED" : "FAILED";
    if (state === "FAILED") onError(error);
    await shop.database.rows(updateRehearsal(id, { state, over: true, ...(state === "FAILED" ? { failure: "it broke; the log says why" } : {}) }));
    await this.#clear(await this.find(id));
  }

  /** Sets the stage, opens the doors, and answers what the crowd has seen. Errors: Stopped. */
  async #play(record: RehearsalRecord, original: Original, signal: AbortSignal, told: (progress: Progress) => void): Promise<CrowdReport> {
    const { shop, secret } = this.#options;
    const { id, plan } = record;
    const { userIds, product } = await copyForRehearsal(shop, id, plan, original);
    const tokens: string[] = [];
    for (const [i, userId] of userIds.entries()) {
      tokens.push(mintToken(secret, { id: userId, role: "shopper", rehearsal: true }, TOKEN_HOURS, shop.config.auth));
      if (i % 200 === 0) await breathe();
    }
    signal.throwIfAborted();
    const opensAt = shop.now() + OPENS_AFTER_MS;
    const opening = new Date(opensAt).toISOString();
    const couponId = original.coupon ? await copyCoupon(shop, id, original.coupon, opensAt) : null;
    const progress = { opensAt: opening, arrived: 0, claimed: 0, sold: 0, refused: 0, done: 0 };
    await shop.database.rows(updateRehearsal(id, { state: "RUNNING", progress }));
    // The crowd's process goes by this machine's clock, which need not be the shop's.
    const opensAtMs = Date.now() + opensAt - shop.now();
    const crowd: CrowdPlan = { url: this.url, opensAtMs, arriveWithinMs: plan.arriveWithinMs, couponId, product, tokens };
    return sendCrowd(crowd, signal, (heard) => told({ opensAt: opening, ...heard }));
  }

  /** Ends what dead instances have left, and tidies up after it, one at a time and not while anybody waits for it. */
  async #tidyUp(): Promise<void> {
    const { database } = this.#options.shop;
    await database.rows(ABANDON_LEFT);
    if (this.#tidying !== undefined || this.#closing.signal.aborted) return;
    const [left] = await database.rows<RehearsalRecord>(TAKE_UNTIDIED);
    if (!left) return;
    this.#tidying = this.#clear(left)
      .catch(this.#options.onError)
      .finally(() => (this.#tidying = undefined));
  }

  async #clear(record: RehearsalRecord): Promise<void> {
    const { shop } = this.#options;
    await removeCopies(shop, record);
    await shop.database.rows(updateRehearsal(record.id, { tidied: true }));
  }
}

/** Lets a crowd come in a process of its own. Errors: what `signal` was aborted with; that it broke, or took longer than any crowd should. */
async function sendCrowd(plan: CrowdPlan, signal: AbortSignal, told: (progress: Omit<Progress, "opensAt">) => void): Promise<CrowdReport> {
  // It has nothing of the shop's settings: what it needs stands in the plan.
  const child: ChildProcess = fork(CROWD, { env: {}, execArgv: [] });
  const report = Promise.withResolvers<CrowdReport>();
  const stop = (): void => report.reject(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  const overdue = setTimeout(() => report.reject(new Error("the crowd did not come to an end")), LONGEST_MS);
  child.on("message", (said: CrowdSays) => {
    if ("progress" in said) told(said.progress);
    else if ("report" in said) report.resolve(said.report);
    else report.reject(new Error(`the crowd broke: ${said.broken}`));
  });
  // Not once: what can't be started can't be told its plan either, and says so by another error, which must not end the shop.
  child.on("error", report.reject);
  child.once("exit", (code) => report.reject(new Error(`the crowd's process ended with ${code}`)));
  child.send(plan);
  try {
    return await report.promise;
  } finally {
    clearTimeout(overdue);
    signal.removeEventListener("abort", stop);
    child.kill();
  }
}
