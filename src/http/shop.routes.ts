import Type from "typebox";
import { iso } from "../database/statement.ts";
import type { Config } from "../config.ts";
import type { Now } from "../database/clock.ts";
import type { Routes } from "./route.ts";
import { Instant, Money, OneOf } from "./schemas.ts";

export type ShopRoutesOptions = {
  config: Pick<Config, "auth" | "balanceFunding" | "chargeMax" | "currency" | "demo" | "gateway" | "locale" | "timezone">;
  now: Now;
};

/** What a face of the shop has to know before it can show anything: in what money, in which zone, and what time it is here. */
export function shopRoutes(routes: Routes, { config, now }: ShopRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/shop",
      operationId: "getShop",
      audience: "anyone",
      tag: "Shop",
      summary: "What the shop counts in, where it is, and what time it is there",
      answers: {
        200: Type.Object(
          {
            currency: Type.String({ description: "ISO 4217" }),
            timezone: Type.String({ description: "IANA" }),
            locale: OneOf(["ko", "en"]),
            now: Instant(),
            balanceFunding: OneOf(["open", "gateway", "operator"]),
            chargeMax: Money(),
            cards: Type.Unsafe<string>({
              ...OneOf(["simulated", "gateway", "none"]),
              description: "simulated: no money moves, and any paymentKey will do; none: the shop takes no cards",
            }),
            paymentMethods: Type.Array(OneOf(["BALANCE", "CARD"]), { description: "What `POST /payments` takes" }),
            tokens: Type.Unsafe<string>({
              ...OneOf(["own", "issuer"]),
              description: "Who signs them: the shop itself, or an issuer whose keys it reads. Only a shop that signs its own has rehearsals",
            }),
            demo: Type.Boolean({ description: "Whether the demo's users can be signed in as" }),
          },
          { title: "Shop" },
        ),
      },
    },
    () => ({
      currency: config.currency,
      timezone: config.timezone,
      locale: config.locale,
      now: iso(now()),
      balanceFunding: config.balanceFunding,
      chargeMax: config.chargeMax,
      cards: config.gateway.kind,
      paymentMethods: config.gateway.kind === "none" ? ["BALANCE"] : ["BALANCE", "CARD"],
      tokens: config.auth.jwksUrl === undefined ? "own" : "issuer",
      demo: isDemo(config),
    }),
  );
}

/** Demo users can be signed in as where the shop was told to be a demo and signs tokens itself. */
export function isDemo({ demo, auth }: Pick<Config, "demo" | "auth">): boolean {
  return demo && auth.jwksUrl === undefined;
}
