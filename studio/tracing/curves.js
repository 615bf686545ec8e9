// From a path along pixels to a smooth curve with sharp corners, in the middle of the ink (model/tracing/curves.py).

import { between, distance, dot, evenly, meeting } from "./geometry.js";

/** @import { Point, TraceSettings } from "../shared/types" */
/** @import { Skeleton } from "./skeleton.js" */

/**
 * @param {Point[]} path
 * @param {boolean} isClosed
 * @param {Skeleton} skeleton
 * @param {TraceSettings} settings
 */
export function smooth(path, isClosed, skeleton, settings) {
  let points = evenly(path, settings.step);
  const corners = cornersOf(points, isClosed, settings);
  points = smoothed(points, corners, isClosed, settings);
  points = centred(points, corners, isClosed, skeleton, settings);
  points = smoothed(points, corners, isClosed, settings);
  return { points: pointed(points, corners, isClosed, settings), corners };
}

/**
 * @param {Point[]} points
 * @param {number[]} corners
 * @param {boolean} isClosed
 * @param {number} spacing
 */
export function nodesOf(points, corners, isClosed, spacing) {
  const last = points.length - 1;
  if (isClosed && corners.length) {
    const first = corners[0] % last;
    points = [...points.slice(first, last), ...points.slice(0, first + 1)];
    const moved = new Set(corners.map((corner) => (corner - first + last) % last));
    corners = [...moved].filter(Boolean).sort((a, b) => a - b);
    corners = [0, ...corners];
  }
  const found = [points[0]];
  const kept = isClosed && corners.length ? [0] : [];
  let start = 0;
  for (const stop of [...corners.filter((corner) => corner > 0 && corner < last), last]) {
    found.push(...evenly(points.slice(start, stop + 1), spacing).slice(1));
    kept.push(found.length - 1);
    start = stop;
  }
  kept.pop();
  return { points: isClosed && found.length > 1 ? found.slice(0, -1) : found, corners: kept };
}

/**
 * @param {Point[]} points
 * @param {number} at
 * @param {boolean} isClosed
 */
const before = (points, at, isClosed) => points[at > 0 ? at - 1 : isClosed ? points.length - 2 : 0];
/**
 * @param {Point[]} points
 * @param {number} at
 * @param {boolean} isClosed
 */
const after = (points, at, isClosed) => points[at < points.length - 1 ? at + 1 : isClosed ? 1 : at];

/**
 * @param {Point[]} points
 * @param {number[]} corners
 * @param {boolean} isClosed
 * @param {TraceSettings} settings
 */
function smoothed(points, corners, isClosed, settings) {
  const count = points.length;
  const isFixed = new Uint8Array(count);
  for (const corner of corners) isFixed[corner] = 1;
  let old = new Float64Array(2 * count);
  let now = new Float64Array(2 * count);
  points.forEach(([x, y], at) => { now[2 * at] = x; now[2 * at + 1] = y; });
  for (let turn = 0; turn < 2 * settings.passes; turn++) {
    const amount = turn % 2 ? -settings.unshrink : settings.shrink;
    [old, now] = [now, old];
    for (let at = 0; at < count; at++) {
      const one = 2 * (at > 0 ? at - 1 : isClosed ? count - 2 : 0);
      const other = 2 * (at < count - 1 ? at + 1 : isClosed ? 1 : at);
      for (let axis = 0; axis < 2; axis++) {
        const here = old[2 * at + axis];
        const middle = old[one + axis] + 0.5 * (old[other + axis] - old[one + axis]);
        now[2 * at + axis] = isFixed[at] ? here : here + amount * (middle - here);
      }
    }
  }
  return points.map((_, at) => /** @type {Point} */ ([now[2 * at], now[2 * at + 1]]));
}

/**
 * @param {Point[]} points
 * @param {number[]} corners
 * @param {boolean} isClosed
 * @param {Skeleton} skeleton
 * @param {TraceSettings} settings
 */
function centred(points, corners, isClosed, skeleton, settings) {
  const moved = points.map((here, at) => {
    const [one, other] = [before(points, at, isClosed), after(points, at, isClosed)];
    const far = distance(one, other);
    if (corners.includes(at) || far === 0) return here;
    const [x, y] = [(one[1] - other[1]) / far, (other[0] - one[0]) / far];
    let total = 0;
    let weighted = 0;
    for (let sample = -settings.samples; sample <= settings.samples; sample++) {
      const offset = (settings.sideways * sample) / settings.samples;
      const ink = skeleton.inkAt(here[0] + offset * x, here[1] + offset * y);
      total += ink;
      weighted += ink * offset;
    }
    if (total <= 0) return here;
    const shift = Math.max(-settings.shift, Math.min(settings.shift, weighted / total));
    return /** @type {Point} */ ([here[0] + shift * x, here[1] + shift * y]);
  });
  if (isClosed) moved[moved.length - 1] = moved[0];
  return moved;
}

/**
 * @param {Point[]} points
 * @param {boolean} isClosed
 * @param {TraceSettings} settings
 */
function cornersOf(points, isClosed, settings) {
  const [reach, count] = [settings.corner_reach, points.length];
  if (count <= 2 * reach) return [];
  /** @type {[number, number][]} */
  const turns = [];
  for (let at = isClosed ? 0 : reach; at < (isClosed ? count - 1 : count - reach); at++) {
    const one = points[(at - reach + count - 1) % (count - 1)];
    const other = points[isClosed ? (at + reach) % (count - 1) : at + reach];
    const here = points[at];
    const size = distance(one, here) * distance(here, other);
    if (!(size > 0)) continue;
    const turn = dot([here[0] - one[0], here[1] - one[1]], [other[0] - here[0], other[1] - here[1]]) / size;
    if (turn < settings.corner) turns.push([turn, at]);
  }
  /** @type {number[]} */
  const corners = [];
  for (const [, at] of turns.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const gaps = corners.map((corner) => Math.abs(at - corner));
    if (gaps.every((gap) => reach < gap && !(isClosed && count - 1 - gap <= reach))) corners.push(at);
  }
  if (isClosed && corners.includes(0)) corners.push(count - 1); // the same point
  return corners.sort((a, b) => a - b);
}

/**
 * @param {Point[]} old
 * @param {number[]} corners
 * @param {boolean} isClosed
 * @param {TraceSettings} settings
 */
function pointed(old, corners, isClosed, settings) {
  const points = [...old];
  const last = points.length - 1;
  const half = Math.floor(settings.corner_reach / 2);
  const place = (/** @type {number} */ at) => (isClosed ? (at + last) % last : at);
  for (const at of corners) {
    if (isClosed && at === last) continue;
    const [far, near, nearAfter, farAfter] = [-2 * half, -half, half, 2 * half].map((offset) => points[place(at + offset)]);
    const tip = meeting(far, near, farAfter, nearAfter);
    if (!tip || distance(tip, points[at]) > settings.corner_shift) continue;
    for (let step = 1 - half; step < half; step++) {
      points[place(at + step)] = between(tip, step < 0 ? near : nearAfter, Math.abs(step) / half);
    }
  }
  if (isClosed) points[last] = points[0];
  return points;
}
