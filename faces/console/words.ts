import { dictionary } from "../shared/languages.ts";

export const t = dictionary(
  { title: "장날 콘솔", signIn: "운영자로 로그인하세요." },
  { title: "Jangnal console", signIn: "Sign in as an operator." },
);
