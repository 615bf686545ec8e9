// Favourites in a link: cat:7.9;dog@0.5:3;sun@1@1,0,2:4 names classes, their psi and style where they differ, and seeds.

/** @import { Favourite, Wish } from "../shared/types" */

const MAX_LENGTH = 3000; // characters: longer links get cut on their way

/** @param {readonly Favourite[]} all */
export function inLink(all) {
  if (all.some(({ latent }) => latent.length)) {
    throw new Error("A link can't hold drawings that were found in Yours; remove them from the favourites, or save a file.");
  }
  /** @type {Map<string, number[]>} */
  const groups = new Map();
  for (const { name, seed, psi, style } of all) {
    const settings = style.some(Boolean) ? `@${psi}@${style.join()}` : psi === 1 ? "" : `@${psi}`;
    const key = `${name}${settings}`;
    groups.set(key, [...(groups.get(key) ?? []), seed]);
  }
  const text = [...groups].map(([key, seeds]) => `${key}:${seeds.join(".")}`).join(";");
  if (encodeURIComponent(text).length > MAX_LENGTH) throw new Error("These are too many for a link; remove some, or save a file.");
  return text;
}

/**
 * What a link asks for. The server checks it.
 * @param {string} text
 * @returns {Wish[]}
 */
export function linked(text) {
  return text.split(";").filter(Boolean).flatMap((group) => {
    const [key, seeds = ""] = group.split(":");
    const [name, psi = "1", style = ""] = key.split("@");
    return seeds.split(".").map((seed) => ({
      name, seed: Number(seed || NaN), psi: Number(psi), style: style ? style.split(",").map(Number) : [], latent: [],
    }));
  });
}
