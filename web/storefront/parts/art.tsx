// The picture of a product: its image, or a generated one of two quiet colors, a shape and its first letter, always the same for the same product.

import { useSignal } from "@preact/signals";
import { localName } from "../names.ts";

const SHAPES = 5;

type ArtProps = { id: string; name: string; image?: string | null; alt?: string | undefined; eager?: boolean };

/** Decoration beside the product's name, unless it has a text of its own. An image that cannot be loaded gives way to the generated picture. */
export function Art({ id, name, image = null, alt, eager = false }: ArtProps) {
  const failed = useSignal<string | null>(null);
  if (image !== null && failed.value !== image)
    return (
      <span class="art photo">
        <img src={image} alt={alt ?? ""} loading={eager ? "eager" : "lazy"} decoding="async" onError={() => (failed.value = image)} />
      </span>
    );
  const seed = hashOf(id);
  const hue = seed % 360;
  const second = (hue + 28 + ((seed >>> 9) % 50)) % 360;
  return (
    <div
      class={`art shape-${(seed >>> 17) % SHAPES}`}
      style={{ "--hue": String(hue), "--hue-2": String(second), "--turn": `${(seed >>> 5) % 90}deg` }}
      aria-hidden="true"
    >
      <span>{firstLetter(localName(name))}</span>
    </div>
  );
}

/** FNV-1a with a final mix: similar ids get different labels. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}

/** The first letter, digit or emoji of a name. Segments keep a family emoji whole, and direction marks do not count. */
function firstLetter(name: string): string {
  for (const { segment } of new Intl.Segmenter().segment(name)) if (/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(segment)) return segment;
  return "·";
}
