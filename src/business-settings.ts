// The details of the shop's business that its pages show. Korean law asks for most of them in each shop's footer.

import { ConfigError, type Env, text } from "./env.ts";

export type Business = {
  name: string | undefined;
  owner: string | undefined;
  registrationNumber: string | undefined;
  mailOrderNumber: string | undefined;
  address: string | undefined;
  phone: string | undefined;
  email: string | undefined;
  termsUrl: string | undefined;
  privacyUrl: string | undefined;
};

/** Errors: ConfigError if a page's address is not one. */
export function businessSettings(env: Env): Business {
  return {
    name: text(env, "BUSINESS_NAME"),
    owner: text(env, "BUSINESS_OWNER"),
    registrationNumber: text(env, "BUSINESS_REGISTRATION_NUMBER"),
    mailOrderNumber: text(env, "BUSINESS_MAIL_ORDER_NUMBER"),
    address: text(env, "BUSINESS_ADDRESS"),
    phone: text(env, "BUSINESS_PHONE"),
    email: text(env, "BUSINESS_EMAIL"),
    termsUrl: pageUrl(env, "BUSINESS_TERMS_URL"),
    privacyUrl: pageUrl(env, "BUSINESS_PRIVACY_URL"),
  };
}

function pageUrl(env: Env, name: string): string | undefined {
  const url = text(env, name);
  if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
    throw new ConfigError(`${name} must begin with https:// or http://`);
  return url;
}
