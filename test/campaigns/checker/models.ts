// The objects of the contract as sequential models, one for each partition of a history.

import type { Model } from "./linearizability.ts";

/** `null`: unknown until the first response that tells it. */
export type Stock = number | null;
export type StockInput =
  | { kind: "take"; units: number }
  | { kind: "give"; units: number }
  /** An operator's change, whose response has the stock after it. */
  | { kind: "adjust"; delta: number; stock: number | undefined }
  | { kind: "read"; stock: number }
  /** A refusal. It names the units that were free, fewer than requested. */
  | { kind: "refused"; requested: number; available: number };

/** Free units of a variant: never below zero. */
export function stockModel(initial: Stock): Model<Stock, StockInput> {
  return {
    initial,
    keyOf: String,
    classOf: (input) => (input.kind === "take" || input.kind === "give" ? `${input.kind} ${input.units}` : undefined),
    step(stock, input) {
      switch (input.kind) {
        case "take":
          return stock === null ? null : stock < input.units ? undefined : stock - input.units;
        case "give":
          return stock === null ? null : stock + input.units;
        case "adjust": {
          const after = stock === null ? (input.stock ?? null) : stock + input.delta;
          return after !== null && (after < 0 || (input.stock !== undefined && after !== input.stock)) ? undefined : after;
        }
        case "read":
          return stock === null || stock === input.stock ? input.stock : undefined;
        case "refused":
          return input.requested > input.available && (stock === null || stock === input.available) ? input.available : undefined;
      }
    },
  };
}

export type CouponInput =
  | { kind: "issued"; userIds: readonly string[] }
  | { kind: "already issued"; userId: string }
  | { kind: "sold out"; userId: string }
  | { kind: "terms"; total: number };
export type Coupons = { total: number; holders: ReadonlySet<string> };

/** A campaign: one coupon for each user while there are some. */
export function couponModel(total: number): Model<Coupons, CouponInput> {
  return {
    initial: { total, holders: new Set() },
    // The set of linearized operations says which users have one.
    keyOf: ({ total, holders }) => `${total} ${holders.size}`,
    step(state, input) {
      const { total, holders } = state;
      switch (input.kind) {
        case "issued": {
          const fits = holders.size + input.userIds.length <= total && input.userIds.every((id) => !holders.has(id));
          return fits ? { total, holders: new Set([...holders, ...input.userIds]) } : undefined;
        }
        case "already issued":
          return holders.has(input.userId) ? state : undefined;
        case "sold out":
          return holders.size >= total && !holders.has(input.userId) ? state : undefined;
        case "terms":
          return input.total < holders.size ? undefined : { total: input.total, holders };
      }
    },
  };
}

/** `null`: unknown until the first response that tells it. */
export type Wallet = { balance: number | null; version: number | null; refunded: Readonly<Record<string, number>> };
export type WalletInput =
  /** A movement. Its response may have told the balance and the version after it. */
  | { kind: "move"; amount: number; count?: number; balance?: number; version?: number }
  /** A refund, whose response told how much of the order has been refunded in all. */
  | { kind: "refund"; orderId: string; refundedInAll: number }
  | { kind: "read"; balance: number; version: number }
  | { kind: "refused"; requested: number; available: number };

/** A wallet: each movement raises the version by one, and the balance is never below zero. */
export function walletModel(initial: { balance: number | null; version: number | null }): Model<Wallet, WalletInput> {
  const agrees = (known: number | null, told: number | undefined): boolean => known === null || told === undefined || known === told;
  return {
    initial: { ...initial, refunded: {} },
    keyOf: ({ balance, version, refunded }) => `${balance} ${version} ${JSON.stringify(refunded)}`,
    step(state, input) {
      const { balance, version, refunded } = state;
      switch (input.kind) {
        case "move": {
          const after = balance === null ? null : balance + input.amount;
          const next = version === null ? null : version + (input.count ?? 1);
          if ((after !== null && after < 0) || !agrees(after, input.balance) || !agrees(next, input.version)) return undefined;
          return { balance: after ?? input.balance ?? null, version: next ?? input.version ?? null, refunded };
        }
        case "refund": {
          const amount = input.refundedInAll - (refunded[input.orderId] ?? 0);
          if (amount <= 0) return undefined;
          const moved = { balance: balance === null ? null : balance + amount, version: version === null ? null : version + 1 };
          return { ...moved, refunded: { ...refunded, [input.orderId]: input.refundedInAll } };
        }
        case "read":
          return agrees(balance, input.balance) && agrees(version, input.version)
            ? { balance: input.balance, version: input.version, refunded }
            : undefined;
        case "refused":
          return input.requested > input.available && agrees(balance, input.available) ? { balance: input.available, version, refunded } : undefined;
      }
    },
  };
}

export type NumbersInput = { kind: "entered"; number: number } | { kind: "unknown" };

/** The numbers of a drop's entries: 1, 2, 3 … An entry of unknown outcome may have taken one. */
export const NUMBERS: Model<number, NumbersInput> = {
  initial: 0,
  keyOf: String,
  step: (last, input) => (input.kind === "unknown" || input.number === last + 1 ? last + 1 : undefined),
};

export type LimitInput = { kind: "buy"; units: number } | { kind: "return"; units: number } | { kind: "refused"; requested: number; already: number };

/** The units of a drop that one person has: never above the limit. */
export function limitModel(limit: number): Model<number, LimitInput> {
  return {
    initial: 0,
    keyOf: String,
    step(units, input) {
      if (input.kind === "refused") return units === input.already && units + input.requested > limit ? units : undefined;
      const after = input.kind === "buy" ? units + input.units : units - input.units;
      return after < 0 || after > limit ? undefined : after;
    },
  };
}
