// Files of what the page shows, made by the browser (model/exports/ makes the same on a server).

import { inkOf } from "../shared/ink.js";
import { curves, UNITS } from "../shared/pen.js";
import { paintUntil, playingSeconds, scheduleOf } from "../shared/self_drawing.js";
import { gif } from "./gif.js";
import { slug } from "./names.js";
import { escaped } from "./words.js";
import { zip } from "./zip.js";

/** @import { Constants, PenStroke, Point } from "../shared/types" */
/** @import { Sheet } from "../shared/ink.js" */
/**
 * What is exported. names: of each drawing's class, if they differ. titles: what each drawing is, in words. look, width: as the page's.
 * @typedef {{ name: string, names?: string[], seeds: number[], titles: string[], sheet: Sheet, look: string, width: number, about: object }} Shown
 */

const LARGE = 1024; // pixels a side of a large picture
const ANIMATED = 252; // of an animation
const MAX_COLUMNS = 8;
const FINENESS = 50; // of an SVG's coordinates, in a pixel
const CREDIT = "Made with generators that learned from Google's Quick, Draw! Dataset, CC BY 4.0";

/** @param {Constants} constants */
export function exporterOf(constants) {
  const { size: SIZE, hand } = constants;
  const { paintOnce, strokesOf } = inkOf(constants);
  const canvasOf = (/** @type {number} */ width, height = width) => Object.assign(document.createElement("canvas"), { width, height });

  /**
   * @param {Shown} shown
   * @param {number} size of each drawing, in pixels
   * @param {number} columns
   */
  function sheetOf({ sheet, titles, look }, size, columns) {
    const paper = canvasOf(columns * size, Math.ceil(titles.length / columns) * size);
    const context = contextOf(paper);
    context.fillStyle = "white";
    context.fillRect(0, 0, paper.width, paper.height);
    titles.forEach((_, place) => {
      const one = canvasOf(size);
      paintOnce(one, sheet, place, 0, false, look);
      context.drawImage(one, (place % columns) * size, Math.floor(place / columns) * size);
    });
    return paper;
  }

  /** Black ink without the paper. @param {HTMLCanvasElement} paper */
  function withoutPaper(paper) {
    const context = contextOf(paper);
    const picture = context.getImageData(0, 0, paper.width, paper.height);
    for (let at = 0; at < picture.data.length; at += 4) {
      picture.data[at + 3] = 255 - picture.data[at];
      picture.data.fill(0, at, at + 3);
    }
    context.putImageData(picture, 0, 0);
    return paper;
  }

  /**
   * @param {Shown} shown
   * @param {number} columns
   * @param {number} size
   */
  function svg({ sheet, titles, look, width }, columns, size) {
    if (look === "ink") throw new Error("Outlines are made by the full app; choose Pen or Pixels, or save a PNG.");
    const units = SIZE * FINENESS;
    const groups = titles.map((title, place) => {
      const [x, y] = [(place % columns) * units, Math.floor(place / columns) * units];
      const shapes = look === "pen"
        ? strokesOf(sheet, place).map((stroke) => `<path d="${pathOf(stroke)}"/>`).join("")
        : squares(sheet.ink.subarray(place * SIZE * SIZE, (place + 1) * SIZE * SIZE));
      return `<g${x || y ? ` transform="translate(${x} ${y})"` : ""}><title>${escaped(title)}</title>${shapes}</g>`;
    });
    const style = look === "pen"
      ? ` fill="none" stroke="black" stroke-width="${Math.round((width / UNITS) * FINENESS)}" stroke-linecap="round" stroke-linejoin="round"` : "";
    const rows = Math.ceil(titles.length / columns);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${columns * size}" height="${rows * size}" `
      + `viewBox="0 0 ${columns * units} ${rows * units}"${style}><desc>${escaped(CREDIT)}</desc>${groups.join("")}</svg>\n`;
  }

  /** @param {Uint8Array} drawing */
  function squares(drawing) {
    /** @type {Map<number, string>} */
    const paths = new Map();
    drawing.forEach((ink, at) => {
      if (!ink) return;
      const corner = `M${(at % SIZE) * FINENESS} ${Math.floor(at / SIZE) * FINENESS}`;
      paths.set(ink, `${paths.get(ink) ?? ""}${corner}h${FINENESS}v${FINENESS}h-${FINENESS}z`);
    });
    return [...paths].map(([ink, path]) => `<path fill-opacity="${(ink / 255).toFixed(3)}" shape-rendering="crispEdges" d="${path}"/>`).join("");
  }

  /** Strokes in the dataset's simplified format, a line for each drawing. @param {Shown} shown */
  function ndjson({ name, names, seeds, sheet, titles }) {
    return titles.map((_, place) => {
      const lines = scheduleOf(strokesOf(sheet, place), hand).lines.map(({ points }) => points);
      return `${JSON.stringify({ word: names?.[place] ?? name, key_id: `${seeds[place]}`, drawing: simplified(lines) })}\n`;
    }).join("");
  }

  /** Every drawing by itself, in several formats. @param {Shown} shown */
  async function archive(shown) {
    /** @type {Map<string, Uint8Array>} */
    const files = new Map();
    const put = async (/** @type {string} */ path, /** @type {Blob | string} */ content) => {
      files.set(path, new Uint8Array(await new Blob([content]).arrayBuffer()));
    };
    for (let place = 0; place < shown.titles.length; place++) {
      const ink = shown.sheet.ink.subarray(place * SIZE * SIZE, (place + 1) * SIZE * SIZE);
      const one = { ...shown, sheet: { ink, width: SIZE, columns: 1 }, titles: [shown.titles[place]] };
      const file = `${slug(shown.names?.[place] ?? shown.name)}-${`${place + 1}`.padStart(2, "0")}-${shown.seeds[place]}`;
      await put(`png/${file}.png`, await pngOf(sheetOf({ ...one, look: "pixels" }, SIZE, 1)));
      await put(`png/${file}-large.png`, await pngOf(sheetOf(one, LARGE, 1)));
      await put(`strokes/${file}.svg`, svg({ ...one, look: "pen" }, 1, 512));
    }
    await put("strokes/drawings.ndjson", ndjson(shown));
    await put("manifest.json", JSON.stringify({
      class: shown.name, ...shown.about, license: "CC-BY-4.0", credit: CREDIT, look: shown.look, pen_width: shown.width, seeds: shown.seeds,
    }, null, 1));
    return zip(files);
  }

  /** Drawings that draw themselves, as frames. @param {Shown} shown @param {number} columns */
  function selfDrawing(shown, columns) {
    const size = Math.floor((2 * ANIMATED) / columns);
    const schedules = shown.titles.map((_, place) => scheduleOf(strokesOf(shown.sheet, place), hand));
    const natural = Math.max(0, ...schedules.map(({ seconds }) => seconds));
    const seconds = playingSeconds(natural, hand);
    const count = Math.ceil((1000 * seconds) / constants.frame_milliseconds);
    const stills = shown.titles.map((_, place) => {
      const still = canvasOf(size);
      if (shown.look !== "pen") paintOnce(still, shown.sheet, place, 0, false, shown.look);
      return shown.look === "pen" ? null : still;
    });
    const paper = canvasOf(columns * size, Math.ceil(schedules.length / columns) * size);
    const frames = [];
    for (let frame = 1; frame <= count; frame++) {
      schedules.forEach((schedule, place) => {
        const one = canvasOf(size);
        paintUntil(one, schedule, (natural * frame) / count, hand, shown.width, stills[place]);
        contextOf(paper).drawImage(one, (place % columns) * size, Math.floor(place / columns) * size);
      });
      frames.push(contextOf(paper).getImageData(0, 0, paper.width, paper.height));
    }
    return [...frames, ...Array(Math.ceil(1200 / constants.frame_milliseconds)).fill(frames[frames.length - 1])];
  }

  return {
    /**
     * Drawings as a file of a kind: "png", "large.png", "zip", ... Throws an Error with a sentence.
     * @param {string} kind
     * @param {Shown} shown
     */
    async drawings(kind, shown) {
      const columns = Math.min(MAX_COLUMNS, Math.ceil(Math.sqrt(shown.titles.length)));
      const size = Math.floor(LARGE / columns);
      switch (kind) {
        case "png": return pngOf(sheetOf({ ...shown, look: "pixels" }, SIZE, columns));
        case "large.png": return pngOf(sheetOf(shown, size, columns));
        case "transparent.png": return pngOf(withoutPaper(sheetOf(shown, size, columns)));
        case "svg": return new Blob([svg(shown, columns, size)], { type: "image/svg+xml" });
        case "ndjson": return new Blob([ndjson(shown)], { type: "application/x-ndjson" });
        case "zip": return archive(shown);
        case "gif": return gif(selfDrawing(shown, columns), constants.frame_milliseconds, true);
        default: return film(selfDrawing(shown, columns), constants.frame_milliseconds, kind);
      }
    },
    /**
     * A morph as an animation.
     * @param {string} kind
     * @param {Shown} shown
     * @param {number} count frames
     * @param {number} speed
     * @param {string} loop
     */
    async morph(kind, { sheet, look }, count, speed, loop) {
      const frames = Array.from({ length: count }, (_, frame) => {
        const canvas = canvasOf(ANIMATED);
        paintOnce(canvas, sheet, frame, 0, true, look);
        return contextOf(canvas).getImageData(0, 0, ANIMATED, ANIMATED);
      });
      const played = loop === "back" ? [...frames, ...frames.slice(1, -1).reverse()] : frames;
      const milliseconds = constants.frame_milliseconds / speed;
      return kind === "gif" ? gif(played, milliseconds, loop !== "once") : film(played, milliseconds, kind);
    },
  };
}

