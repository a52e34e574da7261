// The tags in the head of a page that others read: messengers and search engines show title, text and picture of a shared link.

import type { FastifyRequest } from "fastify";

/** `image` is an absolute URL, or a path of this shop. */
export type Shared = { title: string; description: string | null; image: string | null };

/** @param siteName the shop's name */
export function shareTags(request: FastifyRequest, siteName: string, { title, description, image }: Shared): string {
  const origin = `${request.protocol}://${request.host}`;
  const picture = image?.startsWith("/") ? origin + image : image;
  const tags = {
    "og:type": "website",
    "og:site_name": siteName,
    "og:title": title,
    "og:url": origin + (request.url.split("?", 1)[0] ?? ""),
    ...(description ? { "og:description": shortened(description) } : {}),
    ...(picture ? { "og:image": picture } : {}),
  };
  const lines = Object.entries(tags).map(([property, content]) => `<meta property="${property}" content="${escaped(content)}" />`);
  return [...lines, `<meta name="twitter:card" content="${picture ? "summary_large_image" : "summary"}" />`].join("\n    ");
}

const LONGEST = 200;

function shortened(text: string): string {
  const characters = [...text.replaceAll(/\s+/g, " ")];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : characters.join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
