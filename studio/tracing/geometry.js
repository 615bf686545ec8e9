// Points and lines through them, in pixels of a drawing (model/tracing/geometry.py).

/** @import { Point } from "../shared/types" */

/**
 * @param {Point} one
 * @param {Point} other
 */
export function distance(one, other) {
  const x = one[0] - other[0];
  const y = one[1] - other[1];
  return Math.sqrt(x * x + y * y);
}

/**
 * @param {Point} one
 * @param {Point} other
 */
export const dot = (one, other) => one[0] * other[0] + one[1] * other[1];

/**
 * @param {Point} one
 * @param {Point} other
 * @param {number} share
 * @returns {Point}
 */
export const between = (one, other, share) =>
  [one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])];

/**
 * @param {Point} one
 * @param {Point} other
 * @returns {Point}
 */
export function direction(one, other) {
  const far = distance(one, other) || 1;
  return [(other[0] - one[0]) / far, (other[1] - one[1]) / far];
}

/** @param {Point[]} points */
export function length(points) {
  let total = 0;
  for (let at = 1; at < points.length; at++) total += distance(points[at - 1], points[at]);
  return total;
}

/**
 * @param {Point[]} points
 * @param {number} reach
 * @returns {Point}
 */
export function along(points, reach) {
  for (let at = 1; at < points.length; at++) {
    const far = distance(points[at - 1], points[at]);
    if (reach <= far && far > 0) return between(points[at - 1], points[at], reach / far);
    reach -= far;
  }
  return points[points.length - 1];
}

/**
 * @param {Point[]} points
 * @param {number} step
 * @returns {Point[]}
 */
export function evenly(points, step) {
  const total = length(points);
  const count = Math.max(1, Math.floor(total / step + 0.5));
  const spacing = total / count;
  const found = [points[0]];
  let left = spacing;
  for (let at = 1; at < points.length; at++) {
    const far = distance(points[at - 1], points[at]);
    while (left > 0 && left <= far && found.length < count) {
      found.push(between(points[at - 1], points[at], left / far));
      left += spacing;
    }
    left -= far;
  }
  found.push(points[points.length - 1]);
  return found;
}

/**
 * @param {Point} a
 * @param {Point} b
 * @param {Point} c
 * @param {Point} d
 * @returns {Point | null}
 */
export function meeting(a, b, c, d) {
  const one = [b[0] - a[0], b[1] - a[1]];
  const other = [d[0] - c[0], d[1] - c[1]];
  const across = [c[0] - a[0], c[1] - a[1]];
  const turn = one[0] * other[1] - one[1] * other[0];
  if (Math.abs(turn) < 1e-9) return null;
  const share = (across[0] * other[1] - across[1] * other[0]) / turn;
  const otherShare = (across[0] * one[1] - across[1] * one[0]) / turn;
  return share >= 1 && otherShare >= 1 ? between(a, b, share) : null;
}
