// Issuers' claims, the users that they become, and operators' permissions.

import { type Mutation, mutation } from "../mutation.ts";

const IDENTITY = "test/api/identity.test.ts";
const CLAIMS = "src/http/claims.ts";
const PERMISSIONS = "src/http/permissions.ts";

export const IDENTITIES: Mutation[] = [
  mutation(
    "a route that needs a token names a permission",
    "src/http/route.ts",
    'if (audience !== "anyone" && permission === undefined) throw',
    "if (false) throw",
    ["test/api/security.test.ts", "names no permission is refused"],
  ),
  mutation(
    "an operator needs a route's permission",
    "src/http/authority.ts",
    'hasPermission(caller, permission as Permission, writes) ? undefined : new Refusal("FORBIDDEN", { permission })',
    "undefined",
    [IDENTITY, "an operator without a route's permission is refused"],
  ),
  mutation("reports changes no data", PERMISSIONS, '(!writes && permissions.has("reports"))', 'permissions.has("reports")', [
    IDENTITY,
    "reports reads all routes and changes no data",
  ]),
  mutation(
    "a present permissions claim limits an operator",
    CLAIMS,
    "...(permissions === undefined ? {} : { permissions: new Set(valuesOf(permissions)) })",
    "",
    [IDENTITY, "a grant needs the permission for balances"],
  ),
  mutation(
    "only the role's own claim makes an operator",
    CLAIMS,
    'if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;',
    'if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) continue;',
    [IDENTITY, "a role inside another claim's name"],
  ),
  mutation("an issuer's subject is never a user's id", CLAIMS, "if (fromIssuer) return", "if (fromIssuer && !UUID.test(subject)) return", [
    IDENTITY,
    "a shopper's subject is an external id",
  ]),
  mutation("a subject has at most 255 characters", CLAIMS, "{1,255}$/u", "{1,999}$/u", [IDENTITY, "a token whose user claim is missing"]),
  mutation("a subject that has a user gets no second one", "src/balance/provision-user.ts", "if (found) return found;", "", [
    IDENTITY,
    "a user that an operator has made is found",
  ]),
  mutation("provisioning can be turned off", "src/app/open-till.ts", "provision: config.auth.provision", "provision: true", [
    IDENTITY,
    "without provisioning an unknown subject is forbidden",
  ]),
];
