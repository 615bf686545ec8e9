// A drawing as strokes, in the order in which a hand would draw them (model/pen/strokes.py).

import { nodesOf, smooth } from "./curves.js";
import { distance, length } from "./geometry.js";
import { graphOf } from "./graph.js";
import { mend } from "./mending.js";
import { paths } from "./paths.js";
import { skeletons } from "./skeleton.js";

/** @import { PenStroke, Point, TraceSettings } from "../shared/types" */

const LINE_BEGINS = [1, 0.3]; // how much x and y count: a hand begins where the sum is least
const LOOP_BEGINS = [0.3, 1];
const OUTLINE = 0.4; // of the longest stroke: others that long are drawn before details

/** @param {TraceSettings} settings */
export function tracer(settings) {
  const skeleton = skeletons(settings);

  /**
   * @param {ArrayLike<number>} drawing 784 numbers in 0..255, row by row
   * @returns {PenStroke[]}
   */
  return function trace(drawing) {
    const found = skeleton(drawing);
    if (!found) return [];
    const lines = graphOf(found);
    mend(lines, found, settings);
    const strokes = lines.dots.map((at) => strokeOf([at], [], false, found.inkAt(...at)));
    for (const { points: path, isClosed } of paths(lines, settings)) {
      if (length(path) < settings.dot) {
        const middle = middleOf(path);
        strokes.push(strokeOf([middle], [], false, found.inkAt(...middle)));
        continue;
      }
      const { points, corners } = smooth(path, isClosed, found, settings);
      const ink = points.reduce((sum, point) => sum + found.inkAt(...point), 0) / points.length;
      const kept = nodesOf(points, corners, isClosed, settings.node);
      strokes.push(strokeOf(kept.points, kept.corners, isClosed, ink));
    }
    return ordered(strokes);
  };
}

/**
 * @param {Point[]} points
 * @param {number[]} corners
 * @param {boolean} isClosed
 * @param {number} ink
 * @returns {PenStroke}
 */
const strokeOf = (points, corners, isClosed, ink) =>
  ({ points, corners, isClosed, ink, length: length(isClosed ? [...points, points[0]] : points) });

/**
 * @param {Point[]} points
 * @returns {Point}
 */
function middleOf(points) {
  let [x, y] = [0, 0];
  for (const point of points) [x, y] = [x + point[0], y + point[1]];
  return [x / points.length, y / points.length];
}

/** @param {PenStroke[]} strokes */
function ordered(strokes) {
  if (!strokes.length) return [];
  const longest = strokes.reduce((best, stroke) => (stroke.length > best.length ? stroke : best));
  const done = [fromTheLeft(longest)];
  let left = strokes.filter((stroke) => stroke !== longest);
  while (left.length) {
    const last = done[done.length - 1];
    const pen = last.points[last.isClosed ? 0 : last.points.length - 1];
    const outlines = left.filter((stroke) => stroke.length >= OUTLINE * longest.length);
    let nearest = Infinity;
    let [chosen, place] = [left[0], 0];
    for (const stroke of outlines.length ? outlines : left) {
      for (const start of startsOf(stroke)) {
        const far = distance(pen, stroke.points[start]);
        if (far < nearest) [nearest, chosen, place] = [far, stroke, start];
      }
    }
    done.push(begunAt(chosen, place));
    left = left.filter((stroke) => stroke !== chosen);
  }
  return done;
}

/** @param {PenStroke} stroke */
function startsOf({ points, corners, isClosed }) {
  if (!isClosed) return points.length > 1 ? [0, points.length - 1] : [0];
  return corners.length ? corners : points.map((_, place) => place);
}

/** @param {PenStroke} stroke */
function fromTheLeft(stroke) {
  const [rightwards, downwards] = stroke.isClosed ? LOOP_BEGINS : LINE_BEGINS;
  const cost = (/** @type {number} */ place) =>
    rightwards * stroke.points[place][0] + downwards * stroke.points[place][1];
  return begunAt(stroke, startsOf(stroke).reduce((best, place) => (cost(place) < cost(best) ? place : best)));
}

/**
 * @param {PenStroke} stroke
 * @param {number} place
 */
function begunAt(stroke, place) {
  const count = stroke.points.length;
  if (stroke.isClosed) {
    const points = [...stroke.points.slice(place), ...stroke.points.slice(0, place)];
    const corners = stroke.corners.map((corner) => (corner - place + count) % count).sort((a, b) => a - b);
    return { ...stroke, points, corners };
  }
  if (!place) return stroke;
  const corners = stroke.corners.map((corner) => count - 1 - corner).sort((a, b) => a - b);
  return { ...stroke, points: stroke.points.toReversed(), corners };
}
