// Variants side by side, as whoever sells clothes thinks of them: sizes across, colours down.

export type Options = Record<string, string>;

/** What one type in a form: an option's name, and its values between commas. */
export type OptionRow = { name: string; values: string };

export type Grid<Item> = {
  /** What the columns are the values of, and what the rows are; empty where there is nothing to say. */
  across: string;
  down: string;
  columns: string[];
  rows: { label: string; cells: (Item | undefined)[] }[];
};

/** As many as the shop takes of one product. */
export const MOST_VARIANTS = 200;

const valuesOf = ({ values }: OptionRow): string[] => [
  ...new Set(
    values
      .split(",")
      .map((value) => value.trim())
      .filter(Boolean),
  ),
];

/** Every combination of the options that have a name and values, in the order in which they were typed. A name counts once. */
export function combinations(rows: OptionRow[]): Options[] {
  const names = rows.map((row) => row.name.trim());
  const named = rows.filter((row, i) => names[i] !== "" && names.indexOf(names[i] as string) === i && valuesOf(row).length > 0);
  if (named.length === 0) return [];
  return named.reduce<Options[]>(
    (all, row) => all.flatMap((options) => valuesOf(row).map((value) => ({ ...options, [row.name.trim()]: value }))),
    [{}],
  );
}

/** What the shop calls a variant that was given no name. */
export const nameOf = (options: Options): string => Object.values(options).join(" / ");

/** A variant's options as they were typed, which its name tells where it was made of them: the shop keeps them in an order of its own. */
export function asTyped({ name, options }: { name: string; options: Options }): Options {
  const parts = name.split(" / ");
  const place = (value: string): number => parts.indexOf(value);
  const entries = Object.entries(options);
  if (entries.some(([, value]) => place(value) < 0)) return options;
  return Object.fromEntries(entries.sort(([, a], [, b]) => place(a) - place(b)));
}

/**
 * The last option's values across, each combination of the others down. Items that are not told apart by the same options, or by none, stand in
 * one column under each other.
 * @param nameOf what such an item is called
 */
export function gridOf<Item>(items: Item[], optionsOf: (item: Item) => Options, nameOf: (item: Item) => string): Grid<Item> {
  const names = Object.keys(items[0] === undefined ? {} : optionsOf(items[0]));
  const keyOf = (item: Item): string => JSON.stringify(names.map((name) => optionsOf(item)[name]));
  const alike = items.every((item) => {
    const own = optionsOf(item);
    return Object.keys(own).length === names.length && names.every((name) => own[name] !== undefined);
  });
  const last = names.at(-1);
  if (!alike || last === undefined || new Set(items.map(keyOf)).size < items.length)
    return { across: "", down: "", columns: [""], rows: items.map((item) => ({ label: nameOf(item), cells: [item] })) };
  const others = names.slice(0, -1);
  const labelOf = (item: Item): string => others.map((name) => optionsOf(item)[name]).join(" / ");
  const columns = [...new Set(items.map((item) => optionsOf(item)[last] as string))];
  const rows = [...Map.groupBy(items, labelOf)].map(([label, row]) => ({
    label,
    cells: columns.map((value) => row.find((item) => optionsOf(item)[last] === value)),
  }));
  return { across: last, down: others.join(" / "), columns, rows };
}
