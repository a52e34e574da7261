// A small OpenID Connect issuer: authorization code with PKCE, refresh tokens that are used once, and
// no page, so that each visit signs in the same person.

import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Claims, token } from "./tokens.ts";

type Grant = { challenge: string; nonce: string; redirectUri: string };

export class OidcIssuer {
  /** Claims of the access tokens of the next sign-in. */
  claims: Claims = { sub: "op-1", role: "operator", name: "김운영" };
  /** How long access tokens live. */
  expiresIn = 3600;
  /** All tokens and codes that were issued. */
  readonly issued: string[] = [];
  /** The queries of all visits to the sign-in page. */
  readonly visits: URLSearchParams[] = [];
  refreshes = 0;
  /** Changes the nonce of ID tokens, as in a replayed answer. */
  wrongNonce = false;
  /** Whether access tokens are random text, and the claims are in ID tokens and at the userinfo endpoint. */
  opaque = false;
  /** Whether a refresh gives an ID token, too. */
  refreshesIdToken = true;
  /** Signs ID tokens with a key that is not in the key set. */
  wrongKey = false;
  /** The person of the userinfo endpoint's answers, if it is another one. */
  userinfoSubject: string | undefined;
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #otherKeys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #opaqueTokens = new Map<string, Claims>();
  readonly #codes = new Map<string, Grant>();
  readonly #refreshTokens = new Set<string>();
  readonly #server: Server;
  readonly #clientId: string;
  readonly #host: string;

  private constructor(clientId: string, host: string) {
    this.#clientId = clientId;
    this.#host = host;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** @param host by which browsers and the shop reach it: `localhost` is another site than 127.0.0.1 */
  static async open(clientId: string, host = "127.0.0.1"): Promise<OidcIssuer> {
    const issuer = new OidcIssuer(clientId, host);
    await new Promise<void>((resolve) => issuer.#server.listen(0, "127.0.0.1", resolve));
    return issuer;
  }

  get url(): string {
    return `http://${this.#host}:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<unknown> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  /** Accepts no refresh token any more. */
  revoke(): void {
    this.#refreshTokens.clear();
  }

  /** An access token, as `claims` say. */
  accessToken(): string {
    const now = Math.floor(Date.now() / 1000);
    if (this.opaque) {
      const opaque = `opaque-${randomUUID()}`;
      this.issued.push(opaque);
      this.#opaqueTokens.set(opaque, this.claims);
      return opaque;
    }
    return this.#sign({ iss: this.url, aud: "shop", iat: now, exp: now + this.expiresIn, jti: randomUUID(), ...this.claims });
  }

  #sign(claims: Claims): string {
    const { privateKey } = this.wrongKey ? this.#otherKeys : this.#keys;
    const signed = token({ alg: "ES256", kid: "k" }, claims, privateKey);
    this.issued.push(signed);
    return signed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const json = (body: unknown, status = 200): void => {
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(body));
    };
    if (pathname === "/.well-known/openid-configuration") json(this.#configuration());
    else if (pathname === "/jwks") json({ keys: [{ ...this.#keys.publicKey.export({ format: "jwk" }), kid: "k", alg: "ES256", use: "sig" }] });
    else if (pathname === "/authorize") this.#authorize(searchParams, response);
    else if (pathname === "/token") {
      const grant = this.#exchange(new URLSearchParams(await bodyOf(request)));
      if (grant) json(grant);
      else json({ error: "invalid_grant" }, 400);
    } else if (pathname === "/logout") {
      response.writeHead(200, { "content-type": "text/html" }).end("<title>Signed out</title><p>Signed out");
    } else if (pathname === "/userinfo") {
      const claims = this.#opaqueTokens.get(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
      if (claims) json({ ...claims, ...(this.userinfoSubject === undefined ? {} : { sub: this.userinfoSubject }) });
      else json({ error: "invalid_token" }, 401);
    } else json({}, 404);
  }

  #configuration(): Record<string, unknown> {
    const { url } = this;
    return {
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      userinfo_endpoint: `${url}/userinfo`,
      jwks_uri: `${url}/jwks`,
      end_session_endpoint: `${url}/logout`,
      response_types_supported: ["code"],
      id_token_signing_alg_values_supported: ["ES256"],
      code_challenge_methods_supported: ["S256"],
    };
  }

  #authorize(query: URLSearchParams, response: ServerResponse): void {
    this.visits.push(query);
    const code = randomUUID();
    this.issued.push(code);
    this.#codes.set(code, {
      challenge: query.get("code_challenge") ?? "",
      nonce: query.get("nonce") ?? "",
      redirectUri: query.get("redirect_uri") ?? "",
    });
    const back = new URL(query.get("redirect_uri") ?? "");
    back.searchParams.set("code", code);
    back.searchParams.set("state", query.get("state") ?? "");
    response.writeHead(302, { location: back.href }).end();
  }

  #exchange(form: URLSearchParams): Record<string, unknown> | undefined {
    if (form.get("client_id") !== this.#clientId) return undefined;
    if (form.get("grant_type") === "refresh_token") {
      this.refreshes++;
      if (!this.#refreshTokens.delete(form.get("refresh_token") ?? "")) return undefined;
      return { ...this.#tokens(), ...(this.opaque && this.refreshesIdToken ? { id_token: this.#idToken() } : {}) };
    }
    const code = form.get("code") ?? "";
    const grant = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (!grant || grant.challenge !== challenge || grant.redirectUri !== form.get("redirect_uri")) return undefined;
    return { ...this.#tokens(), id_token: this.#idToken(this.wrongNonce ? "another" : grant.nonce) };
  }

  #idToken(nonce?: string): string {
    const now = Math.floor(Date.now() / 1000);
    const { sub, name } = this.claims;
    const claims = this.opaque ? this.claims : { sub, name };
    return this.#sign({ iss: this.url, aud: this.#clientId, ...claims, iat: now, exp: now + 300, ...(nonce === undefined ? {} : { nonce }) });
  }

  #tokens(): Record<string, unknown> {
    const refreshToken = `refresh-${randomUUID()}`;
    this.issued.push(refreshToken);
    this.#refreshTokens.add(refreshToken);
    return { access_token: this.accessToken(), token_type: "Bearer", expires_in: this.expiresIn, refresh_token: refreshToken };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}
