// The variations of what was found: pressing one goes on from it.

import { figures } from "./figures.js";

/** @import { Component } from "../shared/types" */

/** @param {Component} component */
export function mount({ element, props, trigger, watch }) {
  const { paint } = figures(props.constants);

  element.addEventListener("click", (event) => {
    const variation = event.target instanceof Element && event.target.closest(".one");
    if (variation instanceof HTMLElement) trigger("choose", { seed: Number(variation.dataset.seed) });
  });
  watch("value", () => paint(element));
  paint(element);
}
