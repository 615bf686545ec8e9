// What a link to the page holds, which tab it opens, and the address that leads back to what a tab shows.

import { lookEntries } from "./look.js";
import { isOpen } from "./tabs.js";

/** @import { MorphLink, View } from "./types" */
/** @typedef {Record<string, string | number>} Entries */

const KEYS = ["class", "seed", "seeds", "pick", "psi", "count", "style", "keys", "into", "latent", "run", "tab", "favourites"];
const DRAW_KEYS = ["class", "seed", "seeds", "pick", "psi", "count", "style", "keys", "into", "latent"];
const SPACES = "https://huggingface.co";

export { openedWith } from "./opened.js";

export const currentQuery = () => new URLSearchParams(location.search);

/** The page's address without its query. */
export const pageAddress = () => location.href.split("?")[0];

/** @param {URLSearchParams} query */
export function tabOf(query) {
  if (query.has("keys")) return "Morph";
  if (query.has("latent")) return "Yours";
  if (query.has("run")) return "Train";
  const tabs = { morph: "Morph", yours: "Yours", train: "Train", wall: "Wall" };
  return Object.entries(tabs).find(([key]) => key === query.get("tab"))?.[1] ?? "Draw";
}

/** @param {URLSearchParams} query */
export const asksForDrawing = (query) => DRAW_KEYS.some((key) => query.has(key));

/**
 * @param {URLSearchParams} query
 * @param {Entries} entries
 */
export const isAddress = (query, entries) => KEYS.every((key) => query.get(key) === (entries[key]?.toString() ?? null));

/**
 * Shows the open tab's address; tabs that aren't open are ignored. A change of tab can be undone with the browser's
 * back button. A Space shows the page in a frame, so the frame around it is told as well.
 * @param {Entries} entries
 */
export function showAddress(entries) {
  const query = currentQuery();
  const before = tabOf(query);
  for (const key of [...KEYS, "look", "width"]) query.delete(key);
  for (const [key, value] of Object.entries({ ...entries, ...lookEntries() })) query.set(key, `${value}`);
  if (!isOpen(tabOf(query))) return;
  const address = `?${query}`.replaceAll("%2C", ","); // lists of seeds stay readable
  if (tabOf(query) === before) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  if (window.parent !== window) window.parent.postMessage({ queryString: `${query}` }, SPACES);
}

/**
 * @param {View} view
 * @returns {Entries}
 */
export const drawAddress = ({ name, seed, seeds, psi, count, style }) =>
  ({ class: name, ...(seeds.length ? { seeds: seeds.join() } : { seed, count }), psi, ...(style.some(Boolean) ? { style: style.join() } : {}) });

/**
 * @param {MorphLink} morph
 * @returns {Entries}
 */
export const morphAddress = ({ name, into, psi, seeds }) =>
  ({ class: name, keys: seeds.join(), psi, ...(into ? { into } : {}) });

/**
 * A link's morph; what isn't a number stays text, so that the server's message can quote it.
 * @param {URLSearchParams} query
 * @param {MorphLink} otherwise
 * @param {number} maxKeys
 * @returns {MorphLink}
 */
export function morphOf(query, otherwise, maxKeys) {
  const text = query.get("keys");
  if (text === null) return otherwise;
  const psi = query.get("psi");
  return {
    name: query.get("class") || otherwise.name,
    into: query.get("into") || "",
    seeds: text.split(",").slice(0, maxKeys + 1).map(numberIn),
    psi: psi === null ? otherwise.psi : numberIn(psi),
  };
}

/** @param {string} text */
const numberIn = (text) => (text.trim() !== "" && !Number.isNaN(Number(text)) ? Number(text) : text);

/**
 * A drawing found in Yours: its element holds the class name and the latent.
 * @param {HTMLElement} found
 * @returns {{ class: string, latent: string }}
 */
export const foundAddress = ({ dataset }) =>
  ({ class: dataset.name ?? "", latent: JSON.parse(dataset.latent ?? "[]").join() });
