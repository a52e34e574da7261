// Compares the gateway's settlements, and the fees that it keeps, with the movements of its ledger.

import { type Gateway, type GatewaySettlement, type GatewayTransaction, GatewayUnknown } from "../gateway/gateway.ts";

export const SETTLEMENT_DIFFERENCES = [
  "settled amounts differ",
  "settled without a movement",
  "settled twice",
  "fees do not add up",
  "settlement not readable",
] as const;

export type Settled = Pick<GatewaySettlement, "amount" | "fee" | "payOut" | "soldDate" | "paidOutDate">;
export type SettlementDifference = { what: (typeof SETTLEMENT_DIFFERENCES)[number]; paymentKey: string; settlement: Settled };
/** Sums over the movements of the period, in minor units of the shop's currency. `unsettled`: count of the movements without a settlement yet. */
export type SettlementSums = { settled: number; fees: number; paidOut: number; unsettled: number };

/** How long after the end of the period a sales day can be: that of a monthly settlement is the end of the month. */
const LATEST_SALES_DAY_MS = 31 * 86_400_000;

type Compared = { sums: SettlementSums; differences: SettlementDifference[] };

/**
 * Null if the gateway has no settlements, or not for this shop. A movement that is not settled yet is no difference.
 * @param movements of the period, by transaction key
 * Errors: GatewayUnknown if the gateway fails, GatewayBusy.
 */
export async function compareSettlements(
  gateway: Gateway,
  movements: ReadonlyMap<string, GatewayTransaction>,
  { from, to, now }: { from: number; to: number; now: number },
): Promise<Compared | null> {
  if (!gateway.settlements) return null;
  const open = new Map(movements);
  const differences: SettlementDifference[] = [];
  const sums = { settled: 0, fees: 0, paidOut: 0, unsettled: 0 };
  try {
    for await (const settlement of gateway.settlements(from, Math.max(from, Math.min(to + LATEST_SALES_DAY_MS, now)))) {
      const movement = movements.get(settlement.transactionKey);
      const isOfPeriod = movement !== undefined || !(settlement.approvedAt < from || settlement.approvedAt >= to);
      if (!isOfPeriod) continue;
      const what = differenceOf(settlement, movement, open.delete(settlement.transactionKey));
      if (what) differences.push({ what, paymentKey: settlement.paymentKey, settlement: settledOf(settlement) });
      if (settlement.currency !== gateway.currency) continue;
      sums.settled += settlement.amount;
      sums.fees += settlement.amount - settlement.payOut;
      sums.paidOut += settlement.payOut;
    }
  } catch (error) {
    if (error instanceof GatewayUnknown && !error.gatewayFailed) return null;
    throw error;
  }
  sums.unsettled = open.size;
  return { sums, differences };
}

/** @param isFirst of its movement */
function differenceOf(
  settlement: GatewaySettlement,
  movement: GatewayTransaction | undefined,
  isFirst: boolean,
): SettlementDifference["what"] | undefined {
  if (!settlement.isReadable) return "settlement not readable";
  if (!movement) return "settled without a movement";
  if (!isFirst) return "settled twice";
  if (settlement.amount !== movement.amount || settlement.currency !== movement.currency) return "settled amounts differ";
  return settlement.amount - settlement.payOut === settlement.fee ? undefined : "fees do not add up";
}

function settledOf({ amount, fee, payOut, soldDate, paidOutDate }: GatewaySettlement): Settled {
  return { amount, fee, payOut, soldDate, paidOutDate };
}
