// How a rehearsal's crowd behaves at a drop that gives holds: people enter, wait until the line has come to them, and order, give up, or let
// the hold lapse.

import { setTimeout as pause } from "node:timers/promises";
import type { RehearsedDrop } from "./crowd-messages.ts";
import type { CrowdRequest } from "./crowd-report.ts";
import type { Requests } from "./crowd-requests.ts";

type Entry = { number: number; rank: number | null; status: string; variantId: string };
type Visitor = { token: string; buy: (variantId: string) => Promise<void> };
type Waiting = Visitor & { place: number };

const LOOK_MS = 250;
/** How long the crowd waits for a turn after the last one, beyond the time of a hold. */
const PATIENCE_MS = 3000;

export class CrowdLine {
  readonly entries: CrowdRequest[] = [];
  readonly #requests: Requests;
  readonly #drop: RehearsedDrop;
  readonly #decisions: Promise<void>[] = [];
  #waiting: Waiting[] = [];
  #decided = 0;

  constructor(requests: Requests, drop: RehearsedDrop) {
    this.#requests = requests;
    this.#drop = drop;
  }

  get #path(): string {
    return `/drops/${this.#drop.id}/entries`;
  }

  /** Enters, and decides at once if units are held. Returns whether the entry was taken. */
  async enter(visitor: Visitor, variantId: string): Promise<boolean> {
    const { token } = visitor;
    const { text, ...sent } = await this.#requests.send({
      token,
      path: this.#path,
      body: { variantId },
      key: `enter-${this.#drop.id}`,
      id: "entryId",
    });
    this.entries.push(sent);
    if (sent.refusal !== null) return false;
    await this.#meet(visitor, JSON.parse(text) as Entry);
    return true;
  }

  /** Follows the line until each who waits had a turn, or no turn comes any more. @param token of any visitor */
  async follow(token: string): Promise<void> {
    if (this.#drop.mode === "DRAW") await this.#draw(token);
    let movedAt = performance.now();
    for (let called = -1; this.#waiting.length > 0 && performance.now() - movedAt < this.#drop.holdMs + PATIENCE_MS; await pause(LOOK_MS)) {
      const drop = await this.#requests.read<{ called: number }>(token, `/drops/${this.#drop.id}`);
      if (drop === undefined || drop.called === called) continue;
      called = drop.called;
      movedAt = performance.now();
      const due = this.#waiting.filter(({ place }) => place <= called);
      this.#waiting = this.#waiting.filter(({ place }) => place > called);
      await Promise.all(due.map((visitor) => this.#look(visitor)));
    }
    await Promise.all(this.#decisions);
  }

  /** Waits for the draw, after which each entry has another place. */
  async #draw(token: string): Promise<void> {
    for (const until = performance.now() + this.#drop.drawWithinMs; performance.now() < until; await pause(LOOK_MS)) {
      const draw = await this.#requests.read<{ drawnAt: string | null }>(token, `/drops/${this.#drop.id}/draw`);
      if (draw !== undefined && draw.drawnAt !== null) break;
    }
    const all = this.#waiting;
    this.#waiting = [];
    await Promise.all(all.map((visitor) => this.#look(visitor)));
  }

  async #look(visitor: Visitor): Promise<void> {
    const entry = await this.#requests.read<Entry>(visitor.token, `${this.#path}/mine`);
    if (entry) await this.#meet(visitor, entry);
  }

  async #meet(visitor: Visitor, { status, number, rank, variantId }: Entry): Promise<void> {
    if (status === "WAITING") this.#waiting.push({ ...visitor, place: rank ?? number });
    if (status !== "HELD") return;
    const n = this.#decided++;
    // Spread evenly; of those who give up, each second lets the hold lapse.
    const givesUp = Math.floor(((n + 1) * this.#drop.giveUpPercent) / 100) - Math.floor((n * this.#drop.giveUpPercent) / 100);
    if (givesUp === 0) this.#decisions.push(visitor.buy(variantId));
    else if (n % 2 === 0) await this.#requests.send({ token: visitor.token, method: "DELETE", path: `${this.#path}/mine` });
  }
}
