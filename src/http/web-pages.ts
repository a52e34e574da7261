// Serves the built web pages (web/dist). The files are few and small: they are read once and served from memory, compressed as the browser
// accepts. No request path ever reaches the file system.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Locale } from "../problem.ts";
import { refuse } from "../refusal.ts";
import { type Shared, shareTags } from "./share-tags.ts";

const BUILT = fileURLToPath(new URL("../../web/dist/", import.meta.url));
/** The path of each page, and its file. The storefront's pages are below `/store`, so that they never share a path with the API. */
const PAGES = { "/": "index.html", "/console": "console/index.html" };
const STORE = "index.html";
/** The storefront's routes below `/store`; another one is its page "not found". */
const STORE_ROUTES = /^\/(?:coupons|cart|checkout|orders|orders\/[^/]+|balance|paid|not-paid|sign-in)$/;
const SHARED_ROUTE = /^\/(products|drops)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
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

/**
 * Content security policy: only the shop's own files, no inline script or style, and no string that becomes markup.
 * @param images origins of the products' images, besides the shop's own
 */
const policyWith = (images: readonly string[]): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src ${["'self'", "data:", ...images].join(" ")}; ` +
  "connect-src 'self'; manifest-src 'self'; " +
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

/** The title, text and picture of a page that is shared; null if there is no such page. */
export type FindShared = (kind: "products" | "drops", id: string) => Promise<Shared | null>;

export type PageOptions = {
  /** Of the gateway; undefined if the shop opens none. */
  window: { sdkUrl: string } | undefined;
  /** The shop's name, as its pages and messengers show it. */
  shopName: string;
  locale: Locale;
  findShared: FindShared;
  /** Origins from which pages may load the products' images, besides the shop itself. */
  imageOrigins: readonly string[];
};

/**
 * Serves the pages to requests that accept HTML, and NOT_FOUND to others, because the same paths belong to the API. Assets have a hash in their
 * names, so browsers cache them for a year.
 */
export function pageRoutes(server: FastifyInstance, options: PageOptions): void {
  const { window } = options;
  const strict = policyWith(options.imageOrigins);
  const files = readFiles();
  storeRoutes(server, files, strict, options);

  for (const [url, file] of Object.entries(window ? { ...PAGES, ...WINDOW_PAGES } : PAGES)) {
    const page = files.get(file);
    if (!page) throw new Error(`${BUILT}${file} does not exist: npm run web builds it`);
    const policy = window && url === "/pay" ? windowPolicy(window.sdkUrl) : strict;
    server.get(url, { config: PAGE }, (request, reply) => {
      asPage(request, reply, policy);
      return send(request, reply, page);
    });
  }

  server.get("/assets/*", { config: PAGE }, (request, reply) => {
    const file = files.get(`assets/${(request.params as { "*": string })["*"]}`) ?? refuse("NOT_FOUND");
    reply.header("vary", "Accept-Encoding").header("cache-control", "public, max-age=31536000, immutable");
    return send(request, reply, file);
  });
}

const PAGE = { unlimited: true, page: true, vary: "Accept, Accept-Encoding" };

/** Sets a page's headers. Errors: NOT_FOUND for a client that wants no HTML. */
function asPage(request: FastifyRequest, reply: FastifyReply, policy: string): void {
  reply.header("vary", "Accept, Accept-Encoding");
  if (!/\btext\/html\b/i.test(request.headers.accept ?? "")) refuse("NOT_FOUND");
  reply.header("content-security-policy", policy).header("referrer-policy", "same-origin").header("cache-control", "no-cache");
}

/** The storefront below `/store`, and its manifest. Pages of products and drops carry tags for messengers. */
function storeRoutes(server: FastifyInstance, files: ReadonlyMap<string, WebFile>, policy: string, options: PageOptions): void {
  const { shopName, locale, findShared } = options;
  const page = files.get(STORE) as WebFile;
  const html = String(page.bodies.get("identity"));
  // A page in the second file loads it beside the first one, and not after it.
  const later = `<link rel="modulepreload" href="/${fileLike(files, /^assets\/later-.*\.js$/)}" />`;
  const laterPage = webFile(page.type, Buffer.from(withTags(html, later)));
  server.get("/store/*", { config: PAGE }, async (request, reply) => {
    asPage(request, reply, policy);
    const path = `/${(request.params as { "*": string })["*"]}`;
    if (STORE_ROUTES.test(path)) return send(request, reply, laterPage);
    const [, kind, id] = SHARED_ROUTE.exec(path) ?? [];
    const shared = kind === undefined || id === undefined ? null : await findShared(kind as "products" | "drops", id.toLowerCase());
    if (shared === null) return reply.code(404).type(page.type).send(page.bodies.get("identity"));
    const tags = shareTags(request, { siteName: shopName, locale }, shared);
    return reply.type(page.type).send(withTags(html, kind === "drops" ? `${later}\n    ${tags}` : tags));
  });

  const manifest = JSON.stringify(manifestOf(shopName, `/${fileLike(files, /^assets\/icon-.*\.svg$/)}`));
  server.get("/manifest.webmanifest", { config: PAGE }, (_request, reply) =>
    reply.header("cache-control", "no-cache").type("application/manifest+json").send(manifest),
  );
}

const withTags = (html: string, tags: string): string => html.replace("</head>", () => `  ${tags}\n  </head>`);

/** The name of the built file that matches. Errors: Error if there is none. */
function fileLike(files: ReadonlyMap<string, WebFile>, pattern: RegExp): string {
  const found = [...files.keys()].find((name) => pattern.test(name));
  if (found === undefined) throw new Error(`${BUILT} has no file like ${pattern}: npm run web builds it`);
  return found;
}

/** The web manifest, with which a phone puts the shop beside its apps. */
function manifestOf(name: string, icon: string): object {
  return {
    name,
    short_name: name,
    start_url: "/",
    scope: "/",
    display: "standalone",
    background_color: "#faf7f2",
    theme_color: "#faf7f2",
    icons: [{ src: icon, sizes: "any", type: "image/svg+xml", purpose: "any" }],
  };
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

function webFile(type: string, content: Buffer): WebFile {
  const etag = `W/"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;
  return { type, etag, bodies: new Map([["identity", content]]) };
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
    files.set(name, { ...webFile(type, content), bodies });
  }
  return files;
}
