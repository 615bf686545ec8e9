// A sheet of paper to draw on. Strokes are lists of points from 0 to 1, and the only thing that leaves the browser.

import { contextOf } from "../shared/ink.js";

/** @import { Constants, Point, Stroke } from "../shared/types" */

const PEN = 1 / 32; // of the paper's width
const MIN_STEP = 0.006; // of the paper's width: points nearer to each other than a sixth of a drawing's pixel are one
const INK = "#16181f";

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Constants} constants
 * @param {{ began: () => void, changed: () => void }} page
 */
export function createPaper(canvas, { max_strokes, max_points }, { began, changed }) {
  const context = contextOf(canvas);
  Object.assign(context, { lineWidth: PEN * canvas.width, lineCap: "round", lineJoin: "round", strokeStyle: INK });
  /** @type {Stroke[]} */
  let strokes = [];
  /** @type {number | null} */
  let pointer = null; // the one that draws

  /**
   * @param {Stroke} stroke
   * @param {number} from
   */
  function draw(stroke, from) {
    context.beginPath();
    context.moveTo(stroke[from][0] * canvas.width, stroke[from][1] * canvas.height);
    for (const [x, y] of stroke.slice(from)) context.lineTo(x * canvas.width, y * canvas.height);
    context.stroke();
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  function pointOf(event) {
    const box = canvas.getBoundingClientRect();
    const inside = (/** @type {number} */ number) => Math.round(Math.min(1, Math.max(0, number)) * 1e4) / 1e4;
    return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
  }

  const numPoints = () => strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  const isFull = () => strokes.length >= max_strokes || numPoints() >= max_points;

  /** @param {PointerEvent} event */
  function extend(event) {
    const stroke = strokes[strokes.length - 1];
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const [x, y] = pointOf(each);
      const [lastX, lastY] = stroke[stroke.length - 1];
      if (numPoints() < max_points && Math.hypot(x - lastX, y - lastY) > MIN_STEP) {
        stroke.push([x, y]);
        draw(stroke, stroke.length - 2);
      }
    }
  }

  /** @param {Stroke[]} replacement */
  function replace(replacement) {
    if (pointer !== null) return;
    strokes = replacement;
    context.clearRect(0, 0, canvas.width, canvas.height);
    strokes.forEach((stroke) => draw(stroke, 0));
    const number = strokes.length;
    const drawing = number ? `${number} stroke${number > 1 ? "s" : ""}` : "empty paper";
    canvas.setAttribute("aria-label", `Your drawing: ${drawing}`);
    changed();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0 || isFull()) return;
    event.preventDefault();
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    strokes.push([pointOf(event)]);
    draw(strokes[strokes.length - 1], 0);
    began();
  });
  canvas.addEventListener("pointermove", (event) => { if (event.pointerId === pointer) extend(event); });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
    canvas.addEventListener(end, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      replace(strokes);
    });
  }
  return { strokes: () => strokes, isFull, replace, undo: () => replace(strokes.slice(0, -1)), clear: () => replace([]) };
}
