// Pictures, tags and metadata in the text fields of a form. As text, a list is compared, kept and sent like any other field.

export type Picture = { url: string; alt: string };
export type Entry = { key: string; value: string };

/** The shop's limits. */
export const PICTURES_MAX = 20;
export const URL_MAX = 2000;
export const ALT_MAX = 500;
export const TAGS_MAX = 20;
export const TAG_MAX = 100;
export const ENTRIES_MAX = 50;
export const KEY_MAX = 40;
export const VALUE_MAX = 500;
export const EXTERNAL_ID_MAX = 255;
export const SKU_MAX = 100;

/** The shop's rule for addresses of pictures, as an HTML pattern: a second `/` would make a path the address of another host. */
export const PICTURE_URL = String.raw`[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s\\]+|\/(?:[^\s\\\/][^\s\\]*)?`;

const isPictureUrl = new RegExp(`^(?:${PICTURE_URL})$`, "v");
export const mayShow = (url: string): boolean => isPictureUrl.test(url.trim());

export const picturesText = (images: { url: string; alt?: string }[]): string => JSON.stringify(images.map(({ url, alt = "" }) => ({ url, alt })));
export const picturesIn = (text: string): Picture[] => JSON.parse(text || "[]") as Picture[];
export const imagesBody = (text: string): { url: string; alt?: string }[] =>
  picturesIn(text).map(({ url, alt }) => ({ url: url.trim(), ...(alt.trim() === "" ? {} : { alt: alt.trim() }) }));

export const tagsText = (tags: string[]): string => tags.join("\n");
/** One tag per line: a comma may be part of a tag. */
export const tagsIn = (text: string): string[] => [
  ...new Set(
    text
      .split("\n")
      .map((tag) => tag.trim())
      .filter(Boolean),
  ),
];

const byKey = (a: Entry, b: Entry): number => (a.key < b.key ? -1 : 1);
export const metadataText = (metadata: Record<string, string>): string =>
  JSON.stringify(
    Object.entries(metadata)
      .map(([key, value]) => ({ key, value }))
      .sort(byKey),
  );
export const entriesIn = (text: string): Entry[] => JSON.parse(text || "[]") as Entry[];
export const metadataIn = (text: string): Record<string, string> => Object.fromEntries(entriesIn(text).map(({ key, value }) => [key, value]));

/** The change that makes one metadata of another: the shop merges it by key, and null removes a key. */
export function metadataPatch(before: string, after: string): Record<string, string | null> {
  const [old, next] = [metadataIn(before), metadataIn(after)];
  return Object.fromEntries([
    ...Object.entries(next).filter(([key, value]) => old[key] !== value),
    ...Object.keys(old).flatMap((key) => (key in next ? [] : [[key, null] as const])),
  ]);
}

/** The text of a field in the one form in which equal values are equal texts. */
export function normalText(field: string, text: string): string {
  switch (field) {
    case "images":
      return picturesText(imagesBody(text));
    case "tags":
      return tagsText(tagsIn(text));
    case "metadata":
      return JSON.stringify(entriesIn(text).sort(byKey));
    default:
      return text.trim();
  }
}

/** A list as words, for a message about a conflict. */
export function wordsOf(field: string, text: string): string {
  switch (field) {
    case "images":
      return picturesIn(text)
        .map(({ url }) => url)
        .join(", ");
    case "tags":
      return tagsIn(text).join(", ");
    case "metadata":
      return entriesIn(text)
        .map(({ key, value }) => `${key}: ${value}`)
        .join(", ");
    default:
      return text;
  }
}
