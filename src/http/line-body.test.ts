import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { chunksOf } from "./line-body.ts";

describe("a body of lines", () => {
  // Fails if a chunk leaves its listener at the server, whose memory would grow with each import.
  test("leaves nothing behind at the server when it is read", async () => {
    const closing = new AbortController();
    const stream = new PassThrough();
    const chunks = chunksOf(stream, closing.signal);
    for (const text of ["one", "two", "three"]) {
      stream.write(text);
      assert.equal(String((await chunks.next()).value), text);
    }
    stream.end();
    assert.equal((await chunks.next()).done, true);
    assert.deepEqual(getEventListeners(closing.signal, "abort"), []);
  });

  test("is refused with UNAVAILABLE when the server closes, and its connection stays open for the answer", async () => {
    for (const isWaiting of [true, false]) {
      const closing = new AbortController();
      const stream = new PassThrough();
      const chunks = chunksOf(stream, closing.signal);
      const refused = { code: "UNAVAILABLE" };
      if (isWaiting) {
        const next = assert.rejects(chunks.next(), refused);
        closing.abort();
        await next;
      } else {
        closing.abort();
        await assert.rejects(chunks.next(), refused);
      }
      assert.equal(stream.destroyed, false);
    }
  });
});
