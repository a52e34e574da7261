/**
 * The lines of UTF-8 text, without their line feeds and without a byte order mark. Only a line feed ends a line: JSON may have other
 * separators of lines, such as U+2028, inside its texts, which `node:readline` would split.
 */
export async function* textLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() as string;
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
