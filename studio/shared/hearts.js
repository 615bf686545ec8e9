// Favourites: how to draw what the visitor likes, and its pixels, kept in the browser.

import { browser } from "./storage.js";

/** @import { Constants, Favourite } from "./types" */
/** @import { Sheet } from "./ink.js" */

const KEY = "doodles-favourites";
const CHANGED = "favourites";

/** What tells favourites apart. @param {Favourite} favourite */
export const keyOf = ({ name, seed, psi, style, latent }) => JSON.stringify([name, latent.length ? latent : seed, psi, style]);

/** @param {unknown} value */
const areNumbers = (value) => Array.isArray(value) && value.length <= 1000 && value.every(Number.isFinite);

/**
 * Whether this is a favourite: the browser may hold anything, also what an older page kept.
 * @param {any} each
 * @param {Constants} constants
 */
function isFavourite(each, { size }) {
  const numbers = each && [each.seed, each.psi].every(Number.isFinite) && areNumbers(each.style) && areNumbers(each.latent);
  return Boolean(numbers) && typeof each.name === "string" && each.name.length <= 120 && typeof each.ink === "string" && inkOf(each)?.length === size * size;
}

/** @param {Constants} constants @returns {Favourite[]} */
export function favourites(constants) {
  try {
    const kept = JSON.parse(browser.get(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => isFavourite(each, constants)).slice(0, constants.max_favourites) : [];
  } catch {
    return [];
  }
}

/**
 * Keeps these favourites. Throws an Error with a sentence if the browser refuses.
 * @param {Favourite[]} all
 */
export function keep(all) {
  const text = JSON.stringify(all);
  browser.set(KEY, text);
  const isKept = browser.get(KEY) === text;
  document.dispatchEvent(new Event(CHANGED));
  if (!isKept) throw new Error("This browser keeps nothing for this page, so favourites are lost; allow it to store data.");
}

/** @param {() => void} callback whenever the favourites change, here or in another window */
export function whenFavouritesChange(callback) {
  document.addEventListener(CHANGED, callback);
  addEventListener("storage", ({ key }) => { if (key === KEY) callback(); });
}

/**
 * Adds a favourite, or removes it. Throws an Error with a sentence if it can't be kept.
 * @param {Favourite} favourite
 * @param {Constants} constants
 */
export function toggle(favourite, constants) {
  const all = favourites(constants);
  const rest = all.filter((each) => keyOf(each) !== keyOf(favourite));
  if (rest.length === all.length && all.length >= constants.max_favourites) {
    throw new Error(`You have ${all.length} favourites, which is as many as this page keeps; remove one first.`);
  }
  keep(rest.length < all.length ? rest : [...all, favourite]);
}

/**
 * Shows on hearts which of their drawings are favourites.
 * @param {[heart: HTMLElement, favourite: Favourite][]} hearts
 * @param {Constants} constants
 */
export function showHearts(hearts, constants) {
  const keys = new Set(favourites(constants).map(keyOf));
  for (const [heart, favourite] of hearts) {
    const isKept = keys.has(keyOf(favourite));
    heart.setAttribute("aria-pressed", `${isKept}`);
    heart.textContent = isKept ? "♥" : "♡";
  }
}

/**
 * One drawing of a sheet as text.
 * @param {Sheet} sheet
 * @param {number} place
 * @param {Constants} constants
 */
export function inkText({ ink, width, columns }, place, { size }) {
  const start = Math.floor(place / columns) * size * width + (place % columns) * size;
  const rows = Array.from({ length: size }, (_, row) => String.fromCharCode(...ink.subarray(start + row * width, start + row * width + size)));
  return btoa(rows.join(""));
}

/** Its pixels; null if the text holds none. @param {{ ink: string }} favourite */
export function inkOf({ ink }) {
  try {
    return Uint8Array.from(atob(ink), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}
