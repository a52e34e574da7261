// What the shop has named so far, so that later requests are about things that are there.

import { KINDS } from "./requests.ts";

const KEPT = 100;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class Registry {
  /** Ids by what they are of, the oldest forgotten first. */
  readonly #ids = new Map<string, string[]>();
  /** Of each id those that it was named together with: an order its buyer and its variants. */
  readonly #beside = new Map<string, Set<string>>();
  readonly #status = new Map<string, string>();

  of(kind: string): readonly string[] {
    return this.#ids.get(kind) ?? [];
  }

  all(): string[] {
    return [...this.#ids.values()].flat();
  }

  /** Those of a kind that belong to most of the others, and are in one of these statuses, if any is. */
  belonging(kind: string, others: readonly string[], statuses: readonly string[] | undefined): string[] {
    const known = this.#ids.get(kind) ?? [];
    const right = statuses ? known.filter((id) => statuses.includes(this.#status.get(id) ?? "")) : [];
    const rated = (right.length > 0 ? right : known).map((id) => ({ id, rate: others.filter((other) => this.#beside.get(id)?.has(other)).length }));
    const best = Math.max(...rated.map(({ rate }) => rate));
    return rated.flatMap(({ id, rate }) => (rate === best ? [id] : []));
  }

  /** Everything that an answer names. @param about what it is an answer to: who asked, and what the path named */
  learn(path: string, body: unknown, about: readonly string[]): void {
    const last = path.startsWith("/demo/") ? "demoUsers" : path.split("/").findLast((segment) => segment in KINDS);
    this.#look(body, KINDS[last ?? ""] ?? "", last === "demoUsers", about);
  }

  remember(kind: string, id: string, above: readonly string[] = []): void {
    const ids = this.#ids.get(kind) ?? [];
    this.#ids.set(kind, ids);
    for (const other of above) {
      this.#besideOf(id).add(other);
      this.#besideOf(other).add(id);
    }
    if (ids.includes(id)) return;
    ids.push(id);
    // The first are whoever draws and what was there at first: things with a history.
    if (ids.length > KEPT) this.forget(ids[2] as string);
  }

  /** In which status it is turned out to be wrong. */
  doubt(id: string): void {
    this.#status.delete(id);
  }

  forget(id: string): void {
    for (const ids of this.#ids.values()) if (ids.includes(id)) ids.splice(ids.indexOf(id), 1);
    this.#beside.delete(id);
    this.#status.delete(id);
  }

  #look(part: unknown, kind: string, isKindFixed: boolean, above: readonly string[]): void {
    if (typeof part !== "object" || part === null) return;
    if (Array.isArray(part)) return part.forEach((one) => this.#look(one, kind, isKindFixed, above));
    const members = Object.entries(part);
    const named = members.filter(([, value]) => typeof value === "string" && UUID.test(value)) as [string, string][];
    const ids = named.map(([, id]) => id);
    for (const [name, id] of named) this.remember(name === "id" || isKindFixed ? kind : name, id, [...above, ...ids]);
    if (ids[0] !== undefined && "status" in part) this.#status.set(ids[0], String(part.status));
    for (const [name, value] of members) this.#look(value, isKindFixed ? kind : (KINDS[name] ?? kind), isKindFixed, [...above, ...ids]);
  }

  #besideOf(id: string): Set<string> {
    const beside = this.#beside.get(id) ?? new Set();
    this.#beside.set(id, beside);
    return beside;
  }
}
