import { CsvError, parse } from "csv-parse/sync";
import { decodeText, type Encoding } from "./decode.ts";
import type { FileFault } from "./fault.ts";

export type Column<Name extends string> = {
  name: Name;
  /** Other names of the column in a header. Case, whitespace, `_` and `-` are ignored. */
  also?: readonly string[];
  /** The file may lack the column; its cells are empty then. */
  optional?: true;
};

export type CsvLayout<Name extends string> = {
  columns: readonly Column<Name>[];
  /**
   * `required`: the header may have other columns too. `optional`: the first row is a header if all its cells are column names;
   * otherwise the columns must be in the given order.
   */
  header: "required" | "optional";
};

/** `line` is the line at which the row starts. Cells are trimmed. */
export type CsvRow<Name extends string> = { line: number; cells: Record<Name, string> };
export type CsvFile<Name extends string> = { rows: CsvRow<Name>[]; faults: FileFault[]; encoding: Encoding | null };

type Raw = { line: number; cells: string[] };

/**
 * Reads a CSV file; `decodeText` describes encodings and line ends. Empty rows are skipped. A row with a wrong number of cells
 * is a fault, and so is a broken quote, which ends the reading. Nothing is repaired by guessing.
 */
export function readCsv<Name extends string>(bytes: Uint8Array, layout: CsvLayout<Name>): CsvFile<Name> {
  const decoded = decodeText(bytes);
  if (decoded.fault) return { rows: [], faults: [decoded.fault], encoding: null };
  const { encoding } = decoded;
  const { raw, faults } = rawRows(decoded.text);
  const [first] = raw;
  const hasHeader = first !== undefined && (layout.header === "required" || isHeader(first, layout));
  const header = hasHeader ? first.cells : layout.columns.map(({ name }) => name);
  const places = placesOf(header, layout);
  const inHeader = headerFaults(places, layout, first?.line ?? 1);
  if (inHeader.length > 0) return { rows: [], faults: inHeader, encoding };

  const rows: CsvRow<Name>[] = [];
  for (const { line, cells } of hasHeader ? raw.slice(1) : raw) {
    if (cells.length === header.length) rows.push({ line, cells: named(cells, places) });
    else faults.push({ line, problem: "CELLS", expected: header.length, found: cells.length });
  }
  return { rows, faults: faults.toSorted((a, b) => a.line - b.line), encoding };
}

function rawRows(text: string): { raw: Raw[]; faults: FileFault[] } {
  const raw: Raw[] = [];
  let nextLine = 1;
  const onRecord = (cells: string[], { lines }: { lines: number }): null => {
    // The parser reports the line at which a row ends. The row starts earlier if quoted cells contain line ends.
    const within = cells.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
    if (cells.some((cell) => cell !== "")) raw.push({ line: lines - within, cells: cells.map((cell) => cell.trim()) });
    nextLine = lines + 1;
    return null;
  };
  try {
    parse(text, { record_delimiter: "\n", relax_column_count: true, skip_empty_lines: true, trim: true, on_record: onRecord });
    return { raw, faults: [] };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // The parser reports an unclosed quote at the end of the file.
    const line = error.code === "CSV_QUOTE_NOT_CLOSED" ? nextLine : ((error as { lines?: number }).lines ?? nextLine);
    return { raw, faults: [{ line, problem: "QUOTES" }] };
  }
}

const folded = (name: string): string =>
  name
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/[\s_-]/g, "");
const namesOf = ({ name, also = [] }: Column<string>): string[] => [name, ...also].map(folded);

function isHeader({ cells }: Raw, { columns }: CsvLayout<string>): boolean {
  const known = new Set(columns.flatMap(namesOf));
  return cells.every((cell) => known.has(folded(cell)));
}

/** The places of each column in the header: one, unless the column is missing or repeated. */
function placesOf<Name extends string>(header: string[], { columns }: CsvLayout<Name>): Map<Name, number[]> {
  const names = header.map(folded);
  return new Map(columns.map((column) => [column.name, names.flatMap((name, place) => (namesOf(column).includes(name) ? [place] : []))]));
}

function headerFaults(places: Map<string, number[]>, { columns }: CsvLayout<string>, line: number): FileFault[] {
  const optional = new Set(columns.flatMap((column) => (column.optional ? [column.name] : [])));
  return [...places].flatMap(([column, { length }]): FileFault[] =>
    length === 1 || (length === 0 && optional.has(column)) ? [] : [{ line, problem: length === 0 ? "COLUMN_MISSING" : "COLUMN_TWICE", column }],
  );
}

function named<Name extends string>(cells: string[], places: Map<Name, number[]>): Record<Name, string> {
  return Object.fromEntries([...places].map(([name, [place]]) => [name, place === undefined ? "" : cells[place]])) as Record<Name, string>;
}
