// The addresses of a product's pictures, with a preview of each.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ALT_MAX, mayShow, type Picture, PICTURE_URL, picturesIn, PICTURES_MAX, URL_MAX } from "../product-fields.ts";
import { p } from "../words/products.ts";
import { t } from "../words/words.ts";
import { Field } from "./parts.tsx";

type UrlFieldProps = { label: string; value: string; change: (url: string) => void; optional?: boolean; path?: string };

/** The address of a picture, and the picture. It is loaded when the address is complete, not at each letter. */
export function PictureField({ label, value, change, optional = false, path }: UrlFieldProps) {
  const shown = useSignal(value);
  const isTyped = useSignal(false);
  // A value from elsewhere, such as a reset of the form, is complete.
  useEffect(() => void (isTyped.peek() || (shown.value = value)), [value]);
  return (
    <div class="picture-field">
      <Preview url={shown.value} />
      <Field label={label} hint={p.value.pictureUrlHint} path={path}>
        <input
          ref={(input) => input?.setCustomValidity(value === "" || mayShow(value) ? "" : p.value.pictureUrlWrong)}
          required={!optional}
          inputMode="url"
          pattern={PICTURE_URL}
          maxLength={URL_MAX}
          value={value}
          onInput={({ currentTarget }) => {
            isTyped.value = true;
            change(currentTarget.value);
          }}
          onChange={({ currentTarget }) => {
            isTyped.value = false;
            shown.value = currentTarget.value;
          }}
        />
      </Field>
    </div>
  );
}

function Preview({ url }: { url: string }) {
  const failed = useSignal<string | null>(null);
  if (!mayShow(url)) return <span class="preview" aria-hidden="true" />;
  if (failed.value === url)
    return (
      <p class="preview-failed" role="status">
        {p.value.noPreview}
      </p>
    );
  return (
    <span class="preview">
      <img src={url.trim()} alt="" referrerpolicy="no-referrer" onError={() => (failed.value = url)} />
    </span>
  );
}

export function Pictures({ value, path = "/images" }: { value: Signal<string>; path?: string }) {
  const pictures = picturesIn(value.value);
  const set = (next: Picture[]): void => void (value.value = JSON.stringify(next));
  const change = (i: number, next: Partial<Picture>): void =>
    set(pictures.map((picture, other) => (other === i ? { ...picture, ...next } : picture)));
  const without = (i: number): Picture[] => pictures.filter((_, other) => other !== i);
  return (
    <fieldset class="rows">
      <legend>
        {p.value.pictures} <span class="field-hint">{p.value.picturesHint}</span>
      </legend>
      {pictures.map(({ url, alt }, i) => (
        <div key={i} class="row-fields">
          <PictureField label={p.value.pictureUrl(i + 1)} value={url} change={(typed) => change(i, { url: typed })} path={`${path}/${i}/url`} />
          <Field label={p.value.pictureAlt(i + 1)} hint={p.value.pictureAltHint} path={`${path}/${i}/alt`}>
            <input maxLength={ALT_MAX} value={alt} onInput={({ currentTarget }) => change(i, { alt: currentTarget.value })} />
          </Field>
          <div class="row-buttons">
            {i > 0 && (
              <button
                type="button"
                class="button small quiet"
                aria-label={p.value.moveUp(i + 1)}
                onClick={() => set(without(i).toSpliced(i - 1, 0, pictures[i] as Picture))}
              >
                ↑
              </button>
            )}
            <button type="button" class="button small quiet" aria-label={p.value.removePicture(i + 1)} onClick={() => set(without(i))}>
              {t.value.remove}
            </button>
          </div>
        </div>
      ))}
      {pictures.length < PICTURES_MAX && (
        <button type="button" class="button small quiet" onClick={() => set([...pictures, { url: "", alt: "" }])}>
          {p.value.anotherPicture}
        </button>
      )}
    </fieldset>
  );
}
