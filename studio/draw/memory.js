// The drawings that the server has sent, kept so that they can be shown again at once.

import { inkOf } from "../shared/ink.js";
import { answerOf } from "../shared/server.js";

/** @import { Constants, DrawAnswer, DrawServer, View } from "../shared/types" */
/** @import { Sheet } from "../shared/ink.js" */

const MAX_SHEETS = 16;

/**
 * @param {DrawServer} server
 * @param {Constants} constants
 */
export function createMemory(server, constants) {
  const { openSheet } = inkOf(constants);
  /** @type {Map<string, [sheet: Sheet, place: number]>} */
  const drawings = new Map();
  /** @type {Map<string, { revision: string, origin: string }>} */
  const generators = new Map(); // by class name
  /** @type {{ sheet: Sheet, keys: string[] }[]} */
  const sheets = []; // oldest first

  /**
   * @param {View} view
   * @param {number} place
   */
  const seedOf = (view, place) => view.seeds[place] ?? (view.seed + place) % (constants.max_seed + 1);
  /**
   * @param {View} view
   * @param {number} place
   */
  const keyOf = (view, place) => `${view.name}|${view.psi}|${view.style}|${seedOf(view, place)}`;
  /** @param {View} view */
  const keysOf = (view) => Array.from({ length: view.count }, (_, place) => keyOf(view, place));

  /**
   * Remembers an answer to views of one class. A class that was trained anew loses its old drawings.
   * @param {View[]} views
   * @param {DrawAnswer} answer
   */
  async function keep(views, answer) {
    const before = generators.get(answer.name);
    if (before && before.revision !== answer.revision) {
      for (const key of drawings.keys()) if (key.startsWith(`${answer.name}|`)) drawings.delete(key);
    }
    generators.set(answer.name, { revision: answer.revision, origin: answer.origin });
    const sheet = await openSheet(answer.sheet, answer.columns);
    const keys = views.flatMap((view) => keysOf({ ...view, name: answer.name })); // the name may have been mistyped
    keys.forEach((key, place) => drawings.set(key, [sheet, place]));
    sheets.push({ sheet, keys });
    while (sheets.length > MAX_SHEETS) {
      const oldest = sheets.shift();
      for (const key of oldest?.keys ?? []) if (drawings.get(key)?.[0] === oldest?.sheet) drawings.delete(key);
    }
  }

  return {
    seedOf,
    keyOf,
    keep,
    /** @param {View} view */
    has: (view) => keysOf(view).every((key) => drawings.has(key)),
    /**
     * @param {View} view
     * @param {number} place
     */
    get: (view, place) => drawings.get(keyOf(view, place)),
    /** @param {string} name */
    generator: (name) => generators.get(name),
    /**
     * Asks the server for views of one class, and remembers its answer.
     * @param {View[]} views
     */
    async fetch(views) {
      const groups = views.map(({ seed, seeds, count, psi, style }) => [seeds.length ? seeds.slice(0, count) : seed, count, psi, style]);
      const answer = await answerOf(server.drawings([views[0].name, groups]));
      await keep(views, answer);
      return { ...answer, seeds: views[0].seeds };
    },
    /**
     * Asks the server for the most recognisable drawings, and remembers its answer, which says their seeds.
     * @param {View} view
     */
    async pick(view) {
      const { name, seed, count, psi, style } = view;
      const answer = await answerOf(server.pick([name, seed, count, psi, style]));
      await keep([{ ...view, seeds: answer.seeds }], answer);
      return answer;
    },
  };
}

/** @typedef {ReturnType<typeof createMemory>} Memory */
