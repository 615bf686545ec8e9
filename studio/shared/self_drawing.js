// Drawings that draw themselves, stroke by stroke at a hand's pace (model/exports/self_drawing.py).

import { between, distance, length } from "../tracing/geometry.js";
import { polyline, takePen, UNITS } from "./pen.js";

/** @import { Hand, PenStroke, Point } from "./types" */
/** When a hand draws each line, in seconds. @typedef {{ points: Point[], far: number, starts: number, ends: number }} TimedLine */
/** @typedef {ReturnType<typeof scheduleOf>} Schedule */

/**
 * @param {PenStroke[]} strokes
 * @param {Hand} hand
 */
export function scheduleOf(strokes, hand) {
  let now = 0;
  /** @type {TimedLine[]} */
  const lines = strokes.map((stroke) => {
    const points = polyline(stroke);
    const far = length(points);
    const starts = now;
    const ends = starts + Math.max(hand.dot_seconds, far / hand.pace);
    now = ends + hand.lift_seconds;
    return { points, far, starts, ends };
  });
  return { lines, seconds: lines.at(-1)?.ends ?? 0 };
}

/**
 * How long it takes at speed 1 to draw what takes a hand so long.
 * @param {number} natural
 * @param {Hand} hand
 */
export const playingSeconds = (natural, hand) => Math.min(hand.max_seconds, Math.max(hand.min_seconds, natural));

/**
 * Paints what is drawn by a time, with the pen's tip. In looks other than a pen's, the pen uncovers the still picture.
 * @param {HTMLCanvasElement} canvas
 * @param {Schedule} schedule
 * @param {number} now
 * @param {Hand} hand
 * @param {number} width of the pen, in units
 * @param {HTMLCanvasElement | null} still of the same size; null in the look of a pen
 */
export function paintUntil(canvas, { lines }, now, hand, width, still) {
  const { context, scale } = takePen(canvas, still ? hand.reveal * UNITS : width);
  if (still) context.clearRect(0, 0, canvas.width, canvas.height);
  /** @type {Point | null} */
  let tip = null;
  for (const { points, far, starts, ends } of lines) {
    if (starts > now) break;
    const part = now < ends ? firstPart(points, (far * (now - starts)) / (ends - starts)) : points;
    context.beginPath();
    for (const [x, y] of part) context.lineTo(x * scale, y * scale);
    if (part.length === 1) context.lineTo(part[0][0] * scale + 0.01, part[0][1] * scale);
    context.stroke();
    tip = now < ends ? part[part.length - 1] : null;
  }
  if (still) {
    context.globalCompositeOperation = "source-in";
    context.drawImage(still, 0, 0);
    context.globalCompositeOperation = "destination-over";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "source-over";
  }
  if (!tip) return;
  context.fillStyle = hand.tip_colour;
  context.beginPath();
  context.arc(tip[0] * scale, tip[1] * scale, Math.max(2, (hand.tip * (width / UNITS) * scale) / 2 + 1), 0, 2 * Math.PI);
  context.fill();
}

/**
 * @param {Point[]} points
 * @param {number} reach how far along the line it ends
 */
function firstPart(points, reach) {
  const part = [points[0]];
  for (let at = 1; at < points.length; at++) {
    const far = distance(points[at - 1], points[at]);
    if (far > 0 && reach <= far) {
      part.push(between(points[at - 1], points[at], reach / far));
      break;
    }
    part.push(points[at]);
    reach -= far;
  }
  return part;
}
