// Checks what a link or a control asks for, with the sentences of model/drawing/latents.py and view.py.

/** @import { Constants, View } from "../shared/types" */

const MAX_STYLE = 4;
const MAX_QUERY_LENGTH = 4000;
const MIN_FRAMES = 64;
const FRAMES_PER_LEG = 24;

/**
 * @param {unknown} seed
 * @param {Constants} constants
 */
export function checkSeed(seed, { max_seed }) {
  if (Number.isInteger(seed) && Number(seed) >= 0 && Number(seed) <= max_seed) return Number(seed);
  throw new Error(`The seed ${String(seed).slice(0, 40)} is not allowed; use a whole number from 0 to ${max_seed}.`);
}

/**
 * @param {string} what
 * @param {unknown} value
 * @param {number} low
 * @param {number} high
 */
export function checkNumber(what, value, low, high) {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw new Error(`${what} ${String(value).slice(0, 40)} is not allowed; use a number from ${low} to ${high}.`);
}

/**
 * A view of consecutive seeds, or of a list of them.
 * @param {string} name
 * @param {number | number[]} first the first seed, or all seeds
 * @param {number} count
 * @param {number} psi
 * @param {number[]} style
 * @returns {View}
 */
export const viewOf = (name, first, count, psi, style) => (Array.isArray(first)
  ? { name, seed: first[0], seeds: first, count: first.length, psi, style }
  : { name, seed: first, seeds: [], count, psi, style });

/**
 * The drawings of a view, checked.
 * @param {View} view
 * @param {Constants} constants
 * @param {number} limit
 */
export function picturesOf({ seed, seeds, count, psi, style }, constants, limit) {
  if (seeds.length > constants.max_count) throw new Error(`Seeds are a list of 1 to ${constants.max_count} whole numbers.`);
  for (const each of [seed, ...seeds]) checkSeed(each, constants);
  if (!Number.isInteger(count) || count < 1 || count > limit) {
    throw new Error(`You asked for ${String(count).slice(0, 40)} drawings; ask for 1 to ${limit.toLocaleString("en")} at a time.`);
  }
  checkNumber("Psi", psi, 0, constants.max_psi);
  style.forEach((offset) => checkNumber("The style offset", offset, -MAX_STYLE, MAX_STYLE));
  return Array.from({ length: count }, (_, place) => ({
    mix: /** @type {[number, number][]} */ ([[seeds[place] ?? (seed + place) % (constants.max_seed + 1), 1]]), psi, style,
  }));
}

/**
 * The frames of a morph and the places of its key drawings, which stand behind the frames if no frame shows them.
 * @param {readonly unknown[]} keys seeds
 * @param {unknown} psi
 * @param {boolean} isInto whether it leads into another class
 * @param {Constants} constants
 */
export function morphOf(keys, psi, isInto, constants) {
  if (keys.length < 2 || keys.length > constants.max_keys) throw new Error(`A morph needs 2 to ${constants.max_keys} seeds, as a list.`);
  const seeds = keys.map((seed) => checkSeed(seed, constants));
  const checkedPsi = checkNumber("Psi", psi, 0, constants.max_psi);
  const legs = seeds.length - 1;
  const frames = Math.max(MIN_FRAMES, FRAMES_PER_LEG * legs);
  const at = (/** @type {number} */ position) => {
    const leg = Math.min(Math.floor(position), legs - 1);
    const t = position - leg;
    const mix = /** @type {[number, number][]} */ ([[seeds[leg], 1 - t], [seeds[leg + 1], t]]).filter(([, weight]) => weight);
    return { mix, psi: checkedPsi, ...(isInto ? { share: position / legs } : {}) };
  };
  const positions = Array.from({ length: frames }, (_, frame) => (frame === frames - 1 ? legs : (frame * legs) / (frames - 1)));
  const extra = seeds.map((_, key) => key).filter((key) => !positions.includes(key));
  const places = seeds.map((_, key) => (extra.includes(key) ? frames + extra.indexOf(key) : positions.indexOf(key)));
  return { pictures: [...positions, ...extra].map(at), frames, places };
}

/**
 * The drawings that a link's query asks for. What it leaves out comes from `otherwise`. Throws an Error with a sentence.
 * @param {string} query
 * @param {View} otherwise
 * @param {Constants} constants
 * @returns {View}
 */
export function viewIn(query, otherwise, constants) {
  if (query.length > MAX_QUERY_LENGTH) throw new Error(`A link's query is a text of up to ${MAX_QUERY_LENGTH.toLocaleString("en")} characters.`);
  const entries = new URLSearchParams(query);
  const isFound = entries.has("latent");
  const read = (/** @type {string} */ name, /** @type {string} */ text) => {
    const isWhole = name !== "psi";
    if (!(isWhole ? /^\s*[-+]?\d+\s*$/ : /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i).test(text)) {
      throw new Error(`“${text.slice(0, 40)}” is not a ${isWhole ? "whole number" : "number"}; correct the link's ${name}.`);
    }
    return Number(text);
  };
  const number = (/** @type {string} */ name, /** @type {number} */ usual) => {
    const text = entries.get(name);
    return text === null ? usual : read(name, text);
  };
  const seeds = entries.get("seeds")?.split(",").slice(0, constants.max_count + 1).map((text) => read("seeds", text)) ?? [];
  if (seeds.length && (isFound || entries.has("keys"))) {
    throw new Error("Seeds, keys and a latent are three ways to say what to draw; give one of them.");
  }
  const style = (entries.get("style")?.split(",") ?? []).map((text) => {
    if (text.trim() === "" || !Number.isFinite(Number(text))) throw new Error(`“${text.slice(0, 40)}” is not a number; correct the link's style.`);
    return Number(text);
  });
  if (style.length > constants.num_styles) throw new Error(`Up to ${constants.num_styles} style offsets are allowed, as a list of numbers.`);
  const name = entries.get("class") ?? otherwise.name;
  const count = isFound || entries.has("keys") ? otherwise.count : number("count", otherwise.count);
  const offsets = [...style, ...Array(constants.num_styles - style.length).fill(0)];
  const first = seeds.length ? seeds : number("seed", otherwise.seed);
  const view = viewOf(name, first, count, number("psi", 1), offsets);
  picturesOf(view, constants, constants.max_count);
  return entries.has("pick") ? filledUp(view, number("pick", count), constants) : view;
}

/**
 * As many drawings as a link wants to have in all: its own, and behind them those of the seeds that follow. (The full app
 * picks them.)
 * @param {View} view
 * @param {number} count
 * @param {Constants} constants
 * @returns {View}
 */
function filledUp(view, count, constants) {
  if (view.seeds.length < 2) {
    const longer = { ...view, seeds: [], count };
    picturesOf(longer, constants, constants.max_count);
    return longer;
  }
  picturesOf({ ...view, seeds: [], count }, constants, constants.max_count);
  const seeds = view.seeds.slice(0, count);
  for (let seed = seeds[seeds.length - 1]; seeds.length < count;) {
    seed = (seed + 1) % (constants.max_seed + 1);
    if (!seeds.includes(seed)) seeds.push(seed);
  }
  return { ...view, seeds, count };
}
