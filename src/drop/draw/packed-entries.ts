// The entries of a draw as they are read from its file.

import type { DrawLine } from "./draw-file.ts";
import { HASH_BYTES } from "./merkle.ts";

/** Entries in order of number, about 50 bytes each: a million fit into the memory of any machine. */
export class PackedEntries {
  /** 0: none. */
  ranks = new Float64Array(1024);
  #leaves = Buffer.alloc(1024 * HASH_BYTES);
  #quantities = new Float64Array(1024);
  #variants = new Uint32Array(1024);
  readonly #variantIds: string[] = [];
  readonly #variantIndex = new Map<string, number>();
  #lastNumber = 0;
  count = 0;
  /** The number of the first entry whose number does not follow the one before. */
  unordered: number | undefined;
  ranked = false;

  add(entry: DrawLine, leaf: Buffer): void {
    if (this.count === this.ranks.length) this.#grow();
    const at = this.count++;
    leaf.copy(this.#leaves, at * HASH_BYTES);
    this.ranks[at] = entry.rank ?? 0;
    this.#quantities[at] = entry.quantity;
    this.#variants[at] = this.#indexOf(entry.variantId);
    if (entry.number <= this.#lastNumber) this.unordered ??= entry.number;
    this.#lastNumber = entry.number;
    this.ranked ||= entry.rank !== null;
  }

  get leaves(): Buffer {
    return this.#leaves.subarray(0, this.count * HASH_BYTES);
  }

  at(place: number): { variantId: string; quantity: number } {
    return { variantId: this.#variantIds[this.#variants[place] ?? 0] ?? "", quantity: this.#quantities[place] ?? 0 };
  }

  #indexOf(variantId: string): number {
    const known = this.#variantIndex.get(variantId);
    if (known !== undefined) return known;
    this.#variantIndex.set(variantId, this.#variantIds.length);
    return this.#variantIds.push(variantId) - 1;
  }

  #grow(): void {
    const size = 2 * this.ranks.length;
    this.#leaves = Buffer.concat([this.#leaves], size * HASH_BYTES);
    this.ranks = copied(new Float64Array(size), this.ranks);
    this.#quantities = copied(new Float64Array(size), this.#quantities);
    this.#variants = copied(new Uint32Array(size), this.#variants);
  }
}

function copied<Numbers extends Uint32Array | Float64Array>(to: Numbers, from: Numbers): Numbers {
  to.set(from);
  return to;
}
