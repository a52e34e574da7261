// Answers the further reads of the commands of drops from rows in memory: lines, holds, and the statements of their preparation.

import { products, variants } from "../../../../src/catalog/catalog.sql.ts";
import type { Statement } from "../../../../src/database/statement.ts";
import { type Entry, type Person, placeOf } from "../../../../src/drop/drop.ts";
import { drops } from "../../../../src/drop/drop.sql.ts";
import { holds, lineHeads, lines } from "../../../../src/drop/line.sql.ts";
import { people, personKey } from "../../../../src/drop/person.sql.ts";
import { sales } from "../../../../src/drop/sale.sql.ts";
import { orders } from "../../../../src/order/order.sql.ts";
import type { Table } from "../../../../src/till/table.ts";
import { listed } from "../../../support/listed.ts";
import type { MemoryStore } from "../../../support/memory-store.ts";

/** Ranks by number, which a draw keeps beside the entries. */
export type Ranks = ReadonlyMap<number, number>;

type Entered = Person & { entry: Entry };

function waitingIn(store: MemoryStore, dropId: string, ranks: Ranks): Entered[] {
  const waiting = store.rows(people).filter((person): person is Entered => person.dropId === dropId && person.entry?.status === "WAITING");
  return waiting
    .map((person) => ({ ...person, entry: { ...person.entry, rank: ranks.get(person.entry.number) ?? null } }))
    .sort((a, b) => placeOf(a.entry) - placeOf(b.entry));
}

export function derivedTables(ranks: () => Ranks) {
  const derived = new Map<Table<unknown>, (store: MemoryStore, key: string, most: number) => unknown>();
  derived.set(lineHeads, (store, dropId) => ({ place: waitingIn(store, dropId, ranks()).map(({ entry }) => placeOf(entry))[0] ?? null }));
  derived.set(lines, (store, key, most) => {
    if (most === 0) return undefined;
    const [dropId = "", variantId] = key.split(":");
    const counts = new Map<number, number>();
    const waiting = waitingIn(store, dropId, ranks()).filter(({ entry }) => {
      if (entry.variantId !== variantId) return false;
      counts.set(entry.quantity, (counts.get(entry.quantity) ?? 0) + 1);
      return (counts.get(entry.quantity) ?? 0) <= most;
    });
    return { waiting, truncated: new Set([...counts].filter(([, count]) => count >= most).map(([quantity]) => quantity)) };
  });
  derived.set(holds, (store, dropId) => store.rows(people).filter((person) => person.dropId === dropId && person.entry?.status === "HELD"));
  return derived;
}

/** A person is read again as the database has it, without the marks of the round that wrote it. */
export const guardedTables = new Map<Table<unknown>, (row: unknown) => unknown>([
  [
    people,
    (row) => {
      const { entry, ...person } = row as Person;
      const { made: _, changed: __, ...kept } = entry ?? ({} as Entry);
      return { ...person, entry: entry && kept, stored: true };
    },
  ],
  [sales, (row) => row],
]);

/** Answers of the statements that prepare commands. */
export function preparing(store: MemoryStore): (statement: Statement) => unknown[] {
  const variantsOf = (productId: string) => store.rows(variants).filter((one) => one.productId === productId);
  const readers: Record<string, (values: unknown[]) => unknown[]> = {
    "select variant ids": ([ids]) =>
      listed(ids).map((productId) => ({ productId, variantIds: variantsOf(productId).map(({ id }) => id), variantsAdded: 0 })),
    "select drop of product": ([id]) => [{ dropId: store.row(products, id as string)?.dropId ?? null }],
    "select product drops": () => store.rows(products).flatMap(({ id, dropId }) => (dropId ? [{ productId: id, dropId }] : [])),
    "select products of drops": ([ids]) => store.rows(drops).filter(({ id }) => listed(ids).includes(id)),
    "select stock of drop": ([dropId]) =>
      store
        .rows(drops)
        .filter(({ id }) => id === dropId)
        .map(({ productId }) => ({ productId, stock: variantsOf(productId).map(({ id, stock }) => ({ variantId: id, units: stock })) })),
    "select entries of people": ([dropIds, persons]) =>
      listed(persons).flatMap((person, i) => {
        const dropId = listed(dropIds)[i] ?? "";
        const entry = store.row(people, personKey(dropId, person))?.entry;
        const drop = store.row(drops, dropId);
        if (!entry || !drop) return [];
        return [{ ...entry, dropId, person, productId: drop.productId, isDrawn: drop.draw?.drawnAt != null }];
      }),
    "select stock places": ([ids]) =>
      store
        .rows(variants)
        .filter(({ id }) => listed(ids).includes(id))
        .map(({ id, productId, stock }) => ({ variantId: id, sku: null, stock, productId, dropId: store.row(products, productId)?.dropId ?? null })),
    "select immutable orders": ([ids]) =>
      listed(ids).flatMap((id) => {
        const order = store.row(orders, id);
        return order ? [{ id, userId: order.userId, userCouponId: order.userCouponId, lineItems: order.items }] : [];
      }),
    "select drop sales": ([ids]) =>
      listed(ids).flatMap((orderId) => (store.row(sales, orderId) ?? []).map(({ dropId, person }) => ({ orderId, dropId, person }))),
  };
  return ({ name, values }) => {
    const read = readers[name];
    if (!read) throw new Error(`the simulation does not know the statement ${name}`);
    return read(values);
  };
}
