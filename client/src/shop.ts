// A shop with a method for every operation of its document, typed by it.

import { OPERATIONS, type Operations } from "./generated/operations.gen.ts";
import { type Heard, send, type SendOptions } from "./send.ts";

export type OperationName = keyof Operations;

type Given<Name extends OperationName> = Omit<Operations[Name]["data"], "url" | "headers">;
type CallOptions = {
  /** Ends the request: nothing is sent any more, and the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** In place of one that is made for this call: for what has to be done once even if this process ends in between. */
  idempotencyKey?: string;
};
/** What an operation needs may be left out only where all of it may. */
type Parameters<Name extends OperationName> =
  Partial<Given<Name>> extends Given<Name> ? [given?: Given<Name> & CallOptions] : [given: Given<Name> & CallOptions];

/** An answer that is no refusal, told apart by its status. `replayed`: it is the answer to an earlier request with the same key. */
export type Answer<Name extends OperationName> = {
  [Status in keyof Operations[Name]["answers"]]: { status: Status; body: Operations[Name]["answers"][Status]; replayed: boolean };
}[keyof Operations[Name]["answers"]];

/** The body of such an answer. */
export type Body<Name extends OperationName> = Answer<Name>["body"];

/** The codes with which an operation may refuse. */
export type CodeOf<Name extends OperationName> = Extract<Operations[Name]["refusals"][keyof Operations[Name]["refusals"]], { code: string }>["code"];

export type Shop = { readonly [Name in OperationName]: (...given: Parameters<Name>) => Promise<Answer<Name>> };

export type ShopOptions = SendOptions & {
  /** Where the shop is: `https://shop.example`. Empty in a page that the shop serves itself. */
  url: string;
  /** Who calls; asked before each request. */
  token?: () => string | undefined;
  /** In which language the shop says no; its own, unless given. */
  language?: () => "ko" | "en";
};

/** A shop to call. Whatever changes something gets an `Idempotency-Key`, kept over the request's tries. */
export function createShop(options: ShopOptions): Shop {
  const operations = (Object.keys(OPERATIONS) as OperationName[]).map((name) => [name, (given?: Loose) => call(name, given ?? {}, options)]);
  return Object.fromEntries(operations) as Shop;
}

type Loose = CallOptions & { path?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown };

function call(name: OperationName, { path = {}, query = {}, body, signal, idempotencyKey }: Loose, options: ShopOptions): Promise<Heard> {
  const [method, pattern, keyed = false] = OPERATIONS[name] as readonly [string, string, boolean?];
  const filled = pattern.replaceAll(/\{(\w+)\}/g, (_, member: string) => encodeURIComponent(String(path[member])));
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as [string, string]])),
  );
  const token = options.token?.();
  const headers: Record<string, string> = {
    accept: "application/json",
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(options.language ? { "accept-language": options.language() } : {}),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(keyed ? { "idempotency-key": idempotencyKey ?? newKey() } : {}),
  };
  const url = options.url.replace(/\/+$/, "") + filled + (search.size > 0 ? `?${search}` : "");
  return send({ method, url, headers, body: body === undefined ? undefined : JSON.stringify(body), signal }, keyed || method === "GET", options);
}

/** Not `crypto.randomUUID()`: browsers have that over https only, and a shop may be tried in the local network. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Every page of a list, one after the other: `for await (const { orders } of everyPage((cursor) => shop.listOrders({ query: { ...cursor } })))`. */
export async function* everyPage<Page extends { nextCursor: string | null }>(
  ask: (from: { cursor?: string }) => Promise<{ body: Page }>,
): AsyncGenerator<Page> {
  for (let from: { cursor?: string } | undefined = {}; from !== undefined;) {
    const { body }: { body: Page } = await ask(from);
    yield body;
    from = body.nextCursor === null ? undefined : { cursor: body.nextCursor };
  }
}
