/** Names with markup, direction marks, great length, and combined characters. */
export const HOSTILE: string[] = [
  `<img src=x onerror="globalThis.ran=1"><script>globalThis.ran=1</script>`,
  `"><svg/onload=globalThis.ran=1> javascript:globalThis.ran=1 {{constructor}} \${7*7}`,
  "\u202Eesrever ni si siht\u202C \u2066isolated\u2069 العربية ١٢٣ עברית",
  "가나다라마바사아자차카타파하".repeat(22).slice(0, 300),
  "W".repeat(300),
  "👨‍👩‍👧‍👦🇰🇷👍🏽 e\u0301 Z̸̢͝a̴l̵g̷o̶",
];
