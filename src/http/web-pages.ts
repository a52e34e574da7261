// Serves the built web pages (web/dist). The files are few and small: they are read once and served from memory, compressed as the browser
// accepts. No request path ever reaches the file system.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuse } from "../refusal.ts";

const BUILT = fileURLToPath(new URL("../../web/dist/", import.meta.url));
/** The path of each page, and its file. The fragment behind # belongs to the page's own router. */
const PAGES = { "/": "index.html", "/console": "console/index.html" };
/** Pages of a shop with a payment window. The gateway sends browsers back to the storefront with a query, so not to a fragment. */
const WINDOW_PAGES = { "/pay": "pay/index.html", "/pay/success": "index.html", "/pay/fail": "index.html" };
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

/** Content security policy: only the shop's own files, no inline script or style, and no string that becomes markup. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/**
 * The policy of the page that opens the gateway's window: its SDK may load scripts and frames from the gateway's own hosts. No other page
 * loads the SDK.
 */
function windowPolicy(sdkUrl: string): string {
  const { origin, protocol, hostname } = new URL(sdkUrl);
  const hosts = /^js\.[a-z0-9-]+\.[a-z]+/.test(hostname) ? `${origin} ${protocol}//*.${hostname.slice("js.".length)}` : origin;
  return (
    `default-src 'none'; script-src 'self' ${hosts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: ${hosts}; font-src ${hosts}; ` +
    `connect-src 'self' ${hosts}; frame-src ${hosts}; form-action ${hosts}; base-uri 'none'; frame-ancestors 'none'`
  );
}

type WebFile = { type: string; etag: string; bodies: Map<string, Buffer> };

/**
 * Serves the pages to requests that accept HTML, and NOT_FOUND to others, because the same paths belong to the API. Assets have a hash in their
 * names, so browsers cache them for a year.
 * @param window of the gateway; undefined if the shop opens none
 */
export function pageRoutes(server: FastifyInstance, window: { sdkUrl: string } | undefined): void {
  const files = readFiles();
  const config = { unlimited: true, page: true, vary: "Accept, Accept-Encoding" };

  for (const [url, file] of Object.entries(window ? { ...PAGES, ...WINDOW_PAGES } : PAGES)) {
    const page = files.get(file);
    if (!page) throw new Error(`${BUILT}${file} does not exist: npm run web builds it`);
    const policy = window && url === "/pay" ? windowPolicy(window.sdkUrl) : POLICY;
    server.get(url, { config }, (request, reply) => {
      reply.header("vary", "Accept, Accept-Encoding");
      if (!/\btext\/html\b/i.test(request.headers.accept ?? "")) refuse("NOT_FOUND");
      reply.header("content-security-policy", policy).header("referrer-policy", "same-origin").header("cache-control", "no-cache");
      return send(request, reply, page);
    });
  }

  server.get("/assets/*", { config }, (request, reply) => {
    const file = files.get(`assets/${(request.params as { "*": string })["*"]}`) ?? refuse("NOT_FOUND");
    reply.header("vary", "Accept-Encoding").header("cache-control", "public, max-age=31536000, immutable");
    return send(request, reply, file);
  });
}

function send(request: FastifyRequest, reply: FastifyReply, { type, etag, bodies }: WebFile): FastifyReply {
  reply.header("etag", etag);
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  const [encoding] = ENCODINGS.find(([name]) => bodies.has(name) && accepts(request.headers["accept-encoding"], name)) ?? ["identity"];
  if (encoding !== "identity") reply.header("content-encoding", encoding);
  return reply.type(type).send(bodies.get(encoding));
}

function accepts(accepted: string | string[] | undefined, encoding: string): boolean {
  return String(accepted ?? "")
    .split(",")
    .some((coding) => {
      const [name = "", weight = ""] = coding.split(";");
      return name.trim().toLowerCase() === encoding && !/^\s*q=0(\.0*)?\s*$/i.test(weight);
    });
}

function readFiles(): Map<string, WebFile> {
  const names = readdirSync(BUILT, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const read = (name: string): Buffer => readFileSync(BUILT + name);
  const files = new Map<string, WebFile>();
  for (const name of names) {
    const type = TYPES[name.split(".").at(-1) as string];
    if (type === undefined) continue;
    const content = read(name);
    const bodies = new Map<string, Buffer>([["identity", content]]);
    for (const [encoding, suffix] of ENCODINGS) if (names.includes(name + suffix)) bodies.set(encoding, read(name + suffix));
    files.set(name, { type, etag: `W/"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`, bodies });
  }
  return files;
}
