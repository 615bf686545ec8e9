// The choice of a look for every drawing on the page.

import { find } from "../shared/controls.js";
import { look, setLook } from "../shared/look.js";

/** @import { Component } from "../shared/types" */

/** @param {Component} component */
export function mount({ element, props: { constants } }) {
  const choices = [...element.querySelectorAll("input[type=radio]")].filter((choice) => choice instanceof HTMLInputElement);
  const label = find(element, ".width", HTMLElement);
  const width = find(label, "input", HTMLInputElement);
  Object.assign(width, { min: constants.min_pen_width, max: constants.max_pen_width });

  function show() {
    for (const choice of choices) choice.checked = choice.value === look.name;
    width.value = `${look.width}`;
    label.hidden = look.name !== "pen";
  }

  for (const choice of choices) {
    choice.addEventListener("change", () => {
      setLook({ name: choice.value });
      show();
    });
  }
  width.addEventListener("input", () => setLook({ width: Number(width.value) }));
  setLook({});
  show();
}
