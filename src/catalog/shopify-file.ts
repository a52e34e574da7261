// Products in Shopify's CSV format, which most shops can export. Rows of one handle are one product: the first has its texts, each with a
// price a variant, each with an image source an image.

import { type Column, type CsvRow, readCsv } from "../files/csv.ts";
import { describeFault } from "../files/fault.ts";
import { IMAGES_MAX } from "./catalog.ts";
import type { SentProduct, SentVariant } from "./merge-product.ts";

const COLUMNS = [
  { name: "handle", also: ["url handle"] },
  { name: "title" },
  { name: "body", also: ["body (html)", "description"], optional: true },
  { name: "vendor", optional: true },
  { name: "type", optional: true },
  { name: "tags", optional: true },
  { name: "published", also: ["published on online store"], optional: true },
  { name: "status", optional: true },
  { name: "option1Name", optional: true },
  { name: "option1Value", optional: true },
  { name: "option2Name", optional: true },
  { name: "option2Value", optional: true },
  { name: "option3Name", optional: true },
  { name: "option3Value", optional: true },
  { name: "sku", also: ["variant sku"], optional: true },
  { name: "price", also: ["variant price"] },
  { name: "stock", also: ["variant inventory qty", "inventory quantity"], optional: true },
  { name: "variantImage", also: ["variant image", "variant image url"], optional: true },
  { name: "image", also: ["image src", "product image url"], optional: true },
  { name: "alt", also: ["image alt text"], optional: true },
] as const satisfies Column<string>[];
type Name = (typeof COLUMNS)[number]["name"];
type Row = CsvRow<Name>;

export type RowFault = { line: number; message: string };
/** `lines` has the line of each variant's row, for errors about variants. */
export type FileProduct = { line: number; lines: number[]; product: SentProduct };

/** The option of a product that has one variant, as Shopify writes it. */
const NO_OPTION = "Default Title";

/**
 * Reads the products of a file. A product with a faulty row is left out, and each of its faults is described.
 * @param digits of the currency's minor unit: 0 for won, 2 for cents
 */
export function readShopifyFile(bytes: Uint8Array, digits: number): { products: FileProduct[]; faults: RowFault[] } {
  const { rows, faults } = readCsv<Name>(bytes, { header: "required", columns: COLUMNS });
  const found: RowFault[] = faults.map((fault) => ({ line: fault.line, message: describeFault(fault) }));
  const products: FileProduct[] = [];
  for (const [handle, group] of Map.groupBy(rows, ({ cells }) => cells.handle)) {
    if (handle === "") {
      found.push(...group.map(({ line }) => ({ line, message: "handle is empty" })));
      continue;
    }
    const wrong: RowFault[] = [];
    const product = productOf(handle, group, digits, wrong);
    if (wrong.length === 0) products.push(product);
    else found.push(...wrong);
  }
  return { products, faults: found.toSorted((a, b) => a.line - b.line) };
}

function productOf(externalId: string, rows: Row[], digits: number, wrong: RowFault[]): FileProduct {
  const [first] = rows as [Row];
  const { title, body, vendor, type, tags } = first.cells;
  const variantRows = rows.filter(({ cells }) => cells.price !== "");
  if (title === "") wrong.push({ line: first.line, message: "title is empty in the product's first row" });
  if (variantRows.length === 0) wrong.push({ line: first.line, message: "the product has no row with a price" });
  const names = [first.cells.option1Name, first.cells.option2Name, first.cells.option3Name];
  const metadata = { ...(vendor === "" ? {} : { vendor }), ...(type === "" ? {} : { type }) };
  const status = statusOf(first);
  const product: SentProduct = {
    externalId,
    name: title,
    ...(body === "" ? {} : { description: plainText(body) }),
    ...(status === undefined ? {} : { status }),
    images: imagesOf(rows),
    tags: tags
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ""),
    metadata,
    variants: variantRows.map((row) => variantOf(row, names, digits, wrong)),
  };
  return { line: first.line, lines: variantRows.map(({ line }) => line), product };
}

function statusOf({ cells: { status, published } }: Row): SentProduct["status"] {
  if (status === "" && published === "") return undefined;
  const isActive = status === "" || status.toLowerCase() === "active";
  return isActive && published.toLowerCase() !== "false" ? "ON_SALE" : "NOT_FOR_SALE";
}

function imagesOf(rows: Row[]): { url: string; alt?: string }[] {
  const images = rows.flatMap(({ cells: { image, alt } }) => (image === "" ? [] : [{ url: image, ...(alt === "" ? {} : { alt }) }]));
  return images.slice(0, IMAGES_MAX);
}

function variantOf({ line, cells }: Row, names: string[], digits: number, wrong: RowFault[]): SentVariant {
  const values = [cells.option1Value, cells.option2Value, cells.option3Value];
  const options = values.flatMap((value, i) => (value === "" || value === NO_OPTION ? [] : [[names[i] || `Option${i + 1}`, value]]));
  const price = minorUnits(cells.price, digits);
  if (price === undefined) wrong.push({ line, message: `${cells.price} is not a price with at most ${digits} decimals` });
  if (!/^(?:-?\d+)?$/.test(cells.stock)) wrong.push({ line, message: `${cells.stock} is not a number of units` });
  return {
    ...(cells.sku === "" ? {} : { sku: cells.sku }),
    options: Object.fromEntries(options) as Record<string, string>,
    price: price ?? 0,
    stock: Math.max(0, Number(cells.stock)),
    ...(cells.variantImage === "" ? {} : { imageUrl: cells.variantImage }),
  };
}

/** `19.9` with two digits is 1990. Undefined if the text is no price, or has more decimals. */
function minorUnits(text: string, digits: number): number | undefined {
  const [, whole, decimals = ""] = /^(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  const kept = decimals.replace(/0+$/, "");
  return whole === undefined || kept.length > digits ? undefined : Number(whole + kept.padEnd(digits, "0"));
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** The text of HTML: paragraphs and breaks become line feeds, other tags disappear. */
function plainText(html: string): string {
  return html
    .replaceAll(/<(script|style)\b[^]*?<\/\1>/gi, "")
    .replaceAll(/<br\s*\/?>|<\/(?:p|div|li|h\d|tr)>/gi, "\n")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(
      /&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi,
      (all, decimal, hex, name) => characterOf(decimal, hex) ?? ENTITIES[String(name).toLowerCase()] ?? all,
    )
    .replaceAll(/[ \t]*\n\s*/g, "\n")
    .trim();
}

function characterOf(decimal: string | undefined, hex: string | undefined): string | undefined {
  const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : undefined;
}
