// The pages, as they were built (web/dist). They are few and small, so they are read once and answered from memory, in the encoding that the
// browser takes: no path of a request ever reaches the file system.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuse } from "../refusal.ts";

const BUILT = fileURLToPath(new URL("../../web/dist/", import.meta.url));
/** Where each page is, and its file. The rest of its address, behind the #, is its own. */
const PAGES = { "/": "index.html", "/console": "console/index.html" };
const ENCODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;
const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** What comes from here and nothing else, no script or style that stands in a page, and no string that becomes markup. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

type Face = { type: string; etag: string; bodies: Map<string, Buffer> };

/**
 * Serves the pages to whoever asks for HTML; who asks for anything else finds nothing there: that is where the API is. Their parts carry a hash in
 * the name and are kept by browsers for good.
 */
export function pageRoutes(server: FastifyInstance): void {
  const files = readFaces();
  const config = { unlimited: true, page: true };

  for (const [url, file] of Object.entries(PAGES)) {
    const page = files.get(file);
    if (!page) throw new Error(`${BUILT}${file} is not there: npm run web builds it`);
    server.get(url, { config }, (request, reply) => {
      reply.header("vary", "Accept, Accept-Encoding");
      if (!/\btext\/html\b/i.test(request.headers.accept ?? "")) refuse("NOT_FOUND");
      reply.header("content-security-policy", POLICY).header("referrer-policy", "same-origin").header("cache-control", "no-cache");
      return answer(request, reply, page);
    });
  }

  server.get("/assets/*", { config }, (request, reply) => {
    const file = files.get(`assets/${(request.params as { "*": string })["*"]}`) ?? refuse("NOT_FOUND");
    reply.header("vary", "Accept-Encoding").header("cache-control", "public, max-age=31536000, immutable");
    return answer(request, reply, file);
  });
}

function answer(request: FastifyRequest, reply: FastifyReply, { type, etag, bodies }: Face): FastifyReply {
  reply.header("etag", etag);
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  const [encoding] = ENCODINGS.find(([name]) => bodies.has(name) && takes(request.headers["accept-encoding"], name)) ?? ["identity"];
  if (encoding !== "identity") reply.header("content-encoding", encoding);
  return reply.type(type).send(bodies.get(encoding));
}

function takes(accepted: string | string[] | undefined, encoding: string): boolean {
  return String(accepted ?? "")
    .split(",")
    .some((one) => {
      const [name = "", weight = ""] = one.split(";");
      return name.trim().toLowerCase() === encoding && !/^\s*q=0(\.0*)?\s*$/i.test(weight);
    });
}

function readFaces(): Map<string, Face> {
  const names = readdirSync(BUILT, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const read = (name: string): Buffer => readFileSync(BUILT + name);
  const faces = new Map<string, Face>();
  for (const name of names) {
    const type = TYPES[name.split(".").at(-1) as string];
    if (type === undefined) continue;
    const plain = read(name);
    const bodies = new Map<string, Buffer>([["identity", plain]]);
    for (const [encoding, suffix] of ENCODINGS) if (names.includes(name + suffix)) bodies.set(encoding, read(name + suffix));
    faces.set(name, { type, etag: `W/"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`, bodies });
  }
  return faces;
}
