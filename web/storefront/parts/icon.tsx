// The icons: strokes on a 24 × 24 grid.

const PATHS = {
  home: "M4 10.5 12 4l8 6.5V20h-5.5v-5.5h-5V20H4z",
  coupon: "M4 7h16v3.2a1.8 1.8 0 0 0 0 3.6V17H4v-3.2a1.8 1.8 0 0 0 0-3.6zM14 7v2m0 2.5v1M14 15v2",
  cart: "M3.5 5H6l2 10.5h9.5L19.5 8H7M9.5 19.5h.01M16.5 19.5h.01",
  order: "M6 3.5h12V20l-3-1.8-3 1.8-3-1.8L6 20zM9 8h6M9 12h6",
  wallet: "M4 7.5h14.5V19H4zM4 7.5 15 4v3.5M15 13.2h3.5",
  check: "m5 12.5 4.5 4.5L19 7.5",
  info: "M12 8v.01M12 11.5V16M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm4.8 11.3L20 20",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.700 1.900 7.500 5.500",
  cloud: "M3.500 3.500l17 17M7 18h9.500M8.500 8.300A5 5 0 0 0 7 18M11 6.200A5.500 5.500 0 0 1 17.300 11 3.500 3.500 0 0 1 19.700 16",
  bin: "M5 7h14M9.500 7V4.500h5V7M7 7l.8 12.500h8.400L17 7M10.500 10.500v5.500M13.500 10.500v5.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