/**
 * A film that the browser records while it plays once, hidden.
 * @param {ImageData[]} frames
 * @param {number} milliseconds
 * @param {string} kind
 * @returns {Promise<Blob>}
 */
async function film(frames, milliseconds, kind) {
  const type = `video/${kind}`;
  if (kind !== "mp4" || typeof MediaRecorder === "undefined" || !MediaRecorder.isTypeSupported(type)) {
    throw new Error(`This browser can't make ${kind === "mp4" ? "MP4" : "animated WebP"}; save a GIF, or use the full app.`);
  }
  const canvas = Object.assign(document.createElement("canvas"), { width: frames[0].width, height: frames[0].height });
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: type, videoBitsPerSecond: 4_000_000 });
  /** @type {Blob[]} */
  const parts = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stopped = new Promise((resolve) => { recorder.addEventListener("stop", resolve); });
  recorder.start();
  for (const frame of frames) {
    contextOf(canvas).putImageData(frame, 0, 0);
    await new Promise((resolve) => { setTimeout(resolve, milliseconds); });
  }
  recorder.stop();
  await stopped;
  return new Blob(parts, { type });
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser can't draw.");
  return context;
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
const pngOf = (canvas) => new Promise((resolve, reject) => {
  canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser can't save a picture."))), "image/png");
});

