/**
 * Decodes CP949: EUC-KR extended by the 8,822 Hangul syllables that KS X 1001 lacks, in Unicode order, at unused code points.
 * `TextDecoder("euc-kr")` decodes CP949 in browsers. In Node (ICU) it decodes EUC-KR only, and turns the rest into control characters.
 * Returns undefined if a byte is not part of a character.
 */
export function decodeCp949(bytes: Uint8Array): string | undefined {
  const characters = (table ??= tableOfPairs());
  const parts: string[] = [];
  let asciiFrom = 0;
  for (let i = 0; i < bytes.length; i++) {
    const lead = bytes[i]!;
    if (lead < 0x80) continue;
    const character = characters.get((lead << 8) | (bytes[i + 1] ?? 0));
    if (character === undefined) return undefined;
    parts.push(ascii.decode(bytes.subarray(asciiFrom, i)), character);
    asciiFrom = ++i + 1;
  }
  parts.push(ascii.decode(bytes.subarray(asciiFrom)));
  return parts.join("");
}

const ascii = new TextDecoder();
/** CP949 reserves code points for private use, which have no meaning in exchanged files. */
const PRIVATE_USE = /[\ue000-\uf8ff]/;
let table: Map<number, string> | undefined;

function tableOfPairs(): Map<number, string> {
  const pairs = new Map<number, string>();
  const eucKr = new TextDecoder("euc-kr", { fatal: true });
  for (let lead = 0xa1; lead <= 0xfe; lead++) {
    for (let trail = 0xa1; trail <= 0xfe; trail++) {
      try {
        const character = eucKr.decode(Uint8Array.of(lead, trail));
        if (!PRIVATE_USE.test(character)) pairs.set((lead << 8) | trail, character);
      } catch {
        // The pair is not a character.
      }
    }
  }
  // ICU's table predates these two.
  pairs.set(0xa2e6, "€").set(0xa2e7, "®");
  const inEucKr = new Set(pairs.values());
  let syllable = "가".charCodeAt(0);
  for (const pair of extendedPairs()) {
    while (inEucKr.has(String.fromCharCode(syllable))) syllable++;
    if (syllable > "힣".charCodeAt(0)) break;
    pairs.set(pair, String.fromCharCode(syllable++));
  }
  return pairs;
}

function* extendedPairs(): Generator<number> {
  for (let lead = 0x81; lead <= 0xc6; lead++) {
    const last = lead <= 0xa0 ? 0xfe : 0xa0;
    for (let trail = 0x41; trail <= last; trail++) {
      const isLetterOrHigh = trail <= 0x5a || (trail >= 0x61 && trail <= 0x7a) || trail >= 0x81;
      if (isLetterOrHigh) yield (lead << 8) | trail;
    }
  }
}
