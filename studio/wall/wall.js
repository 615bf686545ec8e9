// The Wall tab: a tile for every class. Drawings come one screenful at a time, when their tiles come near the window.

import { find, makeCanvas, opensElsewhere } from "../shared/controls.js";
import { finder } from "../shared/finding.js";
import { inkOf } from "../shared/ink.js";
import { answerOf, LostAnswer } from "../shared/server.js";

/** @import { Catalog, CatalogServer, Component, Tile } from "../shared/types" */

const RETRY_MILLISECONDS = 3000;
const FINENESS = 5; // times the pixels of a drawing
const AHEAD = "200px"; // of the window, where drawings are fetched already

/** @param {Component<{ value: Catalog | null }, CatalogServer>} component */
export function mount({ element, props, server, watch }) {
  const { openSheet, paint } = inkOf(props.constants);
  const tiles = find(element, ".tiles", HTMLElement);
  const search = find(element, ".search", HTMLInputElement);
  const none = find(element, ".none", HTMLElement);
  const lost = find(element, ".lost", HTMLElement);
  /** @type {Set<number>} */
  let requested = new Set(); // screenfuls
  /** @type {IntersectionObserver | null} */
  let observer = null;
  let matches = finder([], {});
  let scrolled = 0; // where the visitor was before following a link, to return there

  /**
   * @param {Catalog} catalog
   * @param {number} number
   */
  async function draw({ wall, screenful, version }, number) {
    const row = [...tiles.children].slice(number * screenful, (number + 1) * screenful);
    if (requested.has(number) || !row.length) return;
    requested.add(number);
    try {
      const answer = await server.screenful([number, wall, version]);
      if (answer?.sheet === "") {
        if (version === props.value?.version) await refresh(version);
        return;
      }
      if (!answer) throw new LostAnswer(); // Gradio answers a lost call with nothing
      const sheet = await openSheet(answer.sheet, row.length);
      row.forEach((tile, place) => {
        paint(find(tile, "canvas", HTMLCanvasElement), sheet, place);
        if (tile instanceof HTMLAnchorElement) tile.href += `&seeds=${answer.seeds[place]}`;
      });
      lost.hidden = true;
    } catch {
      lost.hidden = false;
      setTimeout(() => {
        requested.delete(number);
        if (props.value) draw(props.value, number);
      }, RETRY_MILLISECONDS);
    }
  }

  /**
   * Shows the classes that there are now, unless another screenful has found out already that they have changed.
   * @param {number} version
   */
  async function refresh(version) {
    const catalog = await answerOf(server.catalog([]));
    if (catalog.version === version || catalog.version === props.value?.version) return;
    props.value = catalog;
    show();
  }

  /** @param {Tile} tile */
  function makeTile({ name, draft, figures }) {
    const link = document.createElement("a");
    link.className = draft ? "wall-tile draft" : "wall-tile";
    link.href = `?${new URLSearchParams({ class: name, pick: `${props.constants.first_count}` })}`;
    link.title = draft ? `${name}: a draft` : `${name}. ${figures}`;
    const label = Object.assign(document.createElement("span"), { className: "name" });
    label.textContent = draft ? name : `✓ ${name}`;
    link.append(makeCanvas(FINENESS * props.constants.size), label);
    link.addEventListener("click", (event) => { if (!opensElsewhere(event)) scrolled = scrollY; });
    return link;
  }

  function show() {
    const catalog = props.value;
    if (!catalog?.tiles) return;
    requested = new Set();
    matches = finder(catalog.tiles.map(({ name }) => name), catalog.words);
    observer?.disconnect();
    tiles.replaceChildren(...catalog.tiles.map(makeTile));
    observer = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        draw(catalog, Math.floor([...tiles.children].indexOf(entry.target) / catalog.screenful));
      }
    }, { rootMargin: AHEAD });
    for (const tile of tiles.children) observer.observe(tile);
    filter();
  }

  /** Shows the classes that the typed text may mean, best first, or all. */
  function filter() {
    const typed = search.value.trim();
    const all = /** @type {HTMLElement[]} */ ([...tiles.children]);
    const places = new Map(matches(typed).map(({ place }, order) => [place, order]));
    all.forEach((tile, place) => {
      tile.hidden = Boolean(typed) && !places.has(place);
      tile.style.order = `${places.get(place) ?? 0}`;
    });
    none.hidden = !typed || places.size > 0 || !all.length;
  }

  new IntersectionObserver((entries) => {
    if (!scrolled || !entries[entries.length - 1].isIntersecting) return;
    scrollTo(0, scrolled);
    scrolled = 0;
  }).observe(element);
  search.addEventListener("input", filter);
  watch("value", show);
  show();
}
