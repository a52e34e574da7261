// Sessions' ids, and the encryption of their rows in the database. Only the browser has the id;
// all else is derived from it, so instances share no secret, and the database alone reveals no token.

import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A new id of a session: 256 random bits. */
export function newSessionId(): string {
  return randomBytes(32).toString("base64url");
}

/** The key of the session's row. */
export function rowIdOf(sessionId: string): string {
  return hash("sha256", `row ${sessionId}`, "base64url");
}

/** A public name of the session, which its requests carry. */
export function publicNameOf(sessionId: string): string {
  return hash("sha256", `name ${sessionId}`, "base64url").slice(0, 22);
}

export function seal(sessionId: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(sessionId), nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64url");
}

/** Errors: the text was not sealed with this id. */
export function unseal(sessionId: string, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv(CIPHER, keyOf(sessionId), bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString("utf8");
}

function keyOf(sessionId: string): Buffer {
  return Buffer.from(hkdfSync("sha256", sessionId, "", "jangnal console session", 32));
}
