// Strokes on canvases (model/pen/drawn.py).

import { between } from "../tracing/geometry.js";

/** @import { PenStroke, Point, TraceSettings } from "./types" */

export const UNITS = 304 / 28; // of a pen's width, in a pixel of a drawing
const SAMPLES = 4; // of a curve between two nodes

/**
 * Cubic curves from the first point on, as model/pen/drawn.py has them: each two control points and the end.
 * @param {PenStroke} stroke
 * @returns {[Point, Point, Point][]}
 */
export function curves({ points, corners, isClosed }) {
  const count = points.length;
  if (count < 2) return [];
  const isEnd = (/** @type {number} */ at) => corners.includes(at) || (!isClosed && (at === 0 || at === count - 1));
  const near = (/** @type {number} */ at) => points[(at + count) % count];

  /**
   * @param {number} at
   * @param {number} step
   * @returns {Point}
   */
  function tangent(at, step) {
    const [here, ahead, behind] = [near(at), near(at + step), near(at - step)];
    if (!isEnd(at)) return [(ahead[0] - behind[0]) / 6, (ahead[1] - behind[1]) / 6];
    if (isEnd((at + step + count) % count)) return [(ahead[0] - here[0]) / 3, (ahead[1] - here[1]) / 3];
    const beyond = near(at + 2 * step);
    return [
      ((ahead[0] - here[0]) * 3 - (beyond[0] - here[0]) / 2) / 6, ((ahead[1] - here[1]) * 3 - (beyond[1] - here[1]) / 2) / 6,
    ];
  }

  const found = [];
  for (let at = 0; at < (isClosed ? count : count - 1); at++) {
    const [here, end] = [points[at], near(at + 1)];
    const [out, back] = [tangent(at, 1), tangent((at + 1) % count, -1)];
    found.push([[here[0] + out[0], here[1] + out[1]], [end[0] + back[0], end[1] + back[1]], end]);
  }
  return /** @type {[Point, Point, Point][]} */ (found);
}

/**
 * Points along the curve, as model/pen/drawn.py has them; a loop's last point is its first, and a dot has one.
 * @param {PenStroke} stroke
 */
export function polyline(stroke) {
  let start = stroke.points[0];
  const found = [start];
  for (const [one, other, end] of curves(stroke)) {
    for (let sample = 1; sample <= SAMPLES; sample++) {
      const share = sample / SAMPLES;
      const [a, b, c] = [between(start, one, share), between(one, other, share), between(other, end, share)];
      found.push(between(between(a, b, share), between(b, c, share), share));
    }
    start = end;
  }
  return found;
}

/**
 * Puts white paper on a canvas and a round black pen in its context's hand.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width of the pen, in units
 */
export function takePen(canvas, width) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser can't draw.");
  const scale = canvas.width / 28;
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: Math.max(1, (width / UNITS) * scale), strokeStyle: "black" });
  return { context, scale };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {PenStroke[]} strokes
 * @param {number} width of the pen, in units
 * @param {TraceSettings | null} fading how pale strokes are drawn paler in a morph, so that they come and go softly
 */
export function drawStrokes(canvas, strokes, width, fading = null) {
  const { context, scale } = takePen(canvas, width);
  for (const stroke of strokes) {
    if (fading) context.globalAlpha = Math.max(0, Math.min(1, (stroke.ink - fading.pale) / (fading.dark - fading.pale)));
    const [x, y] = stroke.points[0];
    context.beginPath();
    context.moveTo(x * scale, y * scale);
    const pieces = curves(stroke);
    for (const [one, other, end] of pieces) {
      context.bezierCurveTo(one[0] * scale, one[1] * scale, other[0] * scale, other[1] * scale, end[0] * scale, end[1] * scale);
    }
    if (!pieces.length) context.lineTo(x * scale + 0.01, y * scale);
    if (stroke.isClosed) context.closePath();
    context.stroke();
  }
  context.globalAlpha = 1;
}
