// The sold-out products and drops that a visitor waits for. The browser keeps the list, and an open page of the shop watches it.

import { signal } from "@preact/signals";
import { isRefusal } from "#client";
import { readStored, store } from "../../shared/storage.ts";
import { shop } from "../api.ts";
import { statusNow } from "./drop/drop-data.ts";

/** `variantId` is null for the whole product, and for a drop. */
export type Watched = { kind: "products" | "drops"; id: string; variantId: string | null; name: string };

const KEY = "jangnal.restock";
const MOST = 10;
const EVERY_MS = 10_000;

const list = signal<readonly Watched[]>(read());
// Another tab has changed the list.
addEventListener("storage", ({ key }) => key === KEY && (list.value = read()));

function read(): Watched[] {
  try {
    const stored = JSON.parse(readStored("localStorage", KEY) ?? "[]") as unknown;
    return Array.isArray(stored) ? stored.filter(isWatched).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

function isWatched(value: unknown): value is Watched {
  const { kind, id, variantId, name } = (value ?? {}) as Record<string, unknown>;
  return (kind === "products" || kind === "drops") && [id, variantId ?? "", name].every((text) => typeof text === "string");
}

const isSame = (a: Omit<Watched, "name">, b: Watched): boolean => a.kind === b.kind && a.id === b.id && a.variantId === b.variantId;

export const isOnList = (item: Omit<Watched, "name">): boolean => list.value.some((other) => isSame(item, other));

export function addToList(item: Watched): void {
  write([item, ...read().filter((other) => !isSame(item, other))]);
}

export function removeFromList(item: Omit<Watched, "name">): void {
  write(read().filter((other) => !isSame(item, other)));
}

function write(items: readonly Watched[]): void {
  store("localStorage", KEY, JSON.stringify(items.slice(0, MOST)));
  list.value = items.slice(0, MOST);
}

/** Watches the list, also while the page is in the background. Call once. @param back called for each item that can be bought again */
export function watchList(back: (item: Watched) => void): void {
  const next = (): unknown => setTimeout(() => void look().then(next), EVERY_MS * (0.9 + Math.random() / 5));
  const look = async (): Promise<void> => {
    for (const item of list.peek()) {
      const state = await stateOf(item);
      // The visitor, or another tab, may have taken it off the list.
      if (state === "SOLD_OUT" || !isOnList(item)) continue;
      removeFromList(item);
      if (state === "BACK") back(item);
    }
  };
  next();
}

async function stateOf({ kind, id, variantId }: Watched): Promise<"BACK" | "SOLD_OUT" | "GONE"> {
  try {
    if (kind === "drops") {
      const status = statusNow((await shop.getDrop({ path: { dropId: id } })).body);
      return status === "OPEN" ? "BACK" : status === "CLOSED" ? "GONE" : "SOLD_OUT";
    }
    const { body: product } = await shop.getProduct({ path: { productId: id } });
    const { status, stock } = variantId === null ? product : (product.variants.find((variant) => variant.id === variantId) ?? product);
    return status === "ON_SALE" && stock > 0 ? "BACK" : "SOLD_OUT";
  } catch (error) {
    return isRefusal(error, "DROP_NOT_FOUND", "PRODUCT_NOT_FOUND") ? "GONE" : "SOLD_OUT";
  }
}
