import { refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/shelf.ts";
import { moveMoney } from "./balance.ts";
import { users } from "./balance.sql.ts";

export type GrantBalances = { grants: { userId: string; amount: number; reason: string }[]; balanceMax: number };
export type Granted = { granted: number; totalAmount: number };

/** An operator gives money to many users: all of them or, where one is missing or would exceed the limit, nobody. */
export const grantBalances = command<GrantBalances, Granted>({
  name: "grant balances",
  needs: ({ grants }) => grants.map(({ userId }) => need(users, userId)),

  decide(shop, { grants, balanceMax }) {
    let totalAmount = 0;
    for (const { userId, amount, reason } of grants) {
      const wallet = shop.find(users, userId) ?? refuse("USER_NOT_FOUND", { userId });
      moveMoney(shop, wallet, { type: "GRANT", amount, reason }, balanceMax);
      totalAmount += amount;
    }
    return { granted: grants.length, totalAmount };
  },
});
