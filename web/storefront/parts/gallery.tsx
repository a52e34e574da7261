import type { Product, Variant } from "#client";
import { Art } from "./art.tsx";
import { t } from "../words/words.ts";

/** The images of a product side by side: a swipe, or the arrow keys, lead to the next. The chosen variant's own image comes first. */
export function Gallery({ product: { id, name, images }, variant }: { product: Product; variant?: Variant | undefined }) {
  const own = variant?.imageUrl ?? null;
  const shown = [...(own === null ? [] : [{ url: own, alt: variant?.name }]), ...images.filter(({ url }) => url !== own)];
  const [first, ...others] = shown;
  if (first === undefined || others.length === 0) return <Art id={id} name={name} image={first?.url ?? null} alt={first?.alt} eager />;
  return (
    <ul class="gallery" tabIndex={0} aria-label={t.value.pictures(shown.length)}>
      {shown.map(({ url, alt }, i) => (
        <li key={url}>
          <Art id={id} name={name} image={url} alt={alt ?? t.value.picture(i + 1)} eager={i === 0} />
        </li>
      ))}
    </ul>
  );
}
