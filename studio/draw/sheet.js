// The sheet of drawings, each a button above its seed, and the dialog that shows one of them large.

import { find, makeButton, makeCanvas } from "../shared/controls.js";
import { inkText, showHearts, toggle, whenFavouritesChange } from "../shared/hearts.js";
import { inkOf } from "../shared/ink.js";
import { messageOf } from "../shared/server.js";
import { wantsLessMotion, watchPlayer } from "../shared/watch.js";

/** @import { Constants, Favourite, View } from "../shared/types" */
/** @import { Memory } from "./memory.js" */
/** @import { Shown } from "../shared/watch.js" */

const COLUMNS = [1, 2, 3, 4, 6, 8];
const SHEET_FINENESS = 24; // the whole sheet has so many times the pixels of one drawing ...
const FINENESS = 16; // ... but no drawing has more than this, because painting takes time
const DENSE = 5; // columns from which hearts don't fit on a phone

/**
 * A drawing of a view as a favourite.
 * @param {View} view
 * @param {number} place
 * @param {Memory} memory
 * @param {Constants} constants
 * @returns {Favourite}
 */
function favouriteOf(view, place, memory, constants) {
  const drawing = memory.get(view, place);
  const ink = drawing ? inkText(...drawing, constants) : "";
  const style = view.style.some(Boolean) ? view.style : [];
  return { name: view.name, seed: memory.seedOf(view, place), psi: view.psi, style, latent: [], ink };
}

/**
 * @param {HTMLElement} sheet
 * @param {HTMLElement} watch its controls for watching it being drawn
 * @param {Memory} memory
 * @param {Constants} constants
 * @param {(place: number) => void} open is called with the place of a drawing that was clicked
 * @param {(message: string) => void} say
 */
export function createSheet(sheet, watch, memory, constants, open, say) {
  const ink = inkOf(constants);
  /** @type {Shown[]} */
  let shown = [];
  /** @type {View | null} */
  let drawn = null;
  const player = watchPlayer(watch, constants, ink, () => shown);

  /** @param {number} place */
  function tile(place) {
    const button = makeButton("", () => open(place));
    button.className = "tile";
    button.append(makeCanvas(0), document.createElement("span"));
    const heart = makeButton("♡", () => like(place));
    heart.className = "heart";
    heart.tabIndex = -1; // the keyboard has H, so that a drawing is one stop
    const cell = document.createElement("div");
    cell.className = "cell";
    cell.append(button, heart);
    return cell;
  }

  /** @param {number} place */
  function like(place) {
    if (!drawn) return;
    try {
      toggle(favouriteOf(drawn, place, memory, constants), constants);
    } catch (error) {
      say(messageOf(error));
    }
  }

  function refresh() {
    const view = drawn;
    if (!view) return;
    showHearts([...sheet.children].map((cell, place) => {
      const favourite = { ...favouriteOf(view, place, memory, constants), ink: "" };
      return [find(cell, ".heart", HTMLElement), favourite];
    }), constants);
  }

  whenFavouritesChange(refresh);
  sheet.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "h" || event.altKey || event.ctrlKey || event.metaKey) return;
    const place = [...sheet.children].findIndex((cell) => cell.contains(document.activeElement));
    if (place >= 0) like(place);
  });

  return {
    /** @param {number} place */
    canvas: (place) => find(sheet.children[place], "canvas", HTMLCanvasElement),
    /** @param {boolean} on */
    setBusy: (on) => sheet.setAttribute("aria-busy", `${on}`),
    /** @param {View} view that the memory holds */
    show(view) {
      const columns = COLUMNS.find((number) => number * number >= view.count) ?? COLUMNS.length;
      const size = Math.min(FINENESS, Math.floor(SHEET_FINENESS / columns)) * constants.size;
      sheet.style.setProperty("--columns", `${columns}`);
      sheet.classList.toggle("dense", columns >= DENSE);
      while (sheet.children.length > view.count) sheet.lastChild?.remove();
      while (sheet.children.length < view.count) sheet.append(tile(sheet.children.length));
      player.forget();
      shown = [];
      [...sheet.children].forEach((cell, place) => {
        const button = find(cell, ".tile", HTMLButtonElement);
        const canvas = find(button, "canvas", HTMLCanvasElement);
        if (canvas.width !== size) canvas.width = canvas.height = size;
        const drawing = memory.get(view, place);
        if (drawing) {
          ink.paint(canvas, ...drawing);
          shown.push({ canvas, drawing });
        }
        const seed = memory.seedOf(view, place);
        find(button, "span", HTMLSpanElement).textContent = `${seed}`;
        button.setAttribute("aria-label", `${view.name}, seed ${seed}`);
        button.setAttribute("aria-keyshortcuts", "H");
        find(cell, ".heart", HTMLElement).setAttribute("aria-label", `Keep ${view.name}, seed ${seed}, as a favourite`);
      });
      drawn = view;
      refresh();
    },
  };
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {Memory} memory
 * @param {Constants} constants
 * @param {() => View | null} drawn the view on the sheet
 * @param {(place: number) => HTMLCanvasElement} canvasAt the sheet's canvas of a drawing
 */
export function createDetail(dialog, memory, constants, drawn, canvasAt) {
  const ink = inkOf(constants);
  const canvas = find(dialog, "canvas", HTMLCanvasElement);
  const title = find(dialog, "h2", HTMLHeadingElement);
  const status = find(dialog, ".copied", HTMLElement);
  const heart = find(dialog, ".heart", HTMLButtonElement);
  let shownPlace = 0;
  let shownSeed = 0;
  /** @type {Shown[]} */
  let shown = [];
  const player = watchPlayer(find(dialog, ".watch", HTMLElement), constants, ink, () => shown);

  /** @param {number} place */
  function open(place) {
    const view = drawn();
    if (!view) return;
    shownPlace = place;
    shownSeed = memory.seedOf(view, place);
    title.textContent = `${view.name}, seed ${shownSeed}`;
    canvas.setAttribute("aria-label", title.textContent);
    const drawing = memory.get(view, place);
    const isWatched = player.isPlaying();
    player.forget();
    shown = drawing ? [{ canvas, drawing }] : [];
    if (drawing) ink.paint(canvas, ...drawing);
    else canvas.getContext("2d")?.drawImage(canvasAt(place), 0, 0, canvas.width, canvas.height);
    status.textContent = "";
    refresh();
    if (!dialog.open) dialog.showModal();
    if (isWatched && !wantsLessMotion()) player.begin(); // the next one draws itself, too
  }

  function refresh() {
    const view = drawn();
    if (view) showHearts([[heart, favouriteOf(view, shownPlace, memory, constants)]], constants);
  }

  heart.addEventListener("click", () => {
    const view = drawn();
    try {
      if (view) toggle(favouriteOf(view, shownPlace, memory, constants), constants);
    } catch (error) {
      status.textContent = messageOf(error);
    }
  });
  whenFavouritesChange(refresh);

  /** @param {number} step */
  function move(step) {
    const number = drawn()?.count ?? 1;
    open((shownPlace + step + number) % number);
  }

  find(dialog, ".earlier", HTMLButtonElement).addEventListener("click", () => move(-1));
  find(dialog, ".later", HTMLButtonElement).addEventListener("click", () => move(1));
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && !event.altKey && !event.ctrlKey && !event.metaKey) move(step);
  });
  dialog.addEventListener("close", player.finish);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  return { open, status, seed: () => shownSeed };
}
