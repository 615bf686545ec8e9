// The style sliders: each has a drawing at either end, which shows where the slider leads.

import { makeButton, makeCanvas } from "../shared/controls.js";
import { inkOf } from "../shared/ink.js";

/** @import { Constants, View } from "../shared/types" */
/** @import { Memory } from "./memory.js" */

/**
 * @param {HTMLElement} root
 * @param {Constants} constants
 * @param {View} state
 * @param {() => void} changed is called after the state's style has changed
 */
export function createStyles(root, constants, state, changed) {
  const { paint } = inkOf(constants);
  const ends = [-constants.style_limit, constants.style_limit];

  /** @param {number} index */
  function styleRow(index) {
    const row = document.createElement("div");
    row.className = "style";
    /** @param {number} offset */
    const set = (offset) => {
      state.style[index] = offset;
      changed();
    };
    const canvases = ends.map(() => makeCanvas(2 * constants.size));
    const [low, high] = ends.map((end, place) => {
      const button = makeButton("", () => set(end));
      button.setAttribute("aria-label", `Set style ${index + 1} to its ${end < 0 ? "lower" : "upper"} end`);
      button.append(canvases[place]);
      return button;
    });
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: ends[0], max: ends[1], step: 0.25 });
    slider.setAttribute("aria-label", `Style ${index + 1}`);
    slider.addEventListener("input", () => set(Number(slider.value)));
    slider.addEventListener("dblclick", () => set(0));
    row.append(low, slider, high);
    return { row, slider, canvases };
  }

  const rows = Array.from({ length: constants.num_styles }, (_, index) => styleRow(index));
  root.append(...rows.map(({ row }) => row));
  const sliders = rows.map(({ slider }) => slider);

  return {
    sliders,
    show: () => sliders.forEach((slider, index) => { slider.value = `${state.style[index]}`; }),
    /**
     * One drawing with each style at each end, in the order of the canvases.
     * @param {View} view
     * @returns {View[]}
     */
    ends: (view) => view.style.flatMap((_, index) => ends.map((end) => ({ ...view, count: 1, style: view.style.with(index, end) }))),
    /**
     * @param {View[]} views from `ends`
     * @param {Memory} memory
     */
    paintEnds(views, memory) {
      const canvases = rows.flatMap((row) => row.canvases);
      views.forEach((view, place) => {
        const drawing = memory.get(view, 0);
        if (drawing) paint(canvases[place], ...drawing);
      });
    },
  };
}
