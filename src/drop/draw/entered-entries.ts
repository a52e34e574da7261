// The entries of a draw in memory, read once.

import { type DrawEntry, leafOf } from "./draw.ts";
import { HASH_BYTES } from "./merkle.ts";

export type EnteredRow = DrawEntry & { waits: boolean };

/** Places of entries in the drawn order that wait for the same variant and quantity. */
export type DrawnLine = { variantId: string; quantity: number; numbers: number[]; ranks: number[] };

/** Entries in order of number, 45 bytes each. */
export class EnteredEntries {
  readonly #dropId: string;
  #numbers = new Int32Array(1024);
  #leaves = Buffer.alloc(1024 * HASH_BYTES);
  /** The line of each entry: its variant and quantity. Negative for an entry that has left since the close. */
  #lines = new Int32Array(1024);
  readonly #lineKeys: { variantId: string; quantity: number }[] = [];
  readonly #lineIndex = new Map<string, number>();
  count = 0;

  constructor(dropId: string) {
    this.#dropId = dropId;
  }

  add(entry: EnteredRow): void {
    if (this.count === this.#numbers.length) this.#grow();
    const at = this.count++;
    this.#numbers[at] = entry.number;
    leafOf(this.#dropId, entry).copy(this.#leaves, at * HASH_BYTES);
    this.#lines[at] = entry.waits ? this.#lineOf(entry) : -1;
  }

  get leaves(): Buffer {
    return this.#leaves.subarray(0, this.count * HASH_BYTES);
  }

  get numbers(): Int32Array {
    return this.#numbers.subarray(0, this.count);
  }

  /**
   * The lines in the drawn order, in parts of at most `most` entries.
   * @param order of all entries, as `drawOrder` gives it
   */
  *linesIn(order: Uint32Array, most: number): Generator<DrawnLine> {
    const filling: (DrawnLine | undefined)[] = [];
    for (const [i, place] of order.entries()) {
      const index = this.#lines[place] ?? -1;
      const key = this.#lineKeys[index];
      if (!key) continue;
      const line = (filling[index] ??= { ...key, numbers: [], ranks: [] });
      line.numbers.push(this.#numbers[place] ?? 0);
      line.ranks.push(i + 1);
      if (line.numbers.length < most) continue;
      filling[index] = undefined;
      yield line;
    }
    for (const line of filling) if (line) yield line;
  }

  #lineOf({ variantId, quantity }: EnteredRow): number {
    const key = `${quantity} ${variantId}`;
    const known = this.#lineIndex.get(key);
    if (known !== undefined) return known;
    this.#lineIndex.set(key, this.#lineKeys.length);
    return this.#lineKeys.push({ variantId, quantity }) - 1;
  }

  #grow(): void {
    const size = 2 * this.#numbers.length;
    this.#leaves = Buffer.concat([this.#leaves], size * HASH_BYTES);
    this.#numbers = copied(this.#numbers, size);
    this.#lines = copied(this.#lines, size);
  }
}

function copied(from: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(size);
  to.set(from);
  return to;
}
