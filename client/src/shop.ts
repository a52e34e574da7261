// A client with a typed method for every operation of the OpenAPI document.

import { OPERATIONS, type Operations } from "./generated/operations.gen.ts";
import { type Success, send, type SendOptions } from "./send.ts";

export type OperationName = keyof Operations;

type Input<Name extends OperationName> = Omit<Operations[Name]["data"], "url" | "headers">;
type CallOptions = {
  /** Ends the request: no further try is sent, and the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Replaces the key that is generated for this call, if the effect must happen once even if this process restarts. */
  idempotencyKey?: string;
};
/** The input may be omitted only if all of it is optional. */
type Parameters<Name extends OperationName> =
  Partial<Input<Name>> extends Input<Name> ? [input?: Input<Name> & CallOptions] : [input: Input<Name> & CallOptions];

/** A successful response, discriminated by its status. `replayed`: an earlier request with the same key had this response. */
export type Answer<Name extends OperationName> = {
  [Status in keyof Operations[Name]["answers"]]: { status: Status; body: Operations[Name]["answers"][Status]; replayed: boolean };
}[keyof Operations[Name]["answers"]];

/** The body of a successful response. */
export type Body<Name extends OperationName> = Answer<Name>["body"];

/** The refusal codes of an operation. */
export type CodeOf<Name extends OperationName> = Extract<Operations[Name]["refusals"][keyof Operations[Name]["refusals"]], { code: string }>["code"];

export type Shop = { readonly [Name in OperationName]: (...input: Parameters<Name>) => Promise<Answer<Name>> };

export type ShopOptions = SendOptions & {
  /** The shop's address: `https://shop.example`. Empty in a page that the shop serves itself. */
  url: string;
  /** Gives the caller's token; called before each request. */
  token?: () => string | undefined;
  /** The language of refusals; the shop's own by default. */
  language?: () => "ko" | "en";
};

/** Creates a client. Each request that changes something gets an `Idempotency-Key`, the same for all its tries. */
export function createShop(options: ShopOptions): Shop {
  const operations = (Object.keys(OPERATIONS) as OperationName[]).map((name) => [name, (input?: UntypedInput) => call(name, input ?? {}, options)]);
  return Object.fromEntries(operations) as Shop;
}

type UntypedInput = CallOptions & { path?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown };

function call(name: OperationName, { path = {}, query = {}, body, signal, idempotencyKey }: UntypedInput, options: ShopOptions): Promise<Success> {
  const [method, pattern, keyed = false] = OPERATIONS[name] as readonly [string, string, boolean?];
  const filled = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
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

/** Browsers have `crypto.randomUUID()` only on https pages, and a shop may be tried over http in a local network. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Yields all pages of a list in order: `for await (const { orders } of everyPage((cursor) => shop.listOrders({ query: { ...cursor } })))`. */
export async function* everyPage<Page extends { nextCursor: string | null }>(
  readPage: (from: { cursor?: string }) => Promise<{ body: Page }>,
): AsyncGenerator<Page> {
  for (let from: { cursor?: string } | undefined = {}; from !== undefined;) {
    const { body }: { body: Page } = await readPage(from);
    yield body;
    from = body.nextCursor === null ? undefined : { cursor: body.nextCursor };
  }
}
