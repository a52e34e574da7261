// The points at which a shop can die, as they turn out while it lives, and how often it died at each.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { SeededRandom } from "../../support/random.ts";

type Seen = {
  hits: number;
  /** How often it was aimed at, and missed, since it was hit last. */
  misses: number;
  /** Passed only in lives whose connections were broken, so far. */
  onlyInTrouble: boolean;
};

const MOST_MISSES = 6;

export class KillPoints {
  readonly #path: string;
  readonly #which: (point: string) => boolean;
  readonly #seen = new Map<string, Seen>();
  #read = 0;

  /** @param path where the shop notes its points; `which` of them count */
  constructor(path: string, which: (point: string) => boolean) {
    this.#path = path;
    this.#which = which;
  }

  get all(): [point: string, hits: number][] {
    return [...this.#seen].map(([point, { hits }]) => [point, hits] as [string, number]).sort();
  }

  get neverHit(): string[] {
    return this.all.flatMap(([point, hits]) => (hits === 0 ? [point] : []));
  }

  /** Whether there is none left that was not hit, or aimed at so often that it seems not to come by any more. */
  get areThrough(): boolean {
    return [...this.#seen.values()].every(({ hits, misses }) => hits > 0 || misses >= MOST_MISSES);
  }

  isOnlyInTrouble(point: string): boolean {
    return this.#seen.get(point)?.onlyInTrouble ?? true;
  }

  /** One of those at which it died least often; those that were missed come later, so that nothing is aimed at for ever. */
  aim(dice: SeededRandom): { point: string; pass: number } | undefined {
    const rank = ({ hits, misses }: Seen): number => hits * MOST_MISSES + misses;
    const least = Math.min(...[...this.#seen.values()].map(rank));
    const rarest = [...this.#seen].filter(([, seen]) => rank(seen) === least);
    if (rarest.length === 0) return undefined;
    const [point, { misses }] = dice.pick(rarest);
    // The first time is the surest; later ones meet a shop in full swing.
    return { point, pass: misses > 0 ? 1 : 1 + dice.below(3) };
  }

  /** Learns what the last life has passed. Answers where it died, if it was at a point. */
  learn(aimedAt: string | undefined, inTrouble: boolean): string | undefined {
    const text = existsSync(this.#path) ? readFileSync(this.#path, "utf8").slice(this.#read) : "";
    this.#read += text.length;
    let diedAt: string | undefined;
    for (const line of text.split("\n").filter(Boolean)) {
      if (line.startsWith("died ")) diedAt = line.slice("died ".length);
      else if (this.#which(line)) {
        const seen = this.#seen.get(line) ?? { hits: 0, misses: 0, onlyInTrouble: true };
        this.#seen.set(line, { ...seen, onlyInTrouble: seen.onlyInTrouble && inTrouble });
      }
    }
    const aimed = aimedAt === undefined ? undefined : this.#seen.get(aimedAt);
    if (aimed && diedAt === aimedAt) Object.assign(aimed, { hits: aimed.hits + 1, misses: 0 });
    else if (aimed) aimed.misses++;
    return diedAt;
  }
}

/** What happens to a database once, and so is tortured by itself. */
export function isOfMigration(point: string): boolean {
  return point.includes("(database/migrate)");
}

/** Splits the points into `of` parts that stay the same from run to run; this is one of them. */
export function inPart(part: number, of: number): (point: string) => boolean {
  return (point) => createHash("sha1").update(point).digest().readUInt32BE() % of === part - 1;
}
