// The messages by which instances tell each other (PostgreSQL NOTIFY) that cached data is outdated. A message is a list of words.
// Every instance hears its own messages too; a change's name lets a shared cache handle them once.

import { randomUUID } from "node:crypto";
import type { Cache } from "../cache/cache.ts";
import { PRODUCT_LISTS } from "../catalog/catalog.routes.ts";
import { changesAppearance, changesCatalog } from "../catalog/catalog-changes.ts";
import { freedExternalIds } from "../balance/account-changes.ts";
import { editedCampaignIds, soldOutCampaignIds } from "../coupon/campaign-changes.ts";
import type { SoldOut } from "../coupon/sold-out.ts";
import type { ProductDrops } from "../drop/product-drops.ts";
import { DROPS } from "../drop/read-drop.ts";
import { changesDrops, changesProductDrops } from "../drop/drop-changes.ts";
import type { Database } from "../database/pool.ts";
import { POPULAR } from "../popular/popular.routes.ts";
import { CHANNEL } from "../till/postgres-store.ts";
import type { Changes } from "../till/table.ts";

/** Lists that show stock or products. */
const STOCK_CHANGED = "stock";
/** The list of popular products. */
const POPULAR_CHANGED = "popular";
/** Which products are in drops. */
const PRODUCT_DROPS_CHANGED = "product-drops";
/** Drops or their entries. */
const DROPS_CHANGED = "drops";
/** Followed by the id of a campaign that an operator has changed. */
const CAMPAIGN_CHANGED = "campaign:";
/** The stored settings (settings/stored-settings.ts). */
export const SETTINGS_CHANGED = "settings";
/** Followed by an external id, in base64url, that its user has lost; with `*`, any may have been. */
const ACCOUNT_CHANGED = "account:";
const ANY_ACCOUNT = "*";
/** Most external ids in a message: PostgreSQL sends at most 8,000 bytes. */
const ACCOUNTS_NAMED = 4;
/** All of the above: messages may have been missed. */
const EVERYTHING_CHANGED = "everything";
/** Followed by the id of a campaign that a round has found sold out. Only workers are told: other instances find out themselves. */
const SOLD_OUT = "sold-out:";
/** Followed by the name of the change. */
const CHANGE_NAME = "@";

export type InvalidationOptions = {
  database: Database;
  cache: Cache;
  soldOut: SoldOut;
  productDrops: ProductDrops;
  /** Called when drops, their entries or any stock were changed. */
  onDropsChanged: () => void;
  /** Called with the external id that a user has lost; without one, if any may have been. */
  onAccountsChanged: (externalId?: string) => void;
  /** Checks the stored settings again. */
  onSettingsChanged: () => void;
  /** The holders of a sold-out coupon could not be read; the till goes on refusing. */
  onError: (error: Error) => void;
};

export class Invalidation {
  readonly #options: InvalidationOptions;

  constructor(options: InvalidationOptions) {
    this.#options = options;
  }

  /** Handles a message of any instance. */
  receive(message: string): void {
    const { cache, soldOut, productDrops, onSettingsChanged, onDropsChanged, onAccountsChanged, onError } = this.#options;
    const words = message.split(" ");
    const change = words.find((word) => word.startsWith(CHANGE_NAME));
    for (const word of words) {
      if (word === STOCK_CHANGED || word === EVERYTHING_CHANGED) cache.drop(PRODUCT_LISTS, change);
      if (word === STOCK_CHANGED || word === DROPS_CHANGED || word === EVERYTHING_CHANGED) {
        cache.drop(DROPS, change);
        onDropsChanged();
      }
      if (word === POPULAR_CHANGED || word === EVERYTHING_CHANGED) cache.drop(POPULAR, change);
      if (word === PRODUCT_DROPS_CHANGED || word === EVERYTHING_CHANGED) productDrops.forget();
      if (word === SETTINGS_CHANGED) onSettingsChanged();
      if (word === EVERYTHING_CHANGED) soldOut.forget();
      if (word === EVERYTHING_CHANGED || word === ACCOUNT_CHANGED + ANY_ACCOUNT) onAccountsChanged();
      else if (word.startsWith(ACCOUNT_CHANGED)) onAccountsChanged(Buffer.from(word.slice(ACCOUNT_CHANGED.length), "base64url").toString());
      if (word.startsWith(CAMPAIGN_CHANGED)) soldOut.forget(word.slice(CAMPAIGN_CHANGED.length));
      if (word.startsWith(SOLD_OUT)) soldOut.learn(word.slice(SOLD_OUT.length)).catch(onError);
    }
  }

  /** Handles a gap in the messages: anything may have been missed. */
  missedMessages(): void {
    this.receive(EVERYTHING_CHANGED);
  }

  /**
   * Handles a round of this instance at once, before its message comes back from the database. Returns the message for the workers of this
   * till, which have to do the same; undefined if nothing is outdated.
   */
  committed(changes: Changes): string | undefined {
    const announcement = announcementOf(changes);
    const words = [...(announcement === undefined ? [] : [announcement]), ...soldOutCampaignIds(changes).map((id) => SOLD_OUT + id)];
    if (words.length === 0) return undefined;
    const message = words.join(" ");
    this.receive(message);
    return message;
  }

  /** The popular list has changed without a round: sales were aggregated. */
  popularChanged(): Promise<void> {
    const message = `${POPULAR_CHANGED} ${CHANGE_NAME}${randomUUID()}`;
    this.receive(message);
    return notify(this.#options.database, message);
  }
}

/** Sends a message to every instance. */
export async function notify(database: Database, message: string): Promise<void> {
  await database.rows({ name: "notify", text: "SELECT pg_notify($1, $2)", values: [CHANNEL, message] });
}

function accountWords(externalIds: string[]): string[] {
  if (externalIds.length > ACCOUNTS_NAMED) return [ACCOUNT_CHANGED + ANY_ACCOUNT];
  return externalIds.map((externalId) => ACCOUNT_CHANGED + Buffer.from(externalId).toString("base64url"));
}

const changeNames = new WeakMap<Changes, string>();

/** The message about a round's changes, sent in the round's own transaction; undefined if nothing is outdated. */
export function announcementOf(changes: Changes): string | undefined {
  const words = [
    ...(changesCatalog(changes) ? [STOCK_CHANGED] : []),
    ...(changesAppearance(changes) ? [POPULAR_CHANGED] : []),
    ...(changesProductDrops(changes) ? [PRODUCT_DROPS_CHANGED] : []),
    ...(changesDrops(changes) ? [DROPS_CHANGED] : []),
    ...accountWords(freedExternalIds(changes)),
    ...editedCampaignIds(changes).map((id) => CAMPAIGN_CHANGED + id),
  ];
  if (words.length === 0) return undefined;
  const name = changeNames.get(changes) ?? randomUUID();
  changeNames.set(changes, name);
  return [...words, CHANGE_NAME + name].join(" ");
}
