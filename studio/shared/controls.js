// Finding and making elements, icons, and how seeds and psi are read and written.

/** @import { Constants } from "./types" */

/** @param {string} path */
const icon = (path) => `<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${path}</svg>`;
export const ICONS = {
  dice: icon('<rect x="4" y="4" width="16" height="16" rx="3"/><path d="M9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01" stroke-width="2.6"/>'),
  locked: icon('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>'),
  unlocked: icon('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 7.5-2"/>'),
  pin: icon('<path d="M9 4h6l-1 7 3 3H7l3-3zM12 14v6"/>'),
};

/**
 * An element that the markup is sure to hold.
 * @template {Element} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function find(root, selector, kind) {
  const element = root.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`The page has no ${selector}.`);
  return element;
}

/**
 * @param {string} text
 * @param {() => void} onClick
 */
export function makeButton(text, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", onClick);
  return button;
}

/** @param {number} size in pixels */
export const makeCanvas = (size) => Object.assign(document.createElement("canvas"), { width: size, height: size });

/**
 * The buttons that export what is shown.
 * @param {ParentNode} root
 * @returns {NodeListOf<HTMLElement>}
 */
export const exportButtons = (root) => root.querySelectorAll("[data-download], [data-copy], [data-share]");

/** @param {MouseEvent} event */
export const opensElsewhere = (event) => event.ctrlKey || event.metaKey || event.shiftKey;

/** @param {number} psi */
export const psiText = (psi) => Number(psi).toFixed(2).replace(/0$/, "");

/** @param {Constants} constants */
export const randomSeed = ({ random_seed_max }) => Math.floor(Math.random() * (random_seed_max + 1));

/**
 * The seed in a text. Throws an Error with the sentence to show.
 * @param {string} text
 * @param {Constants} constants
 */
export function seedIn(text, { max_seed }) {
  const seed = text === "" ? NaN : Number(text);
  if (Number.isInteger(seed) && seed >= 0 && seed <= max_seed) return seed;
  throw new Error(`A seed is a whole number from 0 to ${max_seed}.`);
}
