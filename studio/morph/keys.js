// The list of a morph's key drawings: each with its seed, and buttons to pin, move and remove it.

import { find, ICONS, makeButton, makeCanvas, seedIn } from "../shared/controls.js";
import { messageOf } from "../shared/server.js";

/** @import { Constants } from "../shared/types" */
/** A key drawing. A link's seed can be text that is no number. @typedef {{ seed: number | string, isPinned: boolean }} Key */

const MIN_KEYS = 2;
const FINENESS = 8; // times the pixels of a drawing

/**
 * @param {HTMLElement} list
 * @param {Constants} constants
 * @param {{ keys: Key[] }} state
 * @param {{ changed: () => void, show: () => void, goTo: (share: number) => void, say: (message: string) => void }} page
 */
export function createKeyList(list, constants, state, { changed, show, goTo, say }) {
  // Each key drawing keeps its item, so that a button isn't replaced while it is pressed and keeps the focus.
  /** @type {WeakMap<Key, { item: HTMLLIElement, thumbnail: HTMLButtonElement, canvas: HTMLCanvasElement, show: (place: number) => void }>} */
  const items = new WeakMap();

  /** @param {Key} key */
  function itemOf(key) {
    const item = items.get(key) ?? makeItem(key);
    items.set(key, item);
    return item;
  }

  /** @param {Key} key */
  function makeItem(key) {
    const item = document.createElement("li");
    const canvas = makeCanvas(FINENESS * constants.size);
    const placeOf = () => state.keys.indexOf(key);
    const thumbnail = makeButton("", () => goTo(placeOf() / (state.keys.length - 1)));
    thumbnail.className = "key-drawing";
    thumbnail.append(canvas);
    const seed = Object.assign(document.createElement("input"), { type: "number", min: 0, max: constants.max_seed });
    seed.addEventListener("change", () => {
      try {
        key.seed = seedIn(seed.value, constants);
        changed();
      } catch (error) {
        say(messageOf(error));
      }
      seed.value = `${key.seed}`;
    });
    const pin = makeButton("", () => { key.isPinned = !key.isPinned; show(); });
    pin.title = "Shuffle leaves pinned drawings as they are";
    pin.innerHTML = ICONS.pin;
    const earlier = makeButton("←", () => move(key, -1));
    const later = makeButton("→", () => move(key, 1));
    const remove = makeButton("×", () => {
      const place = placeOf();
      state.keys.splice(place, 1);
      changed();
      itemOf(state.keys[Math.min(place, state.keys.length - 1)]).thumbnail.focus();
    });
    const tools = document.createElement("span");
    tools.className = "tools";
    tools.append(earlier, pin, remove, later);
    item.append(thumbnail, seed, tools);
    /** @param {number} place */
    function showItem(place) {
      const number = place + 1;
      thumbnail.setAttribute("aria-label", `Go to drawing ${number}`);
      seed.setAttribute("aria-label", `Seed of drawing ${number}`);
      pin.setAttribute("aria-label", `Pin drawing ${number}`);
      earlier.setAttribute("aria-label", `Move drawing ${number} earlier`);
      later.setAttribute("aria-label", `Move drawing ${number} later`);
      remove.setAttribute("aria-label", `Remove drawing ${number}`);
      pin.setAttribute("aria-pressed", `${key.isPinned}`);
      earlier.disabled = place === 0;
      later.disabled = place === state.keys.length - 1;
      remove.disabled = state.keys.length <= MIN_KEYS;
      if (Number(seed.value) !== key.seed || seed.value === "") seed.value = `${key.seed}`;
    }
    return { item, thumbnail, canvas, show: showItem };
  }

  /**
   * @param {Key} key
   * @param {number} step
   */
  function move(key, step) {
    const place = state.keys.indexOf(key);
    state.keys.splice(place, 1);
    state.keys.splice(place + step, 0, key);
    changed();
    const { item, thumbnail } = itemOf(key);
    const again = find(item, `.tools button:${step < 0 ? "first" : "last"}-child`, HTMLButtonElement);
    (again.disabled ? thumbnail : again).focus();
  }

  return {
    /** @param {Key} key */
    canvas: (key) => itemOf(key).canvas,
    show() {
      const shown = state.keys.map((key) => itemOf(key).item);
      if (list.children.length !== shown.length || shown.some((item, place) => item !== list.children[place])) {
        list.replaceChildren(...shown);
      }
      state.keys.forEach((key, place) => itemOf(key).show(place));
    },
  };
}
