// Finding the class that a text means (model/quickdraw/classes.py).

import { EXACT, finder, MISSPELT, SAME_THING } from "../shared/finding.js";

/** @import { Words } from "../shared/types" */
/** @import { Match } from "../shared/finding.js" */

const CLOSE = 0.6; // likeness of names that are suggested

/** What identifies a class: its letters and digits, and the plus of a mixture, without "the". @param {string} text */
const lettersOf = (text) => text.toLowerCase().replace(/[^a-z0-9+]/g, "").replace(/^the/, "");

/**
 * A class's file name without suffix.
 * @param {string} name
 */
export const slug = (name) => name.toLowerCase().replace(/[^a-z0-9+]+/g, "-").replace(/^-+|-+$/g, "");

/**
 * The one of `names` that a text means. Throws an Error that suggests similar ones.
 * @param {unknown} text
 * @param {readonly string[]} names
 * @param {Record<string, Words>} words
 * @returns {string}
 */
export function findClass(text, names, words) {
  if (typeof text !== "string" || !text) throw new Error("The class must be a name, such as “cat”.");
  const mixture = text.replaceAll(" ", "+"); // a link may have lost the plus of a mixture
  for (const name of [text, mixture]) if (names.includes(name)) return name;
  const byLetters = new Map(names.map((name) => [partsOf(name), name]));
  for (const typed of [text, mixture]) {
    const letters = partsOf(typed);
    for (const spelling of [letters, letters.replace(/s$/, ""), `${letters}s`]) {
      const name = byLetters.get(spelling);
      if (name) return name;
    }
    const singular = partsOf(typed.split("+").map((part) => part.trim().replace(/s$/, "")).join("+"));
    const name = typed.includes("+") && byLetters.get(singular);
    if (name) return name;
  }
  const found = finder([...names], words)(text);
  if (found.length && ([EXACT, SAME_THING].includes(found[0].rank) || isClearlyMisspelt(found))) return names[found[0].place];
  const alike = names.map((name) => /** @type {const} */ ([likeness(lettersOf(text), lettersOf(name)), name]))
    .filter(([score]) => score >= CLOSE).sort(([one], [other]) => other - one).slice(0, 3).map(([, name]) => `“${name}”`);
  const close = found.length ? found.slice(0, 3).map(({ place }) => `“${names[place]}”`) : alike;
  const hint = close.length ? `did you mean ${close.join(" or ")}?` : "check the list of classes.";
  throw new Error(`There is no class “${text.slice(0, 40)}${text.length > 40 ? "…" : ""}”; ${hint}`);
}

/**
 * Whether the best match is a name with a slip or two, and no other is as good.
 * @param {Match[]} found
 */
const isClearlyMisspelt = ([best, second]) =>
  best.rank === MISSPELT && !(second?.rank === MISSPELT && second.slips === best.slips);

/**
 * The letters of a mixture's parts, sorted, and behind them those in brackets.
 * @param {string} name
 */
function partsOf(name) {
  const [mixture, ending = ""] = name.split("(");
  return [...mixture.split("+").map(lettersOf).sort(), ...(ending ? [lettersOf(ending)] : [])].join("+");
}

/**
 * 1 for the same text, 0 for nothing in common: what is left of the longer one after the fewest changes of a letter
 * (Levenshtein 1966).
 * @param {string} one
 * @param {string} other
 */
function likeness(one, other) {
  const short = one.slice(0, 40);
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let y = 1; y <= short.length; y++) {
    const next = [y];
    for (let x = 1; x <= other.length; x++) {
      next.push(Math.min(row[x] + 1, next[x - 1] + 1, row[x - 1] + (short[y - 1] === other[x - 1] ? 0 : 1)));
    }
    row = next;
  }
  return 1 - row[other.length] / Math.max(1, short.length, other.length);
}
