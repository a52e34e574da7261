// The kill points that the shop has reported so far (die-at.ts), and the number of kills at each.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { SeededRandom } from "../../support/random.ts";

type Seen = {
  hits: number;
  /** Runs since the last hit that were to die at this point and did not pass it. */
  misses: number;
  /** Passed only in runs whose connections were broken, so far. */
  needsBrokenConnections: boolean;
};

const MAX_MISSES = 6;

export class KillPoints {
  readonly #path: string;
  readonly #isIncluded: (point: string) => boolean;
  readonly #seen = new Map<string, Seen>();
  #read = 0;

  /** @param path file to which the shop writes its kill points */
  constructor(path: string, isIncluded: (point: string) => boolean) {
    this.#path = path;
    this.#isIncluded = isIncluded;
  }

  get all(): [point: string, hits: number][] {
    return [...this.#seen].map(([point, { hits }]) => [point, hits] as [string, number]).sort();
  }

  get neverHit(): string[] {
    return this.all.flatMap(([point, hits]) => (hits === 0 ? [point] : []));
  }

  /** Whether every kill point was hit, or missed so often that the shop seems not to pass it anymore. */
  get areDone(): boolean {
    return [...this.#seen.values()].every(({ hits, misses }) => hits > 0 || misses >= MAX_MISSES);
  }

  needsBrokenConnections(point: string): boolean {
    return this.#seen.get(point)?.needsBrokenConnections ?? true;
  }

  /** Picks one of the kill points with the fewest hits, missed ones last. */
  pick(rng: SeededRandom): { point: string; pass: number } | undefined {
    const rank = ({ hits, misses }: Seen): number => hits * MAX_MISSES + misses;
    const least = Math.min(...[...this.#seen.values()].map(rank));
    const rarest = [...this.#seen].filter(([, seen]) => rank(seen) === least);
    if (rarest.length === 0) return undefined;
    const [point, { misses }] = rng.pick(rarest);
    // The first pass is certain; a later pass happens under full load.
    return { point, pass: misses > 0 ? 1 : 1 + rng.below(3) };
  }

  /** Reads which kill points the last run has passed. Returns the one at which it died, if any. */
  learn(target: string | undefined, withBrokenConnections: boolean): string | undefined {
    const text = existsSync(this.#path) ? readFileSync(this.#path, "utf8").slice(this.#read) : "";
    this.#read += text.length;
    let diedAt: string | undefined;
    for (const line of text.split("\n").filter(Boolean)) {
      if (line.startsWith("died ")) diedAt = line.slice("died ".length);
      else if (this.#isIncluded(line)) {
        const seen = this.#seen.get(line) ?? { hits: 0, misses: 0, needsBrokenConnections: true };
        this.#seen.set(line, { ...seen, needsBrokenConnections: seen.needsBrokenConnections && withBrokenConnections });
      }
    }
    const seen = target === undefined ? undefined : this.#seen.get(target);
    if (seen && diedAt === target) Object.assign(seen, { hits: seen.hits + 1, misses: 0 });
    else if (seen) seen.misses++;
    return diedAt;
  }
}

/** Migrations run once per database, so first-start.ts tests them. */
export function isOfMigration(point: string): boolean {
  return point.includes("(database/migrate)");
}

/** One of `of` shares of the kill points, the same in each run. */
export function inPart(part: number, of: number): (point: string) => boolean {
  return (point) => createHash("sha1").update(point).digest().readUInt32BE() % of === part - 1;
}
