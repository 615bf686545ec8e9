import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  { files: ["studio/**/*.js"], languageOptions: { globals: globals.browser } },
];
