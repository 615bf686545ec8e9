// Watch drawings being drawn: play, pause, start over, and how fast. At the end, the still pictures are back.

import { find } from "./controls.js";
import { look, paintInLook } from "./look.js";
import { paintUntil, playingSeconds, scheduleOf } from "./self_drawing.js";

/** @import { Constants } from "./types" */
/** @import { Ink, Sheet } from "./ink.js" */
/** @import { Schedule } from "./self_drawing.js" */
/** A canvas, and the drawing that it shows. @typedef {{ canvas: HTMLCanvasElement, drawing: [sheet: Sheet, place: number] }} Shown */

const SPEED_LABELS = { 0.25: "¼", 0.5: "½" };
const LONGEST_STEP = 0.1; // seconds; what a hidden page missed isn't made up for

export const wantsLessMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * @param {HTMLElement} root with .watch-play, .watch-again and .watch-speed
 * @param {Constants} constants
 * @param {Ink} ink
 * @param {() => Shown[]} shown what draws itself
 */
export function watchPlayer(root, constants, ink, shown) {
  const play = find(root, ".watch-play", HTMLButtonElement);
  const again = find(root, ".watch-again", HTMLButtonElement);
  const speed = find(root, ".watch-speed", HTMLSelectElement);
  const label = play.textContent ?? "";
  const { hand } = constants;
  /** @type {(Shown & { schedule: Schedule, still: HTMLCanvasElement | null })[]} */
  let items = []; // none while the pictures are still
  let isPlaying = false;
  let elapsed = 0; // seconds at speed 1
  let last = 0;

  speed.replaceChildren(...constants.speeds.map((each) =>
    new Option(SPEED_LABELS[/** @type {keyof typeof SPEED_LABELS} */ (each)] ?? `${each}`, `${each}`, each === 1, each === 1)));

  /** @param {typeof items[number]} item */
  function paintItem(item) {
    const { canvas, drawing, schedule } = item;
    if (look.name !== "pen" && !item.still) {
      item.still = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
      ink.paintOnce(item.still, ...drawing);
    }
    const natural = naturalSeconds();
    const now = (natural * elapsed) / playingSeconds(natural, hand);
    paintUntil(canvas, schedule, now, hand, look.width, look.name === "pen" ? null : item.still);
  }

  const naturalSeconds = () => Math.max(0, ...items.map(({ schedule }) => schedule.seconds));

  function begin() {
    elapsed = 0;
    items = shown().map((each) => ({ ...each, schedule: scheduleOf(ink.strokesOf(...each.drawing), hand), still: null }));
    for (const item of items) {
      paintInLook(item.canvas, () => {
        item.still = null;
        paintItem(item);
      });
    }
    setPlaying(true);
  }

  /** @param {boolean} on */
  function setPlaying(on) {
    isPlaying = on;
    play.textContent = on ? "Pause" : items.length ? "Go on" : label;
    root.classList.toggle("begun", items.length > 0);
    if (!on) return;
    last = performance.now();
    requestAnimationFrame(tick);
  }

  /** @param {number} now */
  function tick(now) {
    if (!isPlaying) return;
    elapsed += Math.min(LONGEST_STEP, Math.max(0, (now - last) / 1000)) * Number(speed.value);
    last = now;
    if (elapsed >= playingSeconds(naturalSeconds(), hand)) {
      finish();
      return;
    }
    items.forEach(paintItem);
    requestAnimationFrame(tick);
  }

  /** Shows the still pictures. */
  function finish() {
    for (const { canvas, drawing } of items) ink.paint(canvas, ...drawing);
    forget();
  }

  /** What is shown has changed. */
  function forget() {
    items = [];
    setPlaying(false);
  }

  play.addEventListener("click", () => {
    if (items.length) setPlaying(!isPlaying);
    else begin();
  });
  again.addEventListener("click", begin);
  return { begin, finish, forget, isPlaying: () => isPlaying };
}
