import Type from "typebox";
import { iso } from "../database/statement.ts";
import type { Config } from "../config.ts";
import type { Now } from "../database/clock.ts";
import { GATEWAY_METHODS } from "../payment-settings.ts";
import type { Routes } from "./route.ts";
import { Instant, Money, Nullable, OneOf } from "./schemas.ts";

export type ShopRoutesOptions = {
  config: Pick<
    Config,
    "auth" | "balanceFunding" | "business" | "chargeMax" | "currency" | "demo" | "gateway" | "locale" | "returnWithinMs" | "timezone"
  >;
  now: Now;
};

const PaymentWindow = Type.Object({
  clientKey: Type.String({ description: "The gateway's public key" }),
  sdkUrl: Type.String({ format: "uri", description: "The script of the gateway's browser SDK" }),
  depositHours: Type.Integer({ description: "`virtualAccount.validHours` of the window: how long an order's stock waits for a deposit" }),
  methods: Type.Array(OneOf(GATEWAY_METHODS), {
    description: "What the window may offer; another method is refused and sent back. A charge takes no VIRTUAL_ACCOUNT",
  }),
});

const DAY_MS = 86_400_000;
const Business = Type.Object(
  {
    name: Nullable(Type.String()),
    owner: Nullable(Type.String()),
    registrationNumber: Nullable(Type.String()),
    mailOrderNumber: Nullable(Type.String({ description: "Of the report as a mail-order business" })),
    address: Nullable(Type.String()),
    phone: Nullable(Type.String()),
    email: Nullable(Type.String()),
    termsUrl: Nullable(Type.String()),
    privacyUrl: Nullable(Type.String()),
  },
  { description: "The shop's business, for the footer of its pages; null where a setting is missing" },
);

function businessView({ name, owner, registrationNumber, mailOrderNumber, address, phone, email, termsUrl, privacyUrl }: Config["business"]) {
  return {
    name: name ?? null,
    owner: owner ?? null,
    registrationNumber: registrationNumber ?? null,
    mailOrderNumber: mailOrderNumber ?? null,
    address: address ?? null,
    phone: phone ?? null,
    email: email ?? null,
    termsUrl: termsUrl ?? null,
    privacyUrl: privacyUrl ?? null,
  };
}

/** Settings that a client needs before it can show anything, such as currency, time zone and the current time. */
export function shopRoutes(routes: Routes, { config, now }: ShopRoutesOptions): void {
  routes.read(
    {
      method: "GET",
      path: "/shop",
      operationId: "getShop",
      audience: "anyone",
      tag: "Shop",
      summary: "The shop's currency, time zone, language, current time and payment methods",
      description: "Settings that a client needs before it can show prices, times and payment methods. None of them is secret.",
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
              description: "simulated: no money moves, and any paymentKey is accepted; none: the shop takes no cards",
            }),
            paymentMethods: Type.Array(OneOf(["BALANCE", "CARD"]), { description: "The methods that `POST /payments` accepts" }),
            paymentWindow: Type.Union([PaymentWindow, Type.Null()], {
              description: "How a page opens the gateway's window; null if the shop has no client key of a gateway",
            }),
            tokens: Type.Unsafe<string>({
              ...OneOf(["own", "issuer"]),
              description: "Who signs tokens: the shop itself, or an external issuer",
            }),
            returnWithinDays: Type.Integer({ description: "Days after delivery in which a buyer can return a piece" }),
            business: Business,
            demo: Type.Boolean({ description: "Whether clients can sign in as demo users" }),
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
      paymentWindow: config.gateway.window === undefined ? null : { ...config.gateway.window, methods: [...config.gateway.methods] },
      tokens: config.auth.jwksUrl === undefined ? "own" : "issuer",
      returnWithinDays: Math.floor(config.returnWithinMs / DAY_MS),
      business: businessView(config.business),
      demo: isDemo(config),
    }),
  );
}

/** Whether clients can sign in as demo users: DEMO is on, and the shop signs its own tokens. */
export function isDemo({ demo, auth }: Pick<Config, "demo" | "auth">): boolean {
  return demo && auth.jwksUrl === undefined;
}
