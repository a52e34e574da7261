import assert from "node:assert/strict";
import { type History, recordHistory, stopRecording } from "../../support/history.ts";
import { type HistoryReport, judgeHistory } from "./judge-history.ts";

/** Runs a short campaign in a test, and asserts that the history of its requests is linearizable. */
export async function judged<T>(campaign: () => Promise<T>): Promise<{ result: T; history: HistoryReport }> {
  const recorded: History = recordHistory();
  const result = await campaign().finally(stopRecording);
  const history = judgeHistory(recorded);
  assert.deepEqual({ anomalies: history.anomalies, undecided: history.undecided }, { anomalies: [], undecided: [] });
  assert.ok(history.operations > 0, "no operation was judged");
  return { result, history };
}
