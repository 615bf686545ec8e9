// How drawings look: chosen once, remembered by the browser, and part of links. Canvases are painted again when it changes.

import { openedWith } from "./opened.js";
import { browser } from "./storage.js";

/** @typedef {{ name: string, width: number }} Look */

const STORED = "look";
const NAMES = ["pen", "ink", "pixels"];
const USUAL = { name: "pen", width: 4 };

/** @type {WeakMap<HTMLCanvasElement, () => void>} */
const painters = new WeakMap();

/** @type {Look} */
export const look = { ...USUAL, ...stored(), ...linked() };

/** @returns {Partial<Look>} */
function stored() {
  try {
    return checked(JSON.parse(browser.get(STORED) ?? "{}"));
  } catch {
    return {};
  }
}

function linked() {
  const entries = { name: openedWith.get("look"), width: openedWith.get("width") };
  return checked({ name: entries.name, ...(entries.width === null ? {} : { width: Number(entries.width) }) });
}

/**
 * @param {{ name?: unknown, width?: unknown }} values
 * @returns {Partial<Look>}
 */
function checked({ name, width }) {
  return {
    ...(typeof name === "string" && NAMES.includes(name) ? { name } : {}),
    ...(typeof width === "number" && width >= 1.5 && width <= 6 ? { width } : {}),
  };
}

/** What a link says about the look. */
export const lookEntries = () => ({
  ...(look.name === USUAL.name ? {} : { look: look.name }),
  ...(look.name === "pen" && look.width !== USUAL.width ? { look: look.name, width: look.width } : {}),
});

/** @param {Partial<Look>} change */
export function setLook(change) {
  Object.assign(look, change);
  browser.set(STORED, JSON.stringify(look));
  const query = new URLSearchParams(location.search);
  for (const key of ["look", "width"]) query.delete(key);
  for (const [key, value] of Object.entries(lookEntries())) query.set(key, `${value}`);
  if (`${query}` !== `${new URLSearchParams(location.search)}`) history.replaceState(history.state, "", query.size ? `?${query}` : location.pathname);
  for (const canvas of document.querySelectorAll("canvas")) painters.get(canvas)?.();
}

/**
 * Paints now, and again whenever the look changes.
 * @param {HTMLCanvasElement} canvas
 * @param {() => void} paint
 */
export function paintInLook(canvas, paint) {
  painters.set(canvas, paint);
  paint();
}
