import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type History, recordHistory, stopRecording } from "../../support/history.ts";
import { type HistoryReport, judgeHistory } from "./judge-history.ts";

/**
 * Runs a short campaign in a test, and asserts that the history of its requests has no anomaly. Many requests without an answer, as kills
 * leave them, can take the search longer than it may: such an object is named in the test's output and counts as neither right nor wrong.
 */
export async function judged<T>(t: TestContext, campaign: () => Promise<T>): Promise<{ result: T; history: HistoryReport }> {
  const recorded: History = recordHistory();
  const result = await campaign().finally(stopRecording);
  const history = judgeHistory(recorded);
  assert.deepEqual(history.anomalies, []);
  for (const undecided of history.undecided) t.diagnostic(`not judged: ${undecided}`);
  assert.ok(history.partitions > history.undecided.length, "no object was judged");
  return { result, history };
}
