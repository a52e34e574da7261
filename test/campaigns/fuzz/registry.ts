// The ids in all responses so far, so that later requests use existing ids.

import { KINDS } from "./requests.ts";

const MAX_IDS = 100;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class Registry {
  /** Ids by kind, oldest first. */
  readonly #ids = new Map<string, string[]>();
  /** For each id the ids that appeared together with it, such as the buyer and the variants of an order. */
  readonly #related = new Map<string, Set<string>>();
  readonly #status = new Map<string, string>();

  of(kind: string): readonly string[] {
    return this.#ids.get(kind) ?? [];
  }

  all(): string[] {
    return [...this.#ids.values()].flat();
  }

  /** Ids of a kind that are related to most of the others, in one of the statuses if possible. */
  belonging(kind: string, others: readonly string[], statuses: readonly string[] | undefined): string[] {
    const known = this.#ids.get(kind) ?? [];
    const suitable = statuses ? known.filter((id) => statuses.includes(this.#status.get(id) ?? "")) : [];
    const rated = (suitable.length > 0 ? suitable : known).map((id) => ({
      id,
      rate: others.filter((other) => this.#related.get(id)?.has(other)).length,
    }));
    const best = Math.max(...rated.map(({ rate }) => rate));
    return rated.flatMap(({ id, rate }) => (rate === best ? [id] : []));
  }

  /** Registers all ids of a response. @param about the caller and the ids of the path */
  learn(path: string, body: unknown, about: readonly string[]): void {
    // Its entries name things of all kinds.
    if (path === "/admin/journal") return;
    const last = path.startsWith("/demo/") ? "demoUsers" : path.split("/").findLast((segment) => segment in KINDS);
    this.#visit(body, KINDS[last ?? ""] ?? "", last === "demoUsers", about);
  }

  remember(kind: string, id: string, above: readonly string[] = []): void {
    const ids = this.#ids.get(kind) ?? [];
    this.#ids.set(kind, ids);
    for (const other of above) {
      this.#relatedOf(id).add(other);
      this.#relatedOf(other).add(id);
    }
    if (ids.includes(id)) return;
    ids.push(id);
    // The first two ids stay: they have the longest history.
    if (ids.length > MAX_IDS) this.forget(ids[2] as string);
  }

  /** The known status has turned out to be wrong. */
  forgetStatus(id: string): void {
    this.#status.delete(id);
  }

  forget(id: string): void {
    for (const ids of this.#ids.values()) if (ids.includes(id)) ids.splice(ids.indexOf(id), 1);
    this.#related.delete(id);
    this.#status.delete(id);
  }

  #visit(part: unknown, kind: string, isKindFixed: boolean, above: readonly string[]): void {
    if (typeof part !== "object" || part === null) return;
    if (Array.isArray(part)) return part.forEach((one) => this.#visit(one, kind, isKindFixed, above));
    const properties = Object.entries(part);
    const named = properties.filter(([, value]) => typeof value === "string" && UUID.test(value)) as [string, string][];
    const ids = named.map(([, id]) => id);
    for (const [name, id] of named) this.remember(name === "id" || isKindFixed ? kind : name, id, [...above, ...ids]);
    if (ids[0] !== undefined && "status" in part) this.#status.set(ids[0], String(part.status));
    for (const [name, value] of properties) this.#visit(value, isKindFixed ? kind : (KINDS[name] ?? kind), isKindFixed, [...above, ...ids]);
  }

  #relatedOf(id: string): Set<string> {
    const related = this.#related.get(id) ?? new Set();
    this.#related.set(id, related);
    return related;
  }
}
