import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/shelf.ts";
import { addFunds, type Wallet } from "./balance.ts";
import { users } from "./balance.sql.ts";

export type GrantBalances = { grants: { userId: string; amount: number; reason: string; customerReason?: string }[]; balanceMax: number };
export type Granted = { granted: number; totalAmount: number };

/** An operator gives money to many users: all of them or, where one is missing or would exceed the limit, nobody. */
export const grantBalances = command<GrantBalances, Granted>({
  name: "grant balances",
  needs: ({ grants }) => grants.map(({ userId }) => need(users, userId)),

  decide(shop, { grants, balanceMax }) {
    const stranger = grants.find(({ userId }) => !shop.find(users, userId));
    if (stranger) refuse("USER_NOT_FOUND", { userId: stranger.userId });
    let totalAmount = 0;
    for (const { userId, ...grant } of grants) {
      addFunds(shop, shop.find(users, userId) as Wallet, { type: "GRANT", ...grant }, balanceMax);
      totalAmount += grant.amount;
    }
    return { granted: grants.length, totalAmount };
  },
});
