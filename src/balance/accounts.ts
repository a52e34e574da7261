// The users of an issuer's shoppers, by external id.

import type { Accounts } from "../http/tokens.ts";
import { refuse } from "../refusal.ts";
import type { Till } from "../till/till.ts";
import { findUser, provisionUser } from "./provision-user.ts";
import { lruCache } from "../lru.ts";

const MAX_CACHED = 100_000;

export class CachedAccounts implements Accounts {
  readonly #ids = lruCache<string>(MAX_CACHED);
  /** Lookups in progress: concurrent first requests of one subject share a lookup. */
  readonly #lookups = new Map<string, Promise<string>>();
  readonly #till: Till;
  readonly #provision: boolean;
  /** Raised by `forget`, so that a user found before a change is not stored after it. */
  #epoch = 0;

  /** @param provision whether an unknown external id becomes a user */
  constructor({ till, provision }: { till: Till; provision: boolean }) {
    this.#till = till;
    this.#provision = provision;
  }

  userOf(externalId: string, name: string): string | Promise<string> {
    const known = this.#ids.get(externalId) ?? this.#lookups.get(externalId);
    if (known !== undefined) return known;
    const lookup = this.#find(externalId, name).finally(() => {
      if (this.#lookups.get(externalId) === lookup) this.#lookups.delete(externalId);
    });
    this.#lookups.set(externalId, lookup);
    return lookup;
  }

  /** Drops a subject whose user has another external id now; without a subject, drops all. */
  forget(externalId?: string): void {
    this.#epoch++;
    this.#lookups.clear();
    if (externalId === undefined) this.#ids.clear();
    else this.#ids.delete(externalId);
  }

  async #find(externalId: string, name: string): Promise<string> {
    const epoch = this.#epoch;
    const found = this.#provision
      ? await this.#till.submit(provisionUser, { externalId, name })
      : ((await this.#till.submit(findUser, externalId)) ?? refuse("FORBIDDEN"));
    if (epoch === this.#epoch) this.#ids.set(externalId, found);
    return found;
  }
}
