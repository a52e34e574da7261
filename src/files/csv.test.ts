import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeCp949 } from "./cp949.ts";
import { readCsv } from "./csv.ts";
import { describeFault } from "./fault.ts";

const layout = { columns: [{ name: "who", also: ["회원"] }, { name: "amount" }, { name: "why" }], header: "optional" } as const;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (file: string | Uint8Array) => readCsv(typeof file === "string" ? bytesOf(file) : file, layout);
const rowsOf = (file: string | Uint8Array) => {
  const { rows, faults } = read(file);
  assert.deepEqual(faults, []);
  return rows.map(({ line, cells: { who, amount, why } }) => [line, who, amount, why]);
};
const faultsOf = (file: string | Uint8Array) => read(file).faults;

/** `a,5,장난감 똠` in CP949. EUC-KR lacks 똠. */
const CP949 = Uint8Array.from([0x61, 0x2c, 0x35, 0x2c, 0xc0, 0xe5, 0xb3, 0xad, 0xb0, 0xa8, 0x20, 0x8c, 0x63, 0x0a]);

describe("the CSV reader", () => {
  for (const [what, end] of [
    ["LF", "\n"],
    ["CRLF", "\r\n"],
    ["CR", "\r"],
  ] as const) {
    test(`lines may end in ${what}, and the last line may have no end`, () => {
      for (const last of ["", end, end + end])
        assert.deepEqual(rowsOf(`a,1,x${end}b,2,y${last}`), [
          [1, "a", "1", "x"],
          [2, "b", "2", "y"],
        ]);
    });
    test(`a row's line number counts quoted line ends and empty lines (${what})`, () => {
      assert.deepEqual(rowsOf(['a,1,"x', 'y"', "", ",,", "b,2,z"].join(end)), [
        [1, "a", "1", "x\ny"],
        [5, "b", "2", "z"],
      ]);
    });
  }

  test("the encoding is detected: UTF-8 with and without a byte order mark, and CP949", () => {
    assert.deepEqual(rowsOf("\ufeffa,5,설날"), [[1, "a", "5", "설날"]]);
    assert.deepEqual(rowsOf("a,5,설날"), [[1, "a", "5", "설날"]]);
    assert.deepEqual(rowsOf(CP949), [[1, "a", "5", "장난감 똠"]]);
    assert.deepEqual([read("a,5,설날").encoding, read(CP949).encoding], ["UTF-8", "CP949"]);
  });

  // The code points of the extension are from Unicode's CP949.TXT.
  test("CP949 has each Hangul syllable once, the extended ones at their standard code points", () => {
    const decoded = new Set<string>();
    for (let lead = 0x81; lead <= 0xfe; lead++) {
      for (let trail = 0x41; trail <= 0xfe; trail++) {
        const character = decodeCp949(Uint8Array.of(lead, trail)) ?? "";
        if (!/^[가-힣]$/.test(character)) continue;
        assert.ok(!decoded.has(character), character);
        decoded.add(character);
      }
    }
    assert.equal(decoded.size, 11_172);
    for (const [lead, trail, character] of [
      [0x81, 0x41, "갂"],
      [0x8c, 0x63, "똠"],
      [0x94, 0xee, "뷁"],
      [0xa0, 0xfe, "좤"],
      [0xc6, 0x52, "힣"],
      [0xb0, 0xa1, "가"],
      [0xc8, 0xfe, "힝"],
    ] as const)
      assert.equal(decodeCp949(Uint8Array.of(lead, trail)), character);
    assert.equal(decodeCp949(Uint8Array.of(0xb0)), undefined);
    assert.equal(decodeCp949(Uint8Array.of(0xff, 0xa1)), undefined);
  });

  test("any other encoding is refused with its first line, and no character is guessed", () => {
    const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (const text of ["a,5,x\r\nb,5,café\r\n", "a,5,x\nb,5,Größe\n", "a,5,x\rb,5,£5\r"]) {
      assert.deepEqual(read(latin1(text)), { rows: [], faults: [{ line: 2, problem: "ENCODING" }], encoding: null });
    }
    assert.deepEqual(faultsOf(Uint8Array.from([...bytesOf("a,5,설날\nb,5,설날"), 0xff])), [{ line: 2, problem: "ENCODING" }]);
    assert.deepEqual(faultsOf(Uint8Array.from([0xff, 0xfe, 0x61, 0])), [{ line: 1, problem: "UTF_16" }]);
    assert.deepEqual(faultsOf("a,5,x\nb,5,�"), [{ line: 2, problem: "DAMAGED" }]);
    assert.deepEqual(faultsOf("a,5,x\nb,5,\0"), [{ line: 2, problem: "DAMAGED" }]);
  });

  test("a row with a cell too many or too few is refused with its line and the count, and no cell is dropped", () => {
    const { rows, faults } = read("a,1,000,보상\nb,2,x\nc,3\nd,4,x,\n");
    assert.deepEqual(
      rows.map(({ cells }) => cells.who),
      ["b"],
    );
    assert.deepEqual(faults, [
      { line: 1, problem: "CELLS", expected: 3, found: 4 },
      { line: 3, problem: "CELLS", expected: 3, found: 2 },
      { line: 4, problem: "CELLS", expected: 3, found: 4 },
    ]);
    assert.equal(describeFault(faults[0]!), "4 cells instead of 3; put a cell that contains a comma in quotes");
  });

  test("quoted cells may contain commas, line ends and doubled quotes; a broken quote is refused with the line of its row", () => {
    assert.deepEqual(rowsOf('a, "1,000" ,"he said ""hi"""'), [[1, "a", "1,000", 'he said "hi"']]);
    assert.deepEqual(faultsOf('a,1,x\n\nb,1,"y\nc,1,z\n'), [{ line: 2, problem: "QUOTES" }]);
    assert.deepEqual(faultsOf('a,1,x\nb,1,5"\n'), [{ line: 2, problem: "QUOTES" }]);
  });

  test("a header is recognized by its names, in any order and case, and sets the order of the columns", () => {
    for (const header of ["who,amount,why", "Who, AMOUNT ,why", "\ufeffWHO,amount,Why", "회원,amount,why"])
      assert.deepEqual(rowsOf(`${header}\na,1,x`), [[2, "a", "1", "x"]]);
    assert.deepEqual(rowsOf("why,who,amount\nx,a,1"), [[2, "a", "1", "x"]]);
    assert.deepEqual(faultsOf("who,amount\na,1"), [{ line: 1, problem: "COLUMN_MISSING", column: "why" }]);
    assert.deepEqual(faultsOf("who,amount,회원\na,1,b"), [
      { line: 1, problem: "COLUMN_TWICE", column: "who" },
      { line: 1, problem: "COLUMN_MISSING", column: "why" },
    ]);
  });

  test("a first row that has other cells than names is data, not a header", () => {
    assert.deepEqual(rowsOf("who,5,why"), [[1, "who", "5", "why"]]);
  });

  test("a required header may have other columns", () => {
    const wide = { ...layout, header: "required" } as const;
    assert.deepEqual(readCsv(bytesOf("who,where,why,amount\na,b,c,1"), wide).rows, [{ line: 2, cells: { who: "a", amount: "1", why: "c" } }]);
    assert.deepEqual(readCsv(bytesOf(""), wide).faults, []);
  });
});
