// Drawings on canvases: sheets of drawings decoded, and each drawing enlarged with smooth outlines.

import { tracer } from "../tracing/trace.js";
import { look, paintInLook } from "./look.js";
import { drawStrokes } from "./pen.js";

/** @import { Constants } from "./types" */

/**
 * Decoded drawings.
 * @typedef {{ ink: Uint8Array, width: number, columns: number }} Sheet
 */
/**
 * What enlarging to one size takes; made once, because painting has to be quick.
 * @typedef {object} Scale
 * @property {Int32Array} firsts the first of the four pixels that each enlarged pixel is made of
 * @property {Float32Array} weights of these four
 * @property {ImageData} pixels
 * @property {Uint32Array} greys the same memory
 * @property {Float32Array} wide enlarged in x only
 * @property {Float32Array} fine enlarged in x and y
 */
/** @typedef {ReturnType<typeof inkOf>} Ink */

const BINS = 256; // for finding a level of ink
const ENOUGH = 8000; // pixels, for finding it

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser can't draw.");
  return context;
}

/** @param {Constants} constants */
export function inkOf({ size: SIZE, trace: settings, ink: { smoothing, min_level, max_level, max_relative_level } }) {
  /** @type {Map<number, Scale>} */
  const scales = new Map(); // by pixels a side
  const trace = tracer(settings);

  /**
   * @param {string | Sheet} url or a sheet that is decoded already
   * @param {number} columns drawings in a row
   * @returns {Promise<Sheet>}
   */
  async function openSheet(url, columns) {
    if (typeof url !== "string") return url;
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const context = contextOf(Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height }));
    context.drawImage(picture, 0, 0);
    const { data, width } = context.getImageData(0, 0, picture.width, picture.height);
    const ink = new Uint8Array(data.length / 4);
    for (let at = 0; at < ink.length; at++) ink[at] = 255 - data[4 * at];
    return { ink, width, columns };
  }

  /**
   * Bicubic interpolation: four neighbours and their weights for each pixel (Keys 1981, a = -0.5), none of them outside.
   * @param {number} size
   * @returns {Scale}
   */
  function scaleTo(size) {
    const known = scales.get(size);
    if (known) return known;
    const kernel = (/** @type {number} */ x) =>
      (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0);
    const firsts = new Int32Array(size);
    const weights = new Float32Array(4 * size);
    for (let pixel = 0; pixel < size; pixel++) {
      const centre = ((pixel + 0.5) * SIZE) / size - 0.5;
      const first = Math.floor(centre) - 1;
      firsts[pixel] = Math.max(0, Math.min(SIZE - 4, first));
      const four = [0, 1, 2, 3].map((step) => kernel(Math.abs(firsts[pixel] + step - centre)));
      const sum = four.reduce((total, weight) => total + weight, 0);
      weights.set(four.map((weight) => weight / sum), 4 * pixel);
    }
    const pixels = new ImageData(size, size);
    const scale = {
      firsts, weights, pixels, greys: new Uint32Array(pixels.data.buffer),
      wide: new Float32Array(SIZE * size), fine: new Float32Array(size * size),
    };
    scales.set(size, scale);
    return scale;
  }

  /**
   * The level above which this much ink lies, estimated from enough of the pixels.
   * @param {Float32Array} fine
   * @param {number} share of the ink
   */
  function levelOf(fine, share) {
    const every = Math.floor(fine.length / ENOUGH) | 1; // odd, so that they come from many columns
    const counts = new Uint32Array(BINS);
    let left = 0;
    for (let at = 0; at < fine.length; at += every) {
      counts[Math.max(0, Math.min(BINS - 1, (fine[at] * BINS) | 0))]++;
      left += share;
    }
    let bin = BINS;
    while (bin > 0 && !counts[bin - 1]) bin--;
    const limit = (max_relative_level * bin) / BINS;
    while (left > 0 && bin > 0) left -= counts[--bin];
    return Math.min(max_level, Math.max(min_level, Math.min(limit, (bin + 0.5) / BINS)));
  }

  /**
   * Paints one drawing in the look that the visitor has chosen, and again when that changes.
   * @param {HTMLCanvasElement} canvas a square of at least 28 pixels a side
   * @param {Sheet} sheet
   * @param {number} place on the sheet
   * @param {number} share of the next drawing that is mixed in
   * @param {boolean} isMoving whether it is a frame of a morph, in which pale strokes fade
   */
  function paint(canvas, sheet, place, share = 0, isMoving = false) {
    paintInLook(canvas, () => paintOnce(canvas, sheet, place, share, isMoving));
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Sheet} sheet
   * @param {number} place
   */
  function paintOnce(canvas, sheet, place, share = 0, isMoving = false, name = look.name) {
    if (name === "ink") paintInk(canvas, sheet, place, share);
    else if (name === "pen") drawStrokes(canvas, strokesOf(sheet, place, share), look.width, isMoving ? settings : null);
    else paintPixels(canvas, pixelsOf(sheet, place, share));
  }

  /**
   * @param {Sheet} sheet
   * @param {number} place
   */
  const strokesOf = (sheet, place, share = 0) => trace(pixelsOf(sheet, place, share));

  /**
   * @param {Sheet} sheet
   * @param {number} place
   * @param {number} share
   */
  function pixelsOf({ ink, width, columns }, place, share) {
    const start = (/** @type {number} */ which) => Math.floor(which / columns) * SIZE * width + (which % columns) * SIZE;
    const [one, other] = [start(place), start(share ? place + 1 : place)];
    const drawing = new Float64Array(SIZE * SIZE);
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        drawing[y * SIZE + x] = (1 - share) * ink[one + y * width + x] + share * ink[other + y * width + x];
      }
    }
    return drawing;
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Float64Array} drawing
   */
  function paintPixels(canvas, drawing) {
    const size = canvas.width;
    const pixels = new ImageData(size, size);
    const greys = new Uint32Array(pixels.data.buffer);
    for (let y = 0, at = 0; y < size; y++) {
      const row = Math.floor((y * SIZE) / size) * SIZE;
      for (let x = 0; x < size; x++, at++) {
        greys[at] = 0xff000000 | (0x010101 * (255 - Math.round(drawing[row + Math.floor((x * SIZE) / size)])));
      }
    }
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  }

  /**
   * Paints one drawing, enlarged like exported files (`enlarged` in model/exports/vector.py): smoothed, interpolated,
   * then cut where the outline encloses as much as the pixels.
   * @param {HTMLCanvasElement} canvas a square of at least 28 pixels a side
   * @param {Sheet} sheet
   * @param {number} place on the sheet
   * @param {number} share of the next drawing that is mixed in
   */
  function paintInk(canvas, { ink, width, columns }, place, share) {
    const size = canvas.width;
    const { firsts, weights, pixels, greys, wide, fine } = scaleTo(size);
    const start = (/** @type {number} */ which) =>
      Math.floor(which / columns) * SIZE * width + (which % columns) * SIZE;
    const [one, other] = [start(place), start(share ? place + 1 : place)];
    const edged = SIZE + 2; // there is no ink outside
    const raw = new Float32Array(edged * edged);
    let total = 0;
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const value = ((1 - share) * ink[one + y * width + x] + share * ink[other + y * width + x]) / 255;
        raw[(y + 1) * edged + x + 1] = value;
        total += value;
      }
    }
    const row = new Float32Array(edged);
    const smooth = new Float32Array(SIZE);
    const mix = (/** @type {number} */ before, /** @type {number} */ middle, /** @type {number} */ after) =>
      (1 - 2 * smoothing) * middle + smoothing * (before + after);
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0, at = y * edged; x < edged; x++, at++) row[x] = mix(raw[at], raw[at + edged], raw[at + 2 * edged]);
      for (let x = 0; x < SIZE; x++) smooth[x] = mix(row[x], row[x + 1], row[x + 2]);
      for (let x = 0, at = 0, to = y * size; x < size; x++, at += 4, to++) {
        const from = firsts[x];
        wide[to] = weights[at] * smooth[from] + weights[at + 1] * smooth[from + 1]
          + weights[at + 2] * smooth[from + 2] + weights[at + 3] * smooth[from + 3];
      }
    }
    for (let y = 0, at = 0; y < size; y++) {
      const [a, b, c, d] = [weights[4 * y], weights[4 * y + 1], weights[4 * y + 2], weights[4 * y + 3]];
      for (let x = 0, up = firsts[y] * size; x < size; x++, at++, up++) {
        fine[at] = a * wide[up] + b * wide[up + size] + c * wide[up + 2 * size] + d * wide[up + 3 * size];
      }
    }
    const level = levelOf(fine, total / (SIZE * SIZE));
    const slope = (-255 * size) / SIZE; // so that an edge is about a pixel wide
    const middle = 127.5 - slope * level;
    for (let at = 0; at < greys.length; at++) {
      const grey = middle + slope * fine[at];
      greys[at] = grey <= 0 ? 0xff000000 : grey >= 255 ? 0xffffffff : 0xff000000 | (0x010101 * (grey | 0));
    }
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  }

  return { openSheet, paint, paintOnce, strokesOf };
}
