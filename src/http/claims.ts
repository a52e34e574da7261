// Reads the caller from the claims of a verified token.

import { hash } from "node:crypto";
import type { ClaimSettings } from "../auth-settings.ts";
import { UUID_PATTERN } from "../ids.ts";
import { refuse } from "../refusal.ts";
import type { Caller } from "./caller.ts";

export type Claims = Record<string, unknown>;

/** A caller, or an issuer's shopper whose user has to be found by the external id. */
export type Identity = { caller: Caller } | { externalId: string; name: string; person: string | undefined };

const UUID = new RegExp(UUID_PATTERN);
/** Without control characters and unpaired surrogates, because it is written to the database. Lengths count code points. */
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;
const MAX_NAME = 200;
/** Claims with a person's name, in the order of preference: OpenID Connect's, then those that issuers use instead. */
const NAME_CLAIMS = ["name", "nickname", "preferred_username"];

/**
 * Reads a token's claims. With an issuer, a shopper's claim is an external id, never a user's id.
 * Errors: UNAUTHENTICATED.
 */
export function identityOf(claims: Claims, settings: ClaimSettings, fromIssuer: boolean): Identity {
  const subject = claimOf(claims, settings.userClaim);
  if (typeof subject !== "string" || !SUBJECT.test(subject)) refuse("UNAUTHENTICATED");
  const id = UUID.test(subject) ? subject.toLowerCase() : subject;
  const person = personOf(claims, settings);
  if (valuesOf(claimOf(claims, settings.roleClaim)).includes(settings.operatorRole)) {
    const permissions = claimOf(claims, settings.permissionsClaim);
    return { caller: { id, role: "operator", ...(permissions === undefined ? {} : { permissions: new Set(valuesOf(permissions)) }) } };
  }
  if (fromIssuer) return { externalId: subject, name: nameOf(claims, subject), person };
  if (!UUID.test(subject)) refuse("UNAUTHENTICATED");
  return {
    caller: { id, role: "shopper", ...(claims["rehearsal"] === true ? { rehearsal: true } : {}), ...(person === undefined ? {} : { person }) },
  };
}

/**
 * The operator of these claims, which an issuer gave to the shop itself, in an ID token or at its userinfo endpoint.
 * Errors: UNAUTHENTICATED, FORBIDDEN for other callers than operators.
 */
export function operatorOf(claims: Claims, settings: ClaimSettings): Caller {
  const identity = identityOf(claims, settings, true);
  return "caller" in identity ? identity.caller : refuse("FORBIDDEN");
}

/** The value of a claim: by its whole name first, because a name may be a URL with dots, then along its path. */
export function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value;
}

/** A claim that is a string or a list of strings, as a list. */
function valuesOf(claim: unknown): string[] {
  return (Array.isArray(claim) ? claim : [claim]).filter((value): value is string => typeof value === "string");
}

/** A digest, so that the shop keeps no identifier of a natural person. */
function personOf(claims: Claims, { personClaim }: ClaimSettings): string | undefined {
  const value = personClaim === undefined ? undefined : claimOf(claims, personClaim);
  return typeof value === "string" && value !== "" ? hash("sha256", value, "base64url") : undefined;
}

function nameOf(claims: Claims, externalId: string): string {
  for (const claim of NAME_CLAIMS) {
    const value = claims[claim];
    const name =
      typeof value === "string"
        ? value
            .normalize("NFC")
            .replaceAll(/[\p{Cc}\p{Cs}]/gu, "")
            .trim()
        : "";
    if (name !== "") return [...name].slice(0, MAX_NAME).join("").trim();
  }
  return [...externalId].slice(0, MAX_NAME).join("");
}
