import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { londonToUtc } from "./london-time.ts";
import { parseSales, readSalesFile } from "./sales-file.ts";

const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const sale = "1,A,LAMP,2,2010-12-01 08:00:00,2.55,7.0,France";

const read = (...lines: string[]) => parseSales(Buffer.from(lines.join("\n")), "sales.csv");

let folder = "";
before(async () => void (folder = await mkdtemp(join(tmpdir(), "replay-"))));
after(() => rm(folder, { recursive: true }));

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

test("lines without a customer, a positive quantity or a price in whole pence are left out and counted", () => {
  const file = read(
    header,
    sale,
    sale.replace("7.0", ""),
    sale.replace(",2,", ",-2,"),
    sale.replace("2.55", "0.0"),
    sale.replace("2.55", "0.001"),
    sale.replace("1,", "C1,").replace(",2,", ",-2,"),
    sale.replace("1,", "C1,"),
  );
  assert.equal(file.sales.length, 1);
  assert.deepEqual(
    file.cancellations.map(({ invoice, quantity }) => [invoice, quantity]),
    [["C1", 2]],
  );
  assert.deepEqual(Object.fromEntries(file.leftOut), {
    "without a customer": 1,
    "without a positive quantity": 2,
    "without a price in whole pence": 2,
  });
});

for (const [pounds, pence] of [
  ["2.55", 255],
  ["2.1", 210],
  ["3", 300],
  ["0.07", 7],
  ["1.150", 115],
  ["16888.02", 1_688_802],
] as const) {
  test(`${pounds} pounds are ${pence} pence`, () => assert.equal(read(header, sale.replace("2.55", pounds)).sales[0]?.price, pence));
}

for (const [wallClock, instant] of [
  ["2010-12-01 08:26:00", "2010-12-01T08:26:00.000Z"],
  ["12/1/2010 8:26", "2010-12-01T08:26:00.000Z"],
  ["2011-07-01 08:26:00", "2011-07-01T07:26:00.000Z"],
  ["2011-03-27 00:59:00", "2011-03-27T00:59:00.000Z"],
  ["2011-03-27 02:00:00", "2011-03-27T01:00:00.000Z"],
  ["2011-10-30 00:59:00", "2011-10-29T23:59:00.000Z"],
  ["2011-10-30 02:00:00", "2011-10-30T02:00:00.000Z"],
  ["2011-02-31 08:00:00", undefined],
  ["2011-02-28 24:30:00", undefined],
  ["yesterday", undefined],
] as const) {
  test(`${wallClock} in London is ${instant ?? "no valid time"}`, () => assert.equal(londonToUtc(wallClock), instant));
}

test("a file has the same sales gzipped or not, and with a byte order mark", async () => {
  const plain = await readSalesFile(await fileOf("plain.csv", `\ufeff${header}\r\n${sale}\r\n`));
  const zipped = await readSalesFile(await fileOf("zipped.csv.gz", gzipSync(`\ufeff${header}\r\n${sale}\r\n`)));
  assert.equal(plain.sales.length, 1);
  assert.deepEqual(plain, zipped);
});

const oneFault = (line: number, fault: string) => new RegExp(`cannot be imported, and nothing was changed:\\n  line ${line}: ${fault}$`);
const refused: [name: string, content: string | Buffer, sentence: RegExp][] = [
  ["no.csv.gz", "InvoiceNo\n", /^.*no\.csv\.gz is not a gzip file, despite its name\.$/],
  ["cut.csv.gz", gzipSync(header.repeat(99)).subarray(0, 50), /cut\.csv\.gz is a damaged gzip file\.$/],
  [
    "columns.csv",
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate\n",
    /columns\.csv cannot .*:\n {2}line 1: column UnitPrice is missing\n {2}line 1: column CustomerID is missing$/,
  ],
  ["ragged.csv", `${header}\n1,A\n`, oneFault(2, "2 cells instead of 8; .*")],
  ["surplus.csv", `${header}\n${sale}\n${sale},\n`, oneFault(3, "9 cells instead of 8; .*")],
  ["quotes.csv", `${header}\n${sale}\n1,"A\n`, oneFault(3, "a quote is not closed.*")],
  ["latin1.csv", Buffer.from(`${header}\n${sale.replace("LAMP", "CAFÉ")}\n`, "latin1"), oneFault(2, "the text is neither UTF-8 nor CP949.*")],
  ["empty.csv", "", /empty\.csv has no sales/],
  ["none.csv", `${header}\n`, /none\.csv has no sales/],
  ["quantity.csv", `${header}\n${sale}\n${sale.replace(",2,", ",two,")}\n`, oneFault(3, 'Quantity "two" is not a whole number in digits only')],
  ["thousand.csv", `${header}\n${sale.replace(",2,", ',"1,000",')}\n`, oneFault(2, 'Quantity "1,000" is not a whole number in digits only')],
  ["price.csv", `${header}\n${sale.replace("2.55", "1e3")}\n`, oneFault(2, 'UnitPrice "1e3" is not an amount such as 2\\.55')],
  ["negative.csv", `${header}\n${sale.replace("2.55", "-2.55")}\n`, oneFault(2, 'UnitPrice "-2\\.55" is negative')],
  ["date.csv", `${header}\n${sale.replace("2010-12-01", "1/12")}\n`, oneFault(2, 'InvoiceDate "1/12 08:00:00" is not a time such as .*')],
  ["future.csv", `${header}\n${sale.replace("2010", "9010")}\n`, oneFault(2, 'InvoiceDate "9010-12-01 08:00:00" is in the future')],
];

for (const [name, content, sentence] of refused) {
  test(`${name} is refused with a reason`, async () => {
    const path = await fileOf(name, content);
    await assert.rejects(readSalesFile(path), { name: "ReplayError", message: sentence });
  });
}

// Fails if the reading ends at the first faulty row.
test("every faulty row is listed with each of its faults", () => {
  const rows = ['1,A,"two', `lines",x,2010-12-01 08:00:00,-1,7.0,France`, "", sale, sale.replace("2010", "9010"), `${sale},`];
  assert.throws(() => read(header, ...rows), {
    message: /:\n {2}line 2: Quantity "x" .*\n {2}line 2: UnitPrice "-1" is negative\n {2}line 6: InvoiceDate .* future\n {2}line 7: 9 cells .*$/,
  });
});

test("a missing file or a folder is refused in one sentence", async () => {
  await assert.rejects(readSalesFile(join(folder, "nowhere.csv")), { name: "ReplayError", message: /^There is no file .*nowhere\.csv\.$/ });
  await assert.rejects(readSalesFile(folder), { name: "ReplayError", message: /cannot be read \(EISDIR\)\.$/ });
});
