// From seeds, weights, psi and style to the latent that a generator takes (model/drawing/latents.py).

import { normal } from "./normal.js";

/** A seed or the numbers of a latent, and its weight. @typedef {[key: number | readonly number[], weight: number]} Weighted */

const SHARPNESS = 30; // how strongly a latent prefers the nearest of the typical ones

/**
 * @param {readonly Weighted[]} mix
 * @param {number} zDim
 * @param {number} psi
 * @param {readonly number[]} typical seeds that psi leads to
 * @returns {Float32Array}
 */
export function latent(mix, zDim, psi, typical) {
  const total = new Float64Array(zDim);
  let squares = 0;
  for (const [key, weight] of mix) {
    const numbers = typeof key === "number" ? normal(key, zDim) : key;
    if (numbers.length !== zDim) {
      throw new Error(`The latent has ${numbers.length} numbers, but this generator takes ${zDim}; give ${zDim} numbers.`);
    }
    for (let at = 0; at < zDim; at++) total[at] += weight * numbers[at];
    squares += weight * weight;
  }
  const isTowards = psi < 1 && typical.length > 0;
  const scale = (isTowards ? 1 : psi) / Math.sqrt(squares);
  const z = total.map((number) => number * scale);
  return Float32Array.from(isTowards ? towards(z, typical.map((seed) => normal(seed, zDim)), 1 - psi) : z);
}

/**
 * The latent at `t` of the straight way from one to another, with a length between theirs.
 * @param {Float32Array} start
 * @param {Float32Array} end
 * @param {number} t
 */
export function between(start, end, t) {
  if (start.every((number, at) => number === end[at])) return start;
  const z = start.map((number, at) => (1 - t) * number + t * end[at]);
  const length = ((1 - t) * norm(start) + t * norm(end)) / Math.max(norm(z), 1e-9);
  return z.map((number) => number * length);
}

/**
 * z moved along the sphere by a share of the way to a mean of the typical latents, mostly the nearest.
 * @param {Float64Array} z
 * @param {Float64Array[]} typical
 * @param {number} share
 */
function towards(z, typical, share) {
  const length = norm(z);
  const lengths = typical.map(norm);
  const direction = z.map((number) => number / Math.max(length, 1e-9));
  const cosines = typical.map((each, at) => dot(each, direction) / lengths[at]);
  const nearest = Math.max(...cosines);
  const raw = cosines.map((cosine) => Math.exp(SHARPNESS * (cosine - nearest)));
  const sum = raw.reduce((one, other) => one + other, 0);
  const weights = raw.map((weight) => weight / sum);
  const goal = new Float64Array(z.length);
  typical.forEach((each, at) => each.forEach((number, place) => { goal[place] += (weights[at] / lengths[at]) * number; }));
  const goalLength = Math.max(norm(goal), 1e-9);
  goal.forEach((number, place) => { goal[place] = number / goalLength; });
  const angle = Math.acos(Math.max(-1, Math.min(1, dot(goal, direction))));
  if (angle < 1e-6) return z;
  const reach = (1 - share) * length + share * weights.reduce((total, weight, at) => total + weight * lengths[at], 0);
  const [near, far] = [Math.sin((1 - share) * angle), Math.sin(share * angle)].map((side) => (reach * side) / Math.sin(angle));
  return z.map((_, place) => near * direction[place] + far * goal[place]);
}

/**
 * @param {Float64Array} one
 * @param {Float64Array} other
 */
const dot = (one, other) => one.reduce((total, number, at) => total + number * other[at], 0);

/** @param {Float64Array | Float32Array} z */
const norm = (z) => Math.sqrt(/** @type {number[]} */ (/** @type {unknown} */ (z)).reduce((total, number) => total + number * number, 0));
