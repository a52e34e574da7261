// The tags in the head of a page that others read: messengers and search engines show title, text and picture of a shared link.

import type { FastifyRequest } from "fastify";
import type { Locale } from "../problem.ts";

/** `image` is an absolute URL, or a path of this shop. */
export type Shared = { title: string; description: string | null; image: string | null };

type ShareOptions = {
  siteName: string;
  /** The shop's language: a messenger shows one card of a link to all its readers. */
  locale: Locale;
};

export function shareTags(request: FastifyRequest, { siteName, locale }: ShareOptions, { title, description, image }: Shared): string {
  const origin = `${request.protocol}://${request.host}`;
  const picture = image?.startsWith("/") ? origin + image : image;
  const tags = {
    "og:type": "website",
    "og:site_name": siteName,
    "og:title": inLanguage(title, locale),
    "og:url": origin + (request.url.split("?", 1)[0] ?? ""),
    ...(description ? { "og:description": shortened(inLanguage(description, locale)) } : {}),
    ...(picture ? { "og:image": picture } : {}),
  };
  const lines = Object.entries(tags).map(([property, content]) => `<meta property="${property}" content="${escaped(content)}" />`);
  return [...lines, `<meta name="twitter:card" content="${picture ? "summary_large_image" : "summary"}" />`].join("\n    ");
}

const HANGUL = /\p{Script=Hangul}/u;

/** A text in two languages, such as "달항아리 · Moon jar", in one of them; any other text as it is (web/storefront/names.ts). */
function inLanguage(text: string, locale: Locale): string {
  const [first = "", second = "", ...more] = text.split(" · ");
  if (more.length > 0 || HANGUL.test(first) === HANGUL.test(second)) return text;
  return HANGUL.test(first) === (locale === "ko") ? first : second;
}

const LONGEST = 200;

function shortened(text: string): string {
  const characters = [...text.replaceAll(/\s+/g, " ")];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : characters.join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