/** @param {PenStroke} stroke */
function pathOf(stroke) {
  const text = (/** @type {Point[]} */ ...points) => points.flat().map((number) => Math.round(number * FINENESS)).join(" ");
  const pieces = curves(stroke);
  const begin = `M${text(stroke.points[0])}`;
  return pieces.length ? begin + pieces.map((piece) => `C${text(...piece)}`).join("") + (stroke.isClosed ? "Z" : "") : `${begin}h1`;
}

/**
 * Lines as the dataset has them: whole numbers up to 255, and few points (model/pen/simplified.py).
 * @param {Point[][]} lines
 */
function simplified(lines) {
  const points = lines.flat();
  if (!points.length) return [];
  const low = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])));
  const extent = Math.max(...points.flatMap((point) => [point[0] - low[0], point[1] - low[1]]));
  const scale = extent > 0 ? 255 / extent : 1;
  return lines.map((line) => {
    const kept = fewer(line.map(([x, y]) => /** @type {Point} */ ([(x - low[0]) * scale, (y - low[1]) * scale])));
    return [0, 1].map((axis) => kept.map((point) => Math.round(point[axis])));
  });
}

/**
 * Points such that no left-out one is further than two units from the line (Douglas and Peucker 1973).
 * @param {Point[]} line
 * @returns {Point[]}
 */
function fewer(line) {
  if (line.length < 3) return line;
  const [[x, y], last] = [line[0], line[line.length - 1]];
  const [dx, dy] = [last[0] - x, last[1] - y];
  const squared = dx * dx + dy * dy;
  let [worst, far] = [0, 0];
  for (let at = 1; at < line.length - 1; at++) {
    const [ax, ay] = [line[at][0] - x, line[at][1] - y];
    const share = squared ? Math.max(0, Math.min(1, (ax * dx + ay * dy) / squared)) : 0;
    const distance = Math.hypot(ax - share * dx, ay - share * dy);
    if (distance > far) [worst, far] = [at, distance];
  }
  if (far <= 2) return [line[0], last];
  return [...fewer(line.slice(0, worst + 1)).slice(0, -1), ...fewer(line.slice(worst))];
}
