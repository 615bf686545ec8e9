// What a search found: export it, or search in the class that it looks more like.

import { find } from "../shared/controls.js";
import { foundAddress, showAddress } from "../shared/link.js";
import { exportPicture } from "../shared/server.js";
import { session } from "../shared/storage.js";
import { toYours } from "../shared/tabs.js";
import { figures, ownStrokes } from "./figures.js";
import { FOUND } from "./yours.js";

/** @import { Component, ExportServer } from "../shared/types" */

/** @param {Component<object, ExportServer>} component */
export function mount({ element, props, server, watch }) {
  const { paint } = figures(props.constants);

  /** @returns {HTMLElement | null} */
  const found = () => element.querySelector("[data-latent]");

  element.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!button) return;
    if (button.matches(".instead")) toYours.send(button.dataset.name ?? "");
    if (!button.matches("[data-download], [data-copy]")) return;
    const { name, latent } = found()?.dataset ?? {};
    const strokes = button.matches(".beside") ? ownStrokes(element) : null;
    exportPicture(server, button, [name, JSON.parse(latent ?? "[]")], find(element, ".copied", HTMLElement), [strokes]);
  });

  function show() {
    paint(element);
    const shown = found();
    if (!shown) return;
    const address = foundAddress(shown);
    showAddress(address);
    // When the page is loaded again, the visitor's own drawing is shown beside it again.
    if (element.querySelector(".sketch")) session.set(FOUND, address.latent);
  }

  watch("value", show);
  show();
}
