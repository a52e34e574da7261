const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Cuts a text to at most `most` UTF-16 units (so at most as many code points). It never cuts inside
 * a grapheme: an emoji of several code points, or a letter with its accent, is kept whole or left
 * out.
 */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  // Whether a grapheme ends at `most` depends only on the units right behind it, not on the rest of
  // a long text.
  const { segment, index } = graphemes.segment(text.slice(0, most + LONGEST)).containing(most) as Intl.SegmentData;
  // A grapheme that is longer than any real one is cut between its code points.
  const end = segment.length > LONGEST ? most : index;
  return text.slice(0, splitsPair(text, end) ? end - 1 : end);
}

/** In UTF-16 units; the longest emoji sequences have about 35. */
const LONGEST = 64;

function splitsPair(text: string, at: number): boolean {
  return /[\uD800-\uDBFF]/.test(text.charAt(at - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(at));
}
