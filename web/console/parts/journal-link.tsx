import { to } from "../../shared/router.ts";
import { mayRead } from "../session.ts";
import { t } from "../words/words.ts";

/** Leads to the operators' actions on one thing. */
export function JournalLink({ subject }: { subject: string }) {
  if (!mayRead("operations")) return null;
  return (
    <a class="button small quiet" href={to("/journal", { subject })}>
      {t.value.journal}
    </a>
  );
}
