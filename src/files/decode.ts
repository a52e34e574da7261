import { decodeCp949 } from "./cp949.ts";
import type { FileFault } from "./fault.ts";

export type Encoding = "UTF-8" | "CP949";
export type Decoded = { text: string; encoding: Encoding; fault?: undefined } | { fault: FileFault };

/**
 * Decodes a file, with or without a byte order mark, and turns its line ends (CR, LF, CRLF) into LF. Detects UTF-8 and CP949, which
 * includes EUC-KR. Any other encoding is a fault with the first line that shows it; no byte is replaced.
 */
export function decodeText(bytes: Uint8Array): Decoded {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return { fault: { line: 1, problem: "UTF_16" } };
  const utf8 = decodeUtf8(bytes);
  if (utf8 !== undefined) return checked(utf8, "UTF-8");
  const korean = isKorean(bytes) ? decodeCp949(bytes) : undefined;
  if (korean !== undefined) return checked(korean, "CP949");
  return { fault: { line: firstLineThatIsNotUtf8(bytes), problem: "ENCODING" } };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function checked(decoded: string, encoding: Encoding): Decoded {
  const text = decoded.replaceAll(/\r\n?/g, "\n");
  const damage = text.search(/[\0\ufffd]/);
  if (damage === -1) return { text, encoding };
  return { fault: { line: text.slice(0, damage).split("\n").length, problem: "DAMAGED" } };
}

/**
 * Accented letters of Latin-1 can form pairs that are valid in CP949, mostly as rare characters. So at least half of the pairs
 * must be common Hangul: the 2,350 syllables of KS X 1001, in rows 0xB0 to 0xC8.
 */
function isKorean(bytes: Uint8Array): boolean {
  let pairs = 0;
  let common = 0;
  for (let i = 0; i < bytes.length; i++) {
    const lead = bytes[i]!;
    if (lead < 0x80) continue;
    const trail = bytes[++i] ?? 0;
    pairs++;
    if (lead >= 0xb0 && lead <= 0xc8 && trail >= 0xa1) common++;
  }
  return common * 2 >= pairs;
}

/** In UTF-8 no byte of a multi-byte character is a line end, so each line can be decoded separately. */
function firstLineThatIsNotUtf8(bytes: Uint8Array): number {
  const [CR, LF] = [0x0d, 0x0a];
  let line = 1;
  let start = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== CR && bytes[i] !== LF) continue;
    if (decodeUtf8(bytes.subarray(start, i)) === undefined) return line;
    if (bytes[i] === CR && bytes[i + 1] === LF) i++;
    start = i + 1;
    line++;
  }
  return line;
}
