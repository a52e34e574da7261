import assert from "node:assert/strict";
import { test } from "node:test";
import { progressOn } from "./progress.ts";

function run(isTTY: boolean): string {
  let written = "";
  const stage = progressOn({ isTTY, write: (text) => (written += text) })("orders", 1_000);
  for (let done = 0; done < 1_000; done++) stage.step();
  stage.end();
  return written;
}

test("a terminal shows a progress bar, which is cleared at the end", () => {
  const written = run(true);
  assert.match(written, /^\rorders +░{30} 0 \/ 1,000/);
  assert.ok(written.endsWith("\r\u001b[2K"));
  assert.ok(!written.includes("\n"));
});

test("a file gets one line per quarter", () => {
  assert.equal(run(false), "orders 250 / 1,000\norders 500 / 1,000\norders 750 / 1,000\norders 1,000 / 1,000\n");
});
