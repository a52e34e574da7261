import assert from "node:assert/strict";
import { test } from "node:test";
import { newSessionId, publicNameOf, rowIdOf, seal, unseal } from "./sealed.ts";

test("only the session's id opens its row, and a changed row does not open", () => {
  const [id, other] = [newSessionId(), newSessionId()];
  const sealed = seal(id, "tokens");
  assert.equal(unseal(id, sealed), "tokens");
  assert.throws(() => unseal(other, sealed));
  // The public name and the row's id, which others may see, are no keys.
  for (const known of [rowIdOf(id), publicNameOf(id)]) assert.throws(() => unseal(known, sealed));
  for (let i = 0; i < Buffer.from(sealed, "base64url").length; i++) {
    const bytes = Buffer.from(sealed, "base64url");
    bytes[i] = (bytes[i] ?? 0) ^ 1;
    assert.throws(() => unseal(id, bytes.toString("base64url")), `byte ${i}`);
  }
});

test("ids have 256 random bits, and one text is never sealed alike", () => {
  const ids = Array.from({ length: 1000 }, newSessionId);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.every((id) => Buffer.from(id, "base64url").length === 32));
  assert.notEqual(seal(ids[0] as string, "tokens"), seal(ids[0] as string, "tokens"));
});
