// The Draw tab's controls for seed (with its lock), psi and how many; what a slider can show is fetched when you touch it.

import { find, ICONS, psiText, randomSeed, seedIn } from "../shared/controls.js";
import { messageOf } from "../shared/server.js";

/** @import { Constants, View } from "../shared/types" */
/** @import { Memory } from "./memory.js" */

const NEAR = 256; // seeds that the slider goes through

/** @param {number} seed */
const firstNear = (seed) => Math.floor(seed / NEAR) * NEAR;

/**
 * Its neighbours on the seed slider, in one view.
 * @param {View} view
 * @returns {View}
 */
export const neighbours = (view) => ({ ...view, seeds: [], seed: firstNear(view.seed), count: NEAR + view.count - 1 });

/**
 * @param {HTMLElement} element
 * @param {Constants} constants
 * @param {View} state
 * @param {(change: Partial<View>, isPicking?: boolean) => void} set
 * @param {() => boolean} isPicking
 * @param {(message: string) => void} say
 */
export function createControls(element, constants, state, set, isPicking, say) {
  /** @param {string} selector */
  const input = (selector) => find(element, selector, HTMLInputElement);
  /** @param {string} selector */
  const html = (selector) => find(element, selector, HTMLElement);
  const [seed, near, psi, count] = ["#draw-seed", ".near", "#draw-psi", "#draw-count"].map(input);

  Object.assign(seed, { max: constants.max_seed });
  Object.assign(psi, { max: constants.max_psi });
  const typedCount = input(".count-typed");
  for (const box of [count, typedCount]) Object.assign(box, { max: constants.max_count });
  seed.addEventListener("change", () => {
    try {
      set({ seed: seedIn(seed.value, constants) }, false);
    } catch (error) {
      say(messageOf(error));
    }
    seed.value = `${state.seed}`;
  });
  near.addEventListener("input", () => set({ seed: Number(near.value) }, false));
  psi.addEventListener("input", () => set({ psi: Number(psi.value) }));
  count.addEventListener("input", () => set({ count: Number(count.value) }));
  typedCount.addEventListener("change", () => {
    const number = Number(typedCount.value);
    if (Number.isInteger(number) && number >= 1 && number <= constants.max_count) set({ count: number });
    else say(`You can have 1 to ${constants.max_count} drawings at a time.`);
    typedCount.value = `${state.count}`;
  });
  const which = ["picked", "all"].map((value) => input(`.which [value=${value}]`));
  which.forEach((choice, place) => choice.addEventListener("change", () => set({ seed: state.seed }, place === 0)));
  const stride = () => (isPicking() ? constants.pool : state.count);
  html(".previous").addEventListener("click", () => set({ seed: Math.max(0, state.seed - stride()) }));
  html(".following").addEventListener("click", () => set({ seed: Math.min(constants.max_seed, state.seed + stride()) }));
  html(".dice").innerHTML = ICONS.dice;
  html(".dice").addEventListener("click", () => set({ seed: randomSeed(constants) }));

  let isLocked = false;
  const lock = html(".lock");
  lock.innerHTML = ICONS.unlocked;
  lock.addEventListener("click", () => {
    isLocked = !isLocked;
    lock.setAttribute("aria-pressed", `${isLocked}`);
    lock.innerHTML = isLocked ? ICONS.locked : ICONS.unlocked;
  });

  return {
    psi,
    isLocked: () => isLocked,
    show() {
      const first = firstNear(state.seed);
      Object.assign(near, { min: first, max: Math.min(constants.max_seed, first + NEAR - 1), value: state.seed });
      html(".from").textContent = `${first}`;
      html(".to").textContent = near.max;
      if (document.activeElement !== seed || Number(seed.value) !== state.seed) seed.value = `${state.seed}`;
      psi.value = `${state.psi}`;
      html(".psi-value").textContent = psiText(state.psi);
      count.value = `${state.count}`;
      if (document.activeElement !== typedCount || Number(typedCount.value) !== state.count) typedCount.value = `${state.count}`;
      which[isPicking() ? 0 : 1].checked = true;
      html(".reset").hidden = state.style.every((offset) => offset === 0);
    },
  };
}

/**
 * Fetches everything that a slider can show, as soon as you touch it.
 * @param {HTMLInputElement} slider
 * @param {Memory} memory
 * @param {Constants} constants
 * @param {(value: number) => View} viewAt
 */
export function fetchWhenTouched(slider, memory, { max_drawings }, viewAt) {
  const fetchAll = () => {
    const [low, high, step] = [slider.min, slider.max, slider.step].map(Number);
    const number = Math.round((high - low) / step) + 1;
    const views = Array.from({ length: number }, (_, place) => viewAt(Number((low + place * step).toFixed(2))));
    if (number * views[0].count > max_drawings || views.every(memory.has)) return;
    memory.fetch(views).catch(() => {}); // they are fetched again when they are needed
  };
  slider.addEventListener("pointerdown", fetchAll);
  slider.addEventListener("focus", fetchAll);
}
