// Plays a morph. All its frames are in one sheet, so playing it asks the server for nothing.

import { find } from "./controls.js";
import { inkOf } from "./ink.js";

/** @import { Constants } from "./types" */

const SPEED_LABELS = { 0.25: "¼", 0.5: "½" };
const LOOP_LABELS = { back: "Back and forth", again: "Forward", once: "Off" };

/**
 * @param {HTMLElement} root with a canvas, a slider, a .play button, and perhaps .speed and .loop
 * @param {Constants} constants
 */
export function morphPlayer(root, constants) {
  const { openSheet, paint } = inkOf(constants);
  const canvas = find(root, "canvas", HTMLCanvasElement);
  const slider = find(root, "input[type=range]", HTMLInputElement);
  const play = find(root, ".play", HTMLButtonElement);
  /** @type {HTMLSelectElement | null} */
  const speed = root.querySelector(".speed");
  /** @type {HTMLSelectElement | null} */
  const loop = root.querySelector(".loop");
  /** @type {import("./ink.js").Sheet | null} */
  let sheet = null;
  let isPlaying = false;
  let direction = 1;
  let last = 0;

  speed?.replaceChildren(...constants.speeds.map((each) =>
    new Option(SPEED_LABELS[/** @type {keyof typeof SPEED_LABELS} */ (each)] ?? `${each}`, `${each}`, each === 1, each === 1)));
  loop?.replaceChildren(...constants.loops.map((each) =>
    new Option(LOOP_LABELS[/** @type {keyof typeof LOOP_LABELS} */ (each)] ?? each, each)));

  function show() {
    if (!sheet) return;
    const position = Number(slider.value);
    const frame = Math.min(Math.floor(position), Number(slider.max));
    paint(canvas, sheet, frame, position - frame, true);
  }

  /** @param {number} position */
  function goToFrame(position) {
    slider.value = `${position}`;
    show();
  }

  /** @param {boolean} on */
  function setPlaying(on) {
    isPlaying = on;
    play.textContent = on ? "Pause" : "Play";
    if (!on) return;
    if (Number(slider.value) >= Number(slider.max) && direction > 0) slider.value = "0";
    last = performance.now();
    requestAnimationFrame(tick);
  }

  /** @param {number} now */
  function tick(now) {
    if (!isPlaying || !canvas.isConnected) return;
    const end = Number(slider.max);
    const frames = ((now - last) / constants.frame_milliseconds) * Number(speed?.value ?? 1);
    const mode = loop?.value ?? "back";
    let position = Number(slider.value) + direction * frames;
    if (position >= end && mode === "once") {
      goToFrame(end);
      setPlaying(false);
      return;
    }
    if (position >= end || position <= 0) {
      direction = mode === "back" && position >= end ? -1 : 1;
      if (position >= end && mode === "again") position -= end;
      position = Math.max(0, Math.min(end, position));
    }
    last = now;
    goToFrame(position);
    requestAnimationFrame(tick);
  }

  slider.addEventListener("input", () => { setPlaying(false); show(); });
  play.addEventListener("click", () => setPlaying(!isPlaying));
  loop?.addEventListener("change", () => { direction = 1; });
  root.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target === slider) {
      event.preventDefault();
      setPlaying(!isPlaying);
    }
  });

  return {
    /**
     * @param {string | import("./ink.js").Sheet} url of the sheet
     * @param {number} frames
     * @param {string} label
     * @param {number} columns
     */
    async load(url, frames, label, columns = frames) {
      sheet = await openSheet(url, columns);
      slider.max = `${frames - 1}`;
      canvas.setAttribute("aria-label", label);
      show();
    },
    /** How it plays: [speed, loop]. */
    playing: () => [Number(speed?.value ?? 1), loop?.value ?? "back"],
    /** @param {number} share of the way */
    goTo(share) {
      setPlaying(false);
      goToFrame(share * Number(slider.max));
    },
  };
}
