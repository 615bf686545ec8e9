// Which classes a text means, best first; the same rules as in model/quickdraw/finding.py, which says more about them.

/** @import { Words } from "./types" */

/**
 * How well a class fits a text.
 * @typedef {{ rank: number, slips: number, length: number, place: number }} Match
 */
/** @typedef {{ name: string, own: string, endings: string[], same: string[], near: string[] }} Entry */

const [EXACT, SAME_THING, STARTS, WORD_STARTS, SAME_STARTS, CONTAINS, SIMILAR_THING, MISSPELT, MISSPELT_WORD] = Array(9).keys();
const SLIPS = [[7, 2], [4, 1]];
const MAX_LETTERS = 60;

export { EXACT, MISSPELT, SAME_THING, SIMILAR_THING };

/** @param {string} text */
const lettersOf = (text) => text.toLowerCase().replace(/[^a-z0-9+]/g, "").replace(/^the/, "");

/**
 * @param {string[]} names
 * @param {{ [name: string]: Words }} words
 */
export function finder(names, words) {
  const entries = names.map((name) => {
    const parts = name.toLowerCase().split(/[^a-z0-9]+/);
    const { same = [], near = [] } = words[name] ?? {};
    const endings = parts.slice(1).map((_, first) => parts.slice(first + 1).join(""));
    return { name, own: lettersOf(name), endings, same: same.map(lettersOf), near: near.map(lettersOf) };
  });

  /**
   * @param {string} text
   * @returns {Match[]}
   */
  return function matches(text) {
    const typed = lettersOf(text);
    if (!typed || typed.length > MAX_LETTERS) return [];
    const found = entries.flatMap((entry, place) => match(typed, entry, place));
    const all = found.length ? found : entries.flatMap((entry, place) => misspelt(typed, entry, place));
    return all.sort((one, other) =>
      one.rank - other.rank || one.slips - other.slips || one.length - other.length || one.place - other.place);
  };
}

/**
 * @param {string} typed
 * @param {Entry} entry
 * @param {number} place
 * @returns {Match[]}
 */
function match(typed, { own, endings, same, near }, place) {
  const variants = [typed, typed.replace(/s$/, ""), `${typed}s`];
  const isMeant = (/** @type {string} */ word) => variants.includes(word);
  const isBegun = (/** @type {string} */ word) => word.startsWith(typed);
  const rank = isMeant(own) ? EXACT
    : same.some(isMeant) ? SAME_THING
      : isBegun(own) ? STARTS
        : endings.some(isBegun) ? WORD_STARTS
          : same.some(isBegun) ? SAME_STARTS
            : own.includes(typed) ? CONTAINS
              : near.some((word) => isMeant(word) || isBegun(word)) ? SIMILAR_THING : null;
  return rank === null ? [] : [{ rank, slips: 0, length: own.length, place }];
}

/**
 * @param {string} typed
 * @param {Entry} entry
 * @param {number} place
 * @returns {Match[]}
 */
function misspelt(typed, { own, same, near }, place) {
  const allowed = SLIPS.find(([length]) => typed.length >= length)?.[1] ?? 0;
  if (!allowed) return [];
  const length = own.length;
  const ownSlips = slipsBetween(typed, own);
  if (ownSlips <= allowed) return [{ rank: MISSPELT, slips: ownSlips, length, place }];
  const words = [...same, ...near];
  const begun = [own, ...words].flatMap((word) => [word.slice(0, typed.length), word.slice(0, typed.length + 1)]);
  const slips = Math.min(...[...words, ...begun].map((word) => slipsBetween(typed, word)));
  return slips <= allowed ? [{ rank: MISSPELT_WORD, slips, length, place }] : [];
}

/**
 * The optimal string alignment distance: letters added, left out, replaced, or swapped with their neighbour.
 * @param {string} one
 * @param {string} other
 */
function slipsBetween(one, other) {
  /** @type {number[][]} */
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let y = 1; y <= one.length; y++) {
    const row = [y];
    for (let x = 1; x <= other.length; x++) {
      const differ = one[y - 1] === other[x - 1] ? 0 : 1;
      row[x] = Math.min(rows[y - 1][x] + 1, row[x - 1] + 1, rows[y - 1][x - 1] + differ);
      const areSwapped = y > 1 && x > 1 && one[y - 1] === other[x - 2] && one[y - 2] === other[x - 1];
      if (areSwapped) row[x] = Math.min(row[x], rows[y - 2][x - 2] + 1);
    }
    rows.push(row);
  }
  return rows[one.length][other.length];
}
