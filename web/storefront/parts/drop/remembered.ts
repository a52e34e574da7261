// The drops that a user has entered in this browser, so that every page can lead back to them.

import { signal } from "@preact/signals";
import { readStored, store } from "../../../shared/storage.ts";

const MOST = 5;
const keyOf = (userId: string): string => `jangnal.drops ${userId}`;
/** Changes with each stored change of this page. */
const changes = signal(0);

export function rememberedDrops(userId: string): string[] {
  void changes.value;
  try {
    const stored = JSON.parse(readStored("localStorage", keyOf(userId)) ?? "[]") as unknown;
    return Array.isArray(stored) ? stored.filter((id) => typeof id === "string").slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export function rememberDrop(userId: string, dropId: string): void {
  write(userId, [dropId, ...rememberedDrops(userId).filter((id) => id !== dropId)]);
}

export function forgetDrop(userId: string, dropId: string): void {
  write(
    userId,
    rememberedDrops(userId).filter((id) => id !== dropId),
  );
}

function write(userId: string, dropIds: string[]): void {
  store("localStorage", keyOf(userId), JSON.stringify(dropIds.slice(0, MOST)));
  changes.value += 1;
}
