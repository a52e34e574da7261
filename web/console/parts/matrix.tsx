import type { ComponentChildren } from "preact";
import type { Grid } from "../variants.ts";
import { optionLabel, t } from "../words/words.ts";

type MatrixProps<Item> = { caption: string; grid: Grid<Item>; cell: (item: Item) => ComponentChildren };

/** Variants as a table of sizes and colors. On a narrow screen the table scrolls sideways. */
export function Matrix<Item>({ caption, grid, cell }: MatrixProps<Item>) {
  const { columnOption, rowOptions, columns, rows } = grid;
  const corner = [...rowOptions, columnOption].filter(Boolean).map(optionLabel).join(" ＼ ");
  return (
    // The keyboard scrolls it with the arrow keys.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class="matrix-frame" role="region" aria-label={caption} tabIndex={0}>
      <table class="matrix">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">
              <bdi>{corner || t.value.variant}</bdi>
            </th>
            {columns.map((value) => (
              <th key={value} scope="col">
                <bdi>{value || t.value.stock}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, cells }) => (
            <tr key={label}>
              <th scope="row">
                <bdi>{label || t.value.stock}</bdi>
              </th>
              {cells.map((item, i) => (
                <td key={columns[i]}>{item === undefined ? <span class="muted">–</span> : cell(item)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
