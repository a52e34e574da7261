// A naive model of one drop that gives holds, in plain lists. It shares no rule with src/.

export type Mode = "FIRST_COME" | "DRAW";
export type ModelEntry = {
  number: number;
  user: number;
  variant: number;
  quantity: number;
  status: string;
  /** The end of the hold, in the drop's own time, which stands still during a pause. */
  until: number;
  rank: number | null;
};
export type ModelOrder = { user: number; variant: number; quantity: number; entry: ModelEntry; cancelled: boolean };

export type DropStep =
  | { kind: "enter"; user: number; variant: number; quantity: number }
  | { kind: "leave"; user: number }
  | { kind: "lapse"; number: number; user: number }
  | { kind: "order"; user: number; variant: number; quantity: number }
  | { kind: "cancel"; order: number }
  | { kind: "add stock"; variant: number; units: number }
  | { kind: "pause" | "resume" | "close" | "close entries" }
  | { kind: "draw"; ranks: ReadonlyMap<number, number> };

export const LIMIT = 2;
export const HOLD_MS = 60_000;

export class DropModel {
  readonly mode: Mode;
  readonly closesAt: number;
  readonly free: number[];
  readonly entries: ModelEntry[] = [];
  readonly orders: ModelOrder[] = [];
  readonly #bought: number[];
  #pausedAt: number | null = null;
  #pausedMs = 0;
  #closed = false;
  #entriesClosed = false;
  isDrawn = false;

  constructor(mode: Mode, closesAt: number, stock: readonly number[], users: number) {
    this.mode = mode;
    this.closesAt = closesAt;
    this.free = [...stock];
    this.#bought = Array.from({ length: users }, () => 0);
  }

  /** The result that a step must have at this instant: a refusal, or the status of the entry that it is about. */
  do(step: DropStep, now: number): string {
    switch (step.kind) {
      case "enter":
        return this.#enter(step, now);
      case "leave":
        return this.#leave(step.user, now);
      case "lapse":
        return this.#lapse(step.number, step.user, now);
      case "order":
        return this.#order(step, now);
      case "cancel":
        return this.#cancel(step.order, now);
      case "add stock":
        this.#release(step.variant, step.units, now);
        return "done";
      case "draw":
        return this.#draw(step.ranks, now);
      case "close entries":
        return this.#closeEntries(now);
      case "pause":
      case "resume":
      case "close":
        return this.#steer(step.kind, now);
    }
  }

  last(user: number): ModelEntry | undefined {
    return this.entries.findLast((entry) => entry.user === user);
  }

  #ownTime(now: number): number {
    return (this.#pausedAt ?? now) - this.#pausedMs;
  }

