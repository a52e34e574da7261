// Judges the history of a campaign: each object's operations must be linearizable, and the ledgers must have no cycle.

import type { History } from "../../support/history.ts";
import { type Anomaly, checkCycles } from "./cycles.ts";
import { linkLedgers } from "./ledgers.ts";
import { checkLinearizability, type Linearizability, type Model } from "./linearizability.ts";
import { findWrongHolds } from "./drop-holds.ts";
import { couponModel, limitModel, NUMBERS, stockModel, walletModel } from "./models.ts";
import { type Partition, partitionsOf } from "./partitions.ts";
import { requestsOf } from "./requests.ts";

export type HistoryReport = {
  requests: number;
  operations: number;
  partitions: number;
  /** Objects that a request without a model has changed. */
  leftOut: number;
  /** Drops whose holds were judged (drop-holds.ts). */
  lines: number;
  /** Partitions for which the search took too long. They prove nothing. */
  undecided: string[];
  ledgers: { transactions: number; edges: number };
  /** Each is a sentence. Empty: the history is linearizable. */
  anomalies: string[];
};

export function judgeHistory({ origin, exchanges, ledgers }: Pick<History, "origin" | "exchanges" | "ledgers">): HistoryReport {
  const { requests, changed } = requestsOf(exchanges);
  const { stock, wallets, coupons, numbers, limits } = partitionsOf(requests);
  const report: HistoryReport = {
    requests: requests.length,
    operations: 0,
    partitions: 0,
    leftOut: 0,
    lines: 0,
    undecided: [],
    ledgers: { transactions: 0, edges: 0 },
    anomalies: changed,
  };
  for (const one of stock.values()) check(report, `stock of ${one.id}`, one, stockModel(one.initial));
  for (const one of wallets.values()) check(report, `wallet of ${one.id}`, one, walletModel(one.initial));
  for (const one of coupons.values()) check(report, `campaign ${one.id}`, one, couponModel(one.initial));
  for (const one of numbers.values()) check(report, `numbers of drop ${one.id}`, one, NUMBERS);
  for (const one of limits.values()) check(report, `limit of ${one.id}`, one, limitModel(one.initial));
  const holds = findWrongHolds(requests, origin);
  report.lines = holds.drops;
  report.anomalies.push(...holds.findings);
  const { transactions, linked, faults } = linkLedgers(requests, ledgers);
  const { edges, anomalies } = checkCycles(transactions);
  report.ledgers = { transactions: linked, edges };
  report.anomalies.push(...faults, ...anomalies.map(sentenceOf));
  return report;
}

function check<State, Input, Initial>(
  report: HistoryReport,
  name: string,
  { operations, isModeled }: Partition<Input, Initial>,
  model: Model<State, Input>,
): void {
  if (operations.length === 0) return;
  if (!isModeled) return void report.leftOut++;
  report.partitions++;
  report.operations += operations.length;
  const result = checkLinearizability(operations, model);
  if (result.verdict === "undecided") report.undecided.push(`${name}: ${operations.length} operations, undecided after ${result.steps} steps`);
  if (result.verdict === "violated") report.anomalies.push(`${name} is not linearizable: ${describe(result)}`);
}

function describe({ stuck, state }: Extract<Linearizability, { verdict: "violated" }>): string {
  return `in state ${state} none of these can come next: ${stuck.join(" | ")}`;
}

function sentenceOf({ kind, transactions }: Anomaly): string {
  return `${kind}: ${transactions.join(" ")}`;
}

/** One line for the end of a campaign. */
export function summaryOf({ operations, partitions, leftOut, lines, undecided, ledgers, anomalies }: HistoryReport): string {
  const verdict =
    anomalies.length > 0 ? `${anomalies.length} anomalies` : undecided.length > 0 ? `${undecided.length} partitions undecided` : "linearizable";
  const left = leftOut === 0 ? "" : ` (${leftOut} objects without a model)`;
  const holds = lines === 0 ? "" : `, the holds of ${lines} drops`;
  return `history: ${operations} operations in ${partitions} partitions${left}${holds}, ${ledgers.transactions} transactions with ${ledgers.edges} edges in ledgers: ${verdict}`;
}
