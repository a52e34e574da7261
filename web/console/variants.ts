// Variants as a table, as clothes are sold: sizes in columns, colors in rows.

export type Options = Record<string, string>;

/** One option as typed in a form: its name, and its values separated by commas. */
export type OptionRow = { name: string; values: string };

export type Grid<Item> = {
  /** The names of the options in the columns and in the rows; empty if there is no table to label. */
  columnOption: string;
  rowOptions: readonly string[];
  columns: string[];
  rows: { label: string; cells: (Item | undefined)[] }[];
};

/** The shop's limit for one product. */
export const MAX_VARIANTS = 200;

const valuesOf = ({ values }: OptionRow): string[] => [
  ...new Set(
    values
      .split(",")
      .map((value) => value.trim())
      .filter(Boolean),
  ),
];

/** Every combination of the options that have a name and values, in the order of typing. Of two options with one name the first counts. */
export function combinations(rows: OptionRow[]): Options[] {
  const names = rows.map((row) => row.name.trim());
  const named = rows.filter((row, i) => names[i] !== "" && names.indexOf(names[i] as string) === i && valuesOf(row).length > 0);
  if (named.length === 0) return [];
  return named.reduce<Options[]>(
    (all, row) => all.flatMap((options) => valuesOf(row).map((value) => ({ ...options, [row.name.trim()]: value }))),
    [{}],
  );
}

/** The name that the shop gives to a variant without one. */
export const nameOf = (options: Options): string => Object.values(options).join(" / ");

/** A variant's options in the order of its name. The shop does not keep the order of typing, but a name made of the options does. */
export function optionsInNameOrder({ name, options }: { name: string; options: Options }): Options {
  const parts = name.split(" / ");
  const position = (value: string): number => parts.indexOf(value);
  const entries = Object.entries(options);
  if (entries.some(([, value]) => position(value) < 0)) return options;
  return Object.fromEntries(entries.sort(([, a], [, b]) => position(a) - position(b)));
}

/**
 * Puts the last option's values into columns and each combination of the others into a row. Items without options, or with different
 * options, become one column.
 * @param nameOf the label of an item in that column
 */
export function gridOf<Item>(items: Item[], optionsOf: (item: Item) => Options, nameOf: (item: Item) => string): Grid<Item> {
  const names = Object.keys(items[0] === undefined ? {} : optionsOf(items[0]));
  const keyOf = (item: Item): string => JSON.stringify(names.map((name) => optionsOf(item)[name]));
  const sameOptions = items.every((item) => {
    const options = optionsOf(item);
    return Object.keys(options).length === names.length && names.every((name) => options[name] !== undefined);
  });
  const last = names.at(-1);
  if (!sameOptions || last === undefined || new Set(items.map(keyOf)).size < items.length)
    return { columnOption: "", rowOptions: [], columns: [""], rows: items.map((item) => ({ label: nameOf(item), cells: [item] })) };
  const others = names.slice(0, -1);
  const labelOf = (item: Item): string => others.map((name) => optionsOf(item)[name]).join(" / ");
  const columns = [...new Set(items.map((item) => optionsOf(item)[last] as string))];
  const rows = [...Map.groupBy(items, labelOf)].map(([label, row]) => ({
    label,
    cells: columns.map((value) => row.find((item) => optionsOf(item)[last] === value)),
  }));
  return { columnOption: last, rowOptions: others, columns, rows };
}