  #isOver(now: number): boolean {
    return this.#closed || this.#entriesClosed || now >= this.closesAt;
  }

  /** How long all finished pauses were together. */
  get pausedMs(): number {
    return this.#pausedMs;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  isDue(entry: ModelEntry, now: number): boolean {
    return entry.status === "HELD" && this.#pausedAt === null && entry.until <= this.#ownTime(now);
  }

  #enter({ user, variant, quantity }: { user: number; variant: number; quantity: number }, now: number): string {
    if (this.#isOver(now)) return "DROP_CLOSED CLOSED";
    if (this.#pausedAt !== null) return "DROP_CLOSED PAUSED";
    const last = this.last(user);
    if (last && last.status !== "LEFT" && last.status !== "LAPSED") return "DROP_ALREADY_ENTERED";
    if ((this.#bought[user] ?? 0) + quantity > LIMIT) return "DROP_LIMIT_EXCEEDED";
    const entry: ModelEntry = { number: this.entries.length + 1, user, variant, quantity, status: "WAITING", until: 0, rank: null };
    this.entries.push(entry);
    if (this.mode === "FIRST_COME" && (this.free[variant] ?? 0) >= quantity) this.#hold(entry, now);
    return entry.status;
  }

  #leave(user: number, now: number): string {
    const entry = this.last(user);
    if (!entry) return "ENTRY_NOT_FOUND";
    if (entry.status === "ORDERED" || entry.status === "BOUGHT") return "DROP_ENTRY_ORDERED";
    const isLost = entry.status === "WAITING" && (this.#closed || (this.mode === "FIRST_COME" && this.#isOver(now)));
    if (!isLost && (entry.status === "WAITING" || entry.status === "HELD")) this.#end(entry, "LEFT", now);
    return "done";
  }

  #lapse(number: number, user: number, now: number): string {
    const entry = this.last(user);
    if (entry?.number !== number || !this.isDue(entry, now)) return "not due";
    this.#end(entry, "LAPSED", now);
    return "LAPSED";
  }

  #order({ user, variant, quantity }: { user: number; variant: number; quantity: number }, now: number): string {
    if (this.#closed) return "DROP_CLOSED CLOSED";
    if (this.#pausedAt !== null) return "DROP_CLOSED PAUSED";
    const entry = this.last(user);
    if (entry?.status !== "HELD" || this.isDue(entry, now) || entry.variant !== variant || quantity > entry.quantity)
      return this.mode === "FIRST_COME" && this.#isOver(now) ? "DROP_CLOSED CLOSED" : "DROP_ENTRY_REQUIRED";
    entry.status = "BOUGHT";
    this.#bought[user] = (this.#bought[user] ?? 0) + quantity;
    this.orders.push({ user, variant, quantity, entry, cancelled: false });
    if (entry.quantity > quantity) this.#release(variant, entry.quantity - quantity, now);
    return "BOUGHT";
  }

  #cancel(index: number, now: number): string {
    const order = this.orders[index];
    if (!order || order.cancelled) return "ORDER_NOT_CANCELLABLE STATUS";
    order.cancelled = true;
    this.#bought[order.user] = (this.#bought[order.user] ?? 0) - order.quantity;
    order.entry.status = "LEFT";
    this.#release(order.variant, order.quantity, now);
    return "done";
  }

  #closeEntries(now: number): string {
    if (this.#closed || this.#pausedAt !== null || this.isDrawn || !this.#isOver(now)) return "not now";
    this.#entriesClosed = true;
    return "done";
  }

  #draw(ranks: ReadonlyMap<number, number>, now: number): string {
    if (this.#closed || this.#pausedAt !== null || this.isDrawn || !this.#isOver(now)) return "not now";
    for (const entry of this.entries) entry.rank = ranks.get(entry.number) ?? null;
    this.isDrawn = true;
    this.#passAll(now);
    return "done";
  }

  #steer(kind: "pause" | "resume" | "close", now: number): string {
    if (kind !== "close" && this.#closed) return "DROP_CLOSED CLOSED";
    if (kind === "pause") this.#pausedAt ??= now;
    if (kind === "resume" && this.#pausedAt !== null) {
      this.#pausedMs += now - this.#pausedAt;
      this.#pausedAt = null;
      this.#passAll(now);
    }
    if (kind === "close" && !this.#closed) {
      this.#closed = true;
      this.#pausedAt = null;
      for (const entry of this.entries) if (entry.status === "HELD") this.#end(entry, "LAPSED", now);
    }
    return "done";
  }

  #end(entry: ModelEntry, status: string, now: number): void {
    const held = entry.status === "HELD";
    entry.status = status;
    if (held) this.#release(entry.variant, entry.quantity, now);
  }

  #release(variant: number, units: number, now: number): void {
    this.free[variant] = (this.free[variant] ?? 0) + units;
    this.#pass(variant, now);
  }

  #passAll(now: number): void {
    for (const variant of this.free.keys()) this.#pass(variant, now);
  }

  #pass(variant: number, now: number): void {
    if (this.#closed || this.#pausedAt !== null || (this.mode === "DRAW" ? !this.isDrawn : this.#isOver(now))) return;
    const line = this.entries.filter((entry) => entry.status === "WAITING" && entry.variant === variant);
    line.sort((a, b) => (a.rank ?? a.number) - (b.rank ?? b.number));
    for (const entry of line) if (entry.quantity <= (this.free[variant] ?? 0)) this.#hold(entry, now);
  }

  #hold(entry: ModelEntry, now: number): void {
    this.free[entry.variant] = (this.free[entry.variant] ?? 0) - entry.quantity;
    Object.assign(entry, { status: "HELD", until: this.#ownTime(now) + HOLD_MS });
  }
}
