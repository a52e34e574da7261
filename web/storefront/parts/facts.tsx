// A list of facts by their names, for the footer and the receipt.

/** Facts without a value are left out; without any, there is no list. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: string | null | undefined])[] }) {
  const known = of.filter(([, value]) => Boolean(value));
  if (known.length === 0) return null;
  return (
    <dl class="business">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
