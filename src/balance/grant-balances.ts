import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/shelf.ts";
import { moveMoney, type Wallet } from "./balance.ts";
import { users } from "./balance.sql.ts";

export type GrantBalances = { grants: { userId: string; amount: number; reason: string }[]; balanceMax: number };
export type Granted = { granted: number; totalAmount: number };

/** An operator gives money to many users: all of them or, where one is missing or would exceed the limit, nobody. */
export const grantBalances = command<GrantBalances, Granted>({
  name: "grant balances",
  needs: ({ grants }) => grants.map(({ userId }) => need(users, userId)),

  decide(shop, { grants, balanceMax }) {
    const stranger = grants.find(({ userId }) => !shop.find(users, userId));
    if (stranger) refuse("USER_NOT_FOUND", { userId: stranger.userId });
    let totalAmount = 0;
    for (const { userId, amount, reason } of grants) {
      moveMoney(shop, shop.find(users, userId) as Wallet, { type: "GRANT", amount, reason }, balanceMax);
      totalAmount += amount;
    }
    return { granted: grants.length, totalAmount };
  },
});
