// Settings of the payment window: how the storefront opens it, and the methods that it may offer.

import { ConfigError, duration, type Env, text } from "./env.ts";

/** The methods of the gateway that the shop supports, in the gateway's words. */
export const GATEWAY_METHODS = ["CARD", "EASY_PAY", "TRANSFER", "VIRTUAL_ACCOUNT"] as const;
export type GatewayMethod = (typeof GATEWAY_METHODS)[number];

/** The methods that charge a balance. A charge has no place for the account and the due date of a deposit, so a buyer could not pay it. */
export function methodsOfCharges(methods: readonly GatewayMethod[] = GATEWAY_METHODS): readonly GatewayMethod[] {
  return methods.filter((method) => method !== "VIRTUAL_ACCOUNT");
}

/** How a page opens the gateway's window. The client key is public. `depositHours`: how long a virtual account waits for its deposit. */
export type PaymentWindow = { clientKey: string; sdkUrl: string; depositHours: number };

const TOSS_API = "api.tosspayments.com";
const TOSS_SDK = "https://js.tosspayments.com/v2/standard";

/**
 * The payment window of the storefront; undefined without a client key, which the storefront needs. @param gatewayUrl a real gateway's address
 */
export function paymentWindow(env: Env, gatewayUrl: string | undefined): PaymentWindow | undefined {
  const hours = depositHours(env);
  const [clientKey, sdkUrl] = [text(env, "PAYMENT_GATEWAY_CLIENT_KEY"), text(env, "PAYMENT_GATEWAY_SDK_URL")];
  if (clientKey === undefined) return undefined;
  if (gatewayUrl === undefined) throw new ConfigError("PAYMENT_GATEWAY_CLIENT_KEY is set without PAYMENT_GATEWAY_URL; set both or none");
  // Browsers get this key, so a secret key in its place would be given away.
  if (/^(test|live)_g?sk_/.test(clientKey) || clientKey === text(env, "PAYMENT_GATEWAY_SECRET"))
    throw new ConfigError("PAYMENT_GATEWAY_CLIENT_KEY is a secret key; every visitor would see it. Set the client key");
  if (!/^[\x21-\x7e]{1,200}$/.test(clientKey)) throw new ConfigError("PAYMENT_GATEWAY_CLIENT_KEY must be 1 to 200 visible ASCII characters");
  return { clientKey, sdkUrl: checkedSdkUrl(sdkUrl, gatewayUrl), depositHours: hours };
}

const HOUR_MS = 3_600_000;
/** The gateway's longest time, and its own default is a week: as long the stock of an order would wait for a deposit. */
const MOST_DEPOSIT_HOURS = 720;

function depositHours(env: Env): number {
  const hours = duration(env, "PAYMENT_DEPOSIT_WITHIN", "P1D") / HOUR_MS;
  if (!Number.isInteger(hours) || hours > MOST_DEPOSIT_HOURS) throw new ConfigError("PAYMENT_DEPOSIT_WITHIN must be whole hours, at most P30D");
  return hours;
}

/** The script of the gateway's browser SDK. A compatible gateway of another name serves it at the same path. */
function checkedSdkUrl(given: string | undefined, gatewayUrl: string): string {
  const { hostname, origin } = new URL(gatewayUrl);
  const url = given ?? (hostname === TOSS_API ? TOSS_SDK : `${origin}/v2/standard`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed?.hostname ?? "");
  if (!parsed || (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && isLocal)) || /[\s;,'"]/.test(url))
    throw new ConfigError("PAYMENT_GATEWAY_SDK_URL must be an https:// address; http:// is allowed on this machine only");
  return url;
}

/** The methods that the shop takes at the gateway. Errors: ConfigError. */
export function gatewayMethods(env: Env): readonly GatewayMethod[] {
  const names = (text(env, "PAYMENT_METHODS") ?? "CARD,EASY_PAY").split(",").map((name) => name.trim());
  const methods = names.map((name) => GATEWAY_METHODS.find((method) => method === name));
  if (methods.includes(undefined) || new Set(names).size < names.length)
    throw new ConfigError(`PAYMENT_METHODS must be some of ${GATEWAY_METHODS.join(", ")}, separated by commas, each once`);
  return methods as GatewayMethod[];
}
