import { type Language, language, setLanguage } from "../../shared/languages.ts";

export function LanguageSwitch() {
  const other: Language = language.value === "ko" ? "en" : "ko";
  return (
    <button type="button" class="button small quiet" lang={other} onClick={() => setLanguage(other)}>
      {other === "ko" ? "한국어" : "English"}
    </button>
  );
}
