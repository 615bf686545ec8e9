// Draws with the project's generators in a browser, without a server. docs/static.md shows how to use it.

import { FileError, readCheckpoint } from "./file.js";
import { Kernel } from "./kernel.js";
import { between, latent } from "./latents.js";
import { PANEL } from "./kernel.js";
import { run, SIZE } from "./networks.js";
import { styleDirections } from "./styles.js";

/** @import { Card, Network } from "./file.js" */
/** @import { Weighted } from "./latents.js" */
/**
 * One drawing. All of it may be left out.
 * @typedef {object} Wish
 * @property {number} [seed] 0 to 2^32 - 1; 0 by default
 * @property {readonly Weighted[]} [mix] several seeds (or latents) with their weights, in place of a seed
 * @property {number} [psi] 0 to 2: below 1, drawings get more typical; above 1, wilder
 * @property {readonly number[]} [style] how far to move along the strongest style directions
 */

const NUM_STYLES = 5;
const MAX_SEED = 2 ** 32 - 1;
/** @type {Kernel | null} */
let kernel = null;

/** A class's generator. */
export class Generator {
  /**
   * @param {string} className
   * @param {Network} network
   * @param {Card | null} card
   */
  constructor(className, network, card = null) {
    this.className = className;
    this.network = network;
    this.card = card;
    /** @type {Float32Array[] | null} */
    this.directions = null;
  }

  /**
   * A drawing: 28x28 pixels, row after row, 0 for paper and 255 for ink.
   * @param {Wish} wish
   * @returns {Uint8Array}
   */
  draw(wish = {}) {
    const { design, parts } = this.network;
    return grey(run(theKernel(), design, parts, this.latent(wish)));
  }

  /**
   * The same as black ink on a transparent ground, for a canvas's `putImageData`.
   * @param {Wish} wish
   * @returns {ImageData}
   */
  drawImage(wish = {}) {
    const picture = new ImageData(SIZE, SIZE);
    this.draw(wish).forEach((ink, at) => { picture.data[4 * at + 3] = ink; });
    return picture;
  }

  /**
   * The numbers that the network draws.
   * @param {Wish} wish
   * @returns {Float32Array}
   */
  latent({ seed = 0, mix = [[seed, 1]], psi = 1, style = [] }) {
    for (const [key, weight] of mix) {
      if (typeof key === "number" && !(Number.isInteger(key) && key >= 0 && key <= MAX_SEED)) {
        throw new RangeError(`The seed ${key} is not allowed; use a whole number from 0 to ${MAX_SEED}.`);
      }
      if (!Number.isFinite(weight)) throw new RangeError("A seed's weight must be a number.");
    }
    if (!(psi >= 0 && psi <= 2)) throw new RangeError(`Psi ${psi} is not allowed; use a number from 0 to 2.`);
    if (!mix.some(([, weight]) => weight)) throw new RangeError("At least one seed needs a weight other than 0.");
    const { design, typical } = this.network;
    const z = latent(mix, design.zDim, psi, typical);
    if (!style.some(Boolean)) return z;
    const directions = this.#styles().slice(0, style.length);
    return z.map((number, at) => directions.reduce((sum, direction, place) => sum + style[place] * direction[at], number));
  }

  #styles() {
    const { design: { zDim }, parts: { grid } } = this.network;
    if (!this.directions) {
      const weight = new Float32Array(grid.length); // (features, Z) again
      for (let at = 0; at < grid.length; at++) {
        const [panel, place] = [Math.floor(at / (PANEL * zDim)), at % (PANEL * zDim)];
        weight[(panel * PANEL + (place % PANEL)) * zDim + Math.floor(place / PANEL)] = grid[at];
      }
      this.directions = styleDirections(weight, zDim, NUM_STYLES);
    }
    return this.directions;
  }
}

/**
 * A drawing by a generator whose weights lie between those of two others, which must be built alike.
 * @param {Generator} start
 * @param {Generator} end
 * @param {number} share of the second one, 0 to 1
 * @param {Wish} wish
 * @returns {Uint8Array}
 */
export function drawBetween(start, end, share, wish) {
  const [{ design }, { design: otherDesign }] = [start.network, end.network];
  const [one, other] = [withLayout(start, end), withLayout(end, start)];
  const [names, otherNames] = [one, other].map((parts) => Object.keys(parts).sort());
  const isAlike = `${names}` === `${otherNames}` && names.every((name) => one[name].length === other[name].length);
  if (!isAlike || design.zDim !== otherDesign.zDim) {
    throw new Error(`“${start.className}” and “${end.className}” have generators of different kinds, which can't be mixed; pick another pair.`);
  }
  const parts = Object.fromEntries(names.map((name) => [name, lerp(one[name], other[name], share)]));
  const saturation = (1 - share) * design.saturation + share * otherDesign.saturation;
  const z = between(start.latent(wish), end.latent(wish), share);
  return grey(run(theKernel(), { ...design, saturation }, parts, z));
}

/**
 * A generator's weights. If it has no layout, but its partner has one, it gets a layout of zeros.
 * @param {Generator} generator
 * @param {Generator} partner
 */
function withLayout({ network: { parts } }, { network: { parts: { layout } } }) {
  return parts.layout || !layout ? parts : { ...parts, layout: new Float32Array(layout.length) };
}

/**
 * Loads a generator from a `.safetensors` file of this project. Throws an Error whose message is a sentence.
 * @param {string | URL} url
 * @returns {Promise<Generator>}
 */
export async function load(url) {
  const name = `${url}`.split(/[?#]/)[0].split("/").pop() ?? "";
  const answer = await fetch(url).catch(() => { throw new FileError(`${name} can't be reached; try again.`); });
  if (!answer.ok) throw new FileError(`${name} can't be loaded (${answer.status}); check its address.`);
  const { card, network } = readCheckpoint(await answer.arrayBuffer(), name);
  return new Generator(card.class_name, network, card);
}

/**
 * Chooses how to compute. Only tests and odd browsers need this.
 * @param {{ isPlain?: boolean }} options isPlain: without WebAssembly
 */
export function useKernel(options) {
  kernel = new Kernel(options);
}

function theKernel() {
  kernel ??= new Kernel();
  return kernel;
}

/**
 * @param {Float32Array} one
 * @param {Float32Array} other
 * @param {number} share
 */
function lerp(one, other, share) {
  const between = new Float32Array(one.length);
  for (let at = 0; at < one.length; at++) between[at] = one[at] + share * (other[at] - one[at]);
  return between;
}

/** @param {Float32Array} ink */
const grey = (ink) => Uint8Array.from(ink, (value) => Math.round(255 * value));
