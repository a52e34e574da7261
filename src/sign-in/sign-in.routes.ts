// The console's sign-in at an issuer. These paths belong to the page, not to the API: they answer
// browsers, by redirects and cookies.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { CALLBACK_PATH } from "../oidc-settings.ts";
import { Refusal, refuse } from "../refusal.ts";
import { type ConsoleSessions, tokenOf } from "./console-sessions.ts";
import { Cookie } from "./cookie.ts";
import type { IssuerClient, Started } from "./issuer-client.ts";

/** How long an operator may take to sign in at the issuer. */
const SIGN_IN_S = 600;

export type SignInParts = {
  issuer: IssuerClient;
  sessions: ConsoleSessions;
  isSecure: boolean;
  log: Pick<Logger, "warn">;
};

/** @param parts undefined: operators sign in with tokens only */
export function signInRoutes(server: FastifyInstance, parts: SignInParts | undefined): void {
  const config = { page: true };
  const signIn = parts && new SignIn(parts);
  const required = (): SignIn => signIn ?? refuse("NOT_FOUND");
  server.get("/console/sign-in", { config }, (_request, reply) => required().begin(reply));
  server.get(CALLBACK_PATH, { config }, (request, reply) => required().finish(request, reply));
  // Not 404: the sign-in page asks each time, and browsers report failed requests.
  server.get("/console/session", { config }, (request, reply) => signIn?.show(request, reply) ?? reply.send({ available: false, session: null }));
  server.delete("/console/session", { config }, (request, reply) => required().end(request, reply));
}

class SignIn {
  readonly #parts: SignInParts;
  /** Lax, because the issuer's page sends the browser back. */
  readonly #started: Cookie;

  constructor(parts: SignInParts) {
    this.#parts = parts;
    this.#started = new Cookie("jangnal-sign-in", parts.isSecure, "Lax");
  }

  async begin(reply: FastifyReply): Promise<FastifyReply> {
    const { issuer } = this.#parts;
    try {
      const { url, started } = await issuer.begin();
      return redirect(reply.header("set-cookie", this.#started.set(textOf(started), SIGN_IN_S)), url.href);
    } catch (error) {
      return this.#fail(reply, "unavailable", error);
    }
  }

  async finish({ raw }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { issuer, sessions } = this.#parts;
    const started = startedOf(this.#started.of(raw));
    const query = raw.url?.split("?")[1] ?? "";
    if (started === undefined) return this.#fail(reply, "failed", new Error("the browser brought no cookie of this sign-in"));
    try {
      const tokens = await issuer.finish(query, started);
      await sessions.operatorOf(tokens);
      return redirect(reply.header("set-cookie", [await sessions.start(tokens), this.#started.clear()]), "/console");
    } catch (error) {
      return this.#fail(reply, isForbidden(error) ? "forbidden" : "failed", error);
    }
  }

  /**
   * The session for the page: its public name, which is no secret, and the caller to show. Null without a session, and for a caller who is no
   * operator any more: the page offers to sign in again.
   */
  async show({ raw }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    reply.header("cache-control", "no-store");
    const { sessions } = this.#parts;
    const session = await sessions.find(raw);
    const caller =
      session && (await sessions.operatorOf(session.tokens).catch((error: unknown) => (isForbidden(error) ? undefined : Promise.reject(error))));
    if (session === undefined || caller === undefined) return { available: true, session: null };
    const { id, permissions } = caller;
    const { name } = session.tokens;
    // With the id, because two operators may have the same name.
    const shown = { name: name === undefined ? id : `${name} (${id})`, permissions: permissions ? [...permissions] : null };
    return { available: true, session: { token: tokenOf(session), ...shown } };
  }

  /** Signs out. The request must name the session, as all requests of a session, so that no other site can do it. */
  async end({ raw }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { issuer, sessions } = this.#parts;
    await sessions.end(await sessions.named(raw));
    const endSessionUrl = await issuer.endSessionUrl().catch(() => undefined);
    reply.header("set-cookie", sessions.cookie.clear()).header("cache-control", "no-store");
    return { endSessionUrl: endSessionUrl ?? null };
  }

  /** Sends the browser back to the page, which explains the problem. The log gets the reason; errors of the client carry no tokens. */
  #fail(reply: FastifyReply, problem: "unavailable" | "failed" | "forbidden", error: unknown): FastifyReply {
    const { message, code } = error as { message?: string; code?: string };
    this.#parts.log.warn({ problem, reason: message, code }, "a sign-in to the console failed");
    return redirect(reply.header("set-cookie", this.#started.clear()), `/console#sign-in=${problem}`);
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof Refusal && error.code === "FORBIDDEN";
}

function redirect(reply: FastifyReply, to: string): FastifyReply {
  return reply.header("referrer-policy", "no-referrer").header("cache-control", "no-store").redirect(to, 302);
}

/** The values are base64url, so dots separate them. */
function textOf({ state, nonce, verifier }: Started): string {
  return [state, nonce, verifier].join(".");
}

function startedOf(text: string | undefined): Started | undefined {
  const [state, nonce, verifier, ...rest] = text?.split(".") ?? [];
  return state && nonce && verifier && rest.length === 0 ? { state, nonce, verifier } : undefined;
}
