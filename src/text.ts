const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * The beginning of a text, at most `most` UTF-16 units of it, so at most as many code points. Never ends inside a character: an
 * emoji of several code points, or a letter and its accent, is there whole or not at all.
 */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  // The units behind `most` decide whether a character ends there; the rest of a long text need not be looked at.
  const { segment, index } = graphemes.segment(text.slice(0, most + LONGEST)).containing(most) as Intl.SegmentData;
  // A "character" that is itself longer than any real one is cut between its code points.
  const end = segment.length > LONGEST ? most : index;
  return text.slice(0, splitsPair(text, end) ? end - 1 : end);
}

/** In UTF-16 units: longer than the longest emoji sequences, which have about 35. */
const LONGEST = 64;

function splitsPair(text: string, at: number): boolean {
  return /[\uD800-\uDBFF]/.test(text.charAt(at - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(at));
}
