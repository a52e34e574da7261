// Sessions of operators who signed in to the console. A session is a row that only its browser can
// decrypt, so each instance serves each session, and signing out ends it everywhere.

import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../database/pool.ts";
import type { Caller } from "../http/caller.ts";
import { operatorOf } from "../http/claims.ts";
import type { Authenticator } from "../http/tokens.ts";
import type { ClaimSettings } from "../auth-settings.ts";
import { refuse } from "../refusal.ts";
import { claimRefresh, deleteSession, insertSession, selectSession, updateSession } from "./console-sessions.sql.ts";
import { Cookie } from "./cookie.ts";
import type { IssuerClient, Tokens } from "./issuer-client.ts";
import { newSessionId, publicNameOf, rowIdOf, seal, unseal } from "./sealed.ts";

/** Signing in again is asked for at least this often. */
const LASTS_S = 12 * 60 * 60;
/** A token that ends so soon is replaced. */
const REFRESH_BEFORE_MS = 30_000;
/** How long one request may take to replace a token, before another one tries. */
const CLAIM_MS = 8000;
const POLL_MS = 100;

/** Begins the `Authorization` header of a session's request. Behind it is the session's public name; its secret is in a cookie. */
const SESSION_SCHEME = "Bearer session.";

export type OpenSession = { id: string; tokens: Tokens };

/** In place of a token, the session's public name: no secret. */
export function tokenOf({ id }: Pick<OpenSession, "id">): string {
  return `${SESSION_SCHEME.slice("Bearer ".length)}${publicNameOf(id)}`;
}

export class ConsoleSessions {
  readonly #database: Database;
  readonly #issuer: IssuerClient;
  readonly #authenticator: Authenticator;
  readonly #claims: ClaimSettings;
  readonly cookie: Cookie;

  /** @param authenticator accepts the issuer's access tokens */
  constructor(database: Database, issuer: IssuerClient, authenticator: Authenticator, claims: ClaimSettings, isSecure: boolean) {
    this.#database = database;
    this.#issuer = issuer;
    this.#authenticator = authenticator;
    this.#claims = claims;
    this.cookie = new Cookie("jangnal-console", isSecure, "Strict");
  }

  /** Starts a session. Returns the cookie's header. */
  async start(tokens: Tokens): Promise<string> {
    const id = newSessionId();
    await this.#database.rows(insertSession(rowIdOf(id), seal(id, JSON.stringify(tokens)), LASTS_S));
    return this.cookie.set(id, LASTS_S);
  }

  /** Accepts requests of sessions and those with a token. */
  authenticator(): Authenticator {
    const callerOf = async (request: IncomingMessage): Promise<Caller> => this.operatorOf((await this.named(request)).tokens);
    return {
      callerOf: (header, request) => (request && header?.startsWith(SESSION_SCHEME) ? callerOf(request) : this.#authenticator.callerOf(header)),
    };
  }

  /** The operator of these tokens, by the issuer's claims or else by the access token. Errors: UNAUTHENTICATED, FORBIDDEN, UNAVAILABLE. */
  async operatorOf({ access, claims }: Tokens): Promise<Caller> {
    if (claims !== undefined) return operatorOf(claims, this.#claims);
    const caller = await this.#authenticator.callerOf(`Bearer ${access}`);
    return caller.role === "operator" ? caller : refuse("FORBIDDEN");
  }

  /**
   * The session of a request's cookie, if its `Authorization` header names it: another site's page cannot set that header, and a page that
   * another operator has left open cannot act for this one.
   * Errors: UNAUTHENTICATED.
   */
  async named(request: IncomingMessage): Promise<OpenSession> {
    const id = this.cookie.of(request);
    if (id === undefined || request.headers.authorization !== `Bearer ${tokenOf({ id })}`) refuse("UNAUTHENTICATED");
    return (await this.#open(id)) ?? refuse("UNAUTHENTICATED");
  }

  /** The session of a request's cookie. */
  async find(request: IncomingMessage): Promise<OpenSession | undefined> {
    const id = this.cookie.of(request);
    return id === undefined ? undefined : this.#open(id);
  }

  /** Ends a session. */
  async end({ id }: OpenSession): Promise<void> {
    await this.#database.rows(deleteSession(rowIdOf(id)));
  }

  async #open(id: string): Promise<OpenSession | undefined> {
    const [row] = await this.#database.rows<{ sealed: string }>(selectSession(rowIdOf(id)));
    if (!row) return undefined;
    const tokens = JSON.parse(unseal(id, row.sealed)) as Tokens;
    if (Date.now() < tokens.expiresAt - REFRESH_BEFORE_MS) return { id, tokens };
    const refreshed = await this.#refresh(id, row.sealed, tokens);
    return refreshed && { id, tokens: refreshed };
  }

  /**
   * Replaces the tokens of a session. Of all requests at all instances one asks the issuer, because many issuers end a session whose refresh
   * token is used twice. The others go on with the old token, or wait. Undefined if the session is over.
   */
  async #refresh(id: string, sealed: string, tokens: Tokens): Promise<Tokens | undefined> {
    const isLive = Date.now() < tokens.expiresAt;
    if (tokens.refresh === undefined) return isLive ? tokens : undefined;
    const [claim] = await this.#database.rows(claimRefresh(rowIdOf(id), sealed, CLAIM_MS));
    if (claim === undefined) return isLive ? tokens : this.#refreshed(id, sealed);
    try {
      const fresh = await this.#issuer.refresh(tokens);
      await this.#database.rows(updateSession(rowIdOf(id), sealed, seal(id, JSON.stringify(fresh))));
      return fresh;
    } catch {
      return isLive ? tokens : undefined;
    }
  }

  /** Waits for the tokens that another request gets. */
  async #refreshed(id: string, sealed: string): Promise<Tokens | undefined> {
    for (let waitedMs = 0; waitedMs < CLAIM_MS; waitedMs += POLL_MS) {
      const [row] = await this.#database.rows<{ sealed: string }>(selectSession(rowIdOf(id)));
      if (!row) return undefined;
      if (row.sealed !== sealed) return JSON.parse(unseal(id, row.sealed)) as Tokens;
      await sleep(POLL_MS);
    }
    return undefined;
  }
}
