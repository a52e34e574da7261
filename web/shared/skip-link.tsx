/** Leads the keyboard over the menu to the heading of the page. */
export function SkipLink({ words }: { words: string }) {
  return (
    <a
      class="skip"
      href="#main"
      onClick={(event) => {
        event.preventDefault();
        document.querySelector<HTMLElement>("h1")?.focus();
      }}
    >
      {words}
    </a>
  );
}
