import { ConfigError, type Env, text } from "./env.ts";

/** The origins whose pages may read the shop's answers, or `*` for all. */
export type CorsOrigins = readonly string[] | "*";

/** Reads a list of origins, separated by commas; undefined if the setting is unset. Errors: ConfigError. */
export function corsOrigins(env: Env, name: string): CorsOrigins | undefined {
  const value = text(env, name);
  if (value === undefined || value === "*") return value;
  const origins = value.split(",").map((origin) => origin.trim());
  for (const origin of origins) {
    // A browser sends an origin in exactly this form: a path, a slash at the end or a default port would never match.
    if (!URL.canParse(origin) || !/^https?:$/.test(new URL(origin).protocol) || new URL(origin).origin !== origin)
      throw new ConfigError(`${name} must be * or origins like https://shop.example separated by commas, not ${JSON.stringify(origin)}`);
  }
  return origins;
}
