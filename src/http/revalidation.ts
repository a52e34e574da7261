// Answers that clients keep and revalidate (RFC 9110, 13.1.2): entity tags and their headers.

export const REVALIDATED_VARY = "Authorization, Accept-Language";

/** The headers of an answer with this tag. @param hasToken a token was sent, so that shared caches must not keep the answer */
export function cachingHeaders(tag: string, hasToken: boolean): readonly string[] {
  return ["etag", tag, "cache-control", hasToken ? "private, no-cache" : "no-cache"];
}

/** Whether an `If-None-Match` header names this tag. A proxy that compresses an answer makes its tag weak, so weak tags match too. */
export function hasTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === "*" || header.split(",").some((given) => strong(given.trim()) === strong(tag));
}

function strong(tag: string): string {
  return tag.replace(/^W\//, "");
}
