import type { Mutation } from "./mutation.ts";
import { AFTERWARDS } from "./list/afterwards.ts";
import { IDENTITIES } from "./list/identity.ts";
import { DRAWS } from "./list/draws.ts";
import { DROPS } from "./list/drops.ts";
import { CATALOG } from "./list/catalog.ts";
import { CONNECTIONS } from "./list/connections.ts";
import { CONSTRAINTS } from "./list/constraints.ts";
import { COUNTS } from "./list/counts.ts";
import { FULFILMENT } from "./list/fulfilment.ts";
import { JOURNAL } from "./list/journal.ts";
import { SIGN_IN } from "./list/sign-in.ts";
import { LOCKS } from "./list/locks.ts";
import { ORDERS } from "./list/orders.ts";
import { PEOPLE } from "./list/people.ts";
import { RULES_OF_THE_SHOP } from "./list/rules.ts";
import { OF_SETTLEMENT } from "./list/settlement.ts";
import { TIME_AND_SETTINGS } from "./list/time-and-settings.ts";
import { OF_THE_TILL } from "./list/till.ts";

/** All mutations. Each breaks a promise about stock, money, stored responses, deliveries or access. */
export const MUTATIONS: Mutation[] = [
  ...LOCKS,
  ...CONNECTIONS,
  ...CONSTRAINTS,
  ...COUNTS,
  ...RULES_OF_THE_SHOP,
  ...CATALOG,
  ...ORDERS,
  ...FULFILMENT,
  ...JOURNAL,
  ...SIGN_IN,
  ...PEOPLE,
  ...OF_THE_TILL,
  ...AFTERWARDS,
  ...IDENTITIES,
  ...DRAWS,
  ...DROPS,
  ...OF_SETTLEMENT,
  ...TIME_AND_SETTINGS,
];
