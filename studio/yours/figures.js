// Drawings that came inside HTML, painted in the chosen look: found ones, the visitor's own, and both on top of each other.

import { inkOf } from "../shared/ink.js";
import { look, paintInLook } from "../shared/look.js";
import { drawStrokes } from "../shared/pen.js";

/** @import { Constants, PenStroke, Stroke } from "../shared/types" */

const SKETCH = "#4338ca";
const NEAREST = "#b45309";

/**
 * The visitor's own strokes, in 0..1 of the drawing.
 * @param {Element} root
 * @returns {Stroke[] | null}
 */
export function ownStrokes(root) {
  const text = root.querySelector("canvas[data-strokes]")?.getAttribute("data-strokes");
  return text ? JSON.parse(text) : null;
}

/** @param {Constants} constants */
export function figures(constants) {
  const ink = inkOf(constants);

  /**
   * How to paint the drawing that a canvas has as data, on any canvas.
   * @param {HTMLCanvasElement} source
   */
  function painterOf({ dataset }) {
    const sheet = { ink: Uint8Array.from(atob(dataset.ink ?? ""), (each) => each.charCodeAt(0)), width: constants.size, columns: 1 };
    const strokes = dataset.strokes ? JSON.parse(dataset.strokes).map(asPenStroke) : null;
    return (/** @type {HTMLCanvasElement} */ canvas) => {
      if (strokes && look.name === "pen") drawStrokes(canvas, strokes, look.width);
      else ink.paintOnce(canvas, sheet, 0);
    };
  }

  /**
   * Straight from point to point, as model/pen/sketch.py has it.
   * @param {Stroke} stroke
   * @returns {PenStroke}
   */
  const asPenStroke = (stroke) => ({
    points: stroke.map(([x, y]) => [x * constants.size, y * constants.size]),
    corners: stroke.map((_, place) => place), isClosed: false, ink: 1, length: 0,
  });

  /**
   * Two drawings on one paper, like inks of two colours: it's dark where they agree.
   * @param {HTMLCanvasElement} canvas
   * @param {((canvas: HTMLCanvasElement) => void)[]} painters
   */
  function paintBoth(canvas, painters) {
    const context = canvas.getContext("2d");
    if (!context) return;
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    painters.forEach((paint, place) => {
      const layer = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
      paint(layer);
      const onLayer = layer.getContext("2d");
      if (!onLayer) return;
      onLayer.globalCompositeOperation = "screen"; // turns black into the colour, and white stays white
      onLayer.fillStyle = [SKETCH, NEAREST][place];
      onLayer.fillRect(0, 0, layer.width, layer.height);
      context.globalCompositeOperation = "multiply";
      context.drawImage(layer, 0, 0);
    });
    context.globalCompositeOperation = "source-over";
  }

  return {
    /** @param {Element} root */
    paint(root) {
      /** @type {((canvas: HTMLCanvasElement) => void)[]} */
      const painters = [];
      for (const canvas of root.querySelectorAll("canvas")) {
        if (canvas.dataset.ink) {
          const paint = painterOf(canvas);
          painters.push(paint);
          paintInLook(canvas, () => paint(canvas));
        } else {
          paintInLook(canvas, () => paintBoth(canvas, painters));
        }
      }
    },
  };
}
