// The latest runs: a click watches a run on this page. Opened in another browser tab, the same link does so there.

import { opensElsewhere } from "../shared/controls.js";

/** @import { Component } from "../shared/types" */

/** @param {Component} component */
export function mount({ element, trigger }) {
  element.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a[data-run]");
    if (!(link instanceof HTMLElement) || opensElsewhere(event)) return;
    event.preventDefault();
    trigger("watch", { run: link.dataset.run });
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && element.offsetParent) trigger("seen");
  });
}
