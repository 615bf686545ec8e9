// A class picker: a text box with a list of classes, each with a drawing, which filters while you type.

import { makeCanvas } from "./controls.js";
import { finder, SIMILAR_THING } from "./finding.js";
import { inkOf } from "./ink.js";
import { answerOf, messageOf } from "./server.js";

/** @import { Catalog, CatalogServer, Constants, Sheet, Tile } from "./types" */

const THUMBNAIL = 3; // times the size of a drawing
const PAGE = 8; // classes that Page Down moves by

/**
 * @param {HTMLInputElement} box followed by its list (picker.html)
 * @param {CatalogServer} server
 * @param {Constants} constants
 * @param {(name: string) => void} pick gets the class that was chosen or typed
 * @param {readonly string[] | null} allowed the classes to choose from; null allows all, and any text
 */
export function classPicker(box, server, constants, pick, allowed = null) {
  const { openSheet, paint } = inkOf(constants);
  const list = /** @type {HTMLUListElement} */ (box.parentElement?.querySelector("[role=listbox]"));
  const note = Object.assign(document.createElement("li"), { className: "none" });
  note.setAttribute("role", "option");
  note.setAttribute("aria-disabled", "true");
  /** @type {HTMLLIElement[] | null} */
  let items = null; // until the list has come
  let isFresh = false; // other classes may be trained the next time
  let matches = finder([], {});
  /** @type {HTMLLIElement[]} */
  let shown = [];
  /** @type {IntersectionObserver | null} */
  let watcher = null; // of the classes that have no drawing yet
  let active = -1;
  let chosen = "";

  /** @param {Tile} tile */
  function option(tile) {
    const item = document.createElement("li");
    item.id = `${list.id}-${tile.name.replaceAll(" ", "-")}`;
    item.setAttribute("role", "option");
    item.dataset.name = tile.name;
    const drawing = Object.assign(makeCanvas(THUMBNAIL * constants.size), { className: "thumbnail" });
    const name = document.createElement("span");
    name.textContent = tile.name;
    name.append(Object.assign(document.createElement("small"), { className: "note", hidden: true }));
    const figures = document.createElement("span");
    figures.className = "note";
    figures.textContent = tile.draft ? "draft" : tile.recognised ? `✓ ${Math.round(100 * Math.min(1, tile.recognised))} %` : "✓";
    figures.title = tile.draft ? "Drawn by the shared base; train this class for better drawings" : tile.figures;
    item.append(drawing, name, figures);
    item.addEventListener("click", () => take(tile.name));
    return item;
  }

  /** @param {string} message */
  function say(message) {
    note.textContent = message;
    note.hidden = !message;
  }

  async function fill() {
    if (!items) {
      list.replaceChildren(note);
      say("Loading…");
    }
    try {
      const catalog = await answerOf(server.catalog([]));
      const drawn = catalog.tiles.map(option);
      items = allowed ? onlyAllowed(drawn, allowed) : drawn;
      matches = finder(items.map((item) => item.dataset.name ?? ""), catalog.words);
      list.replaceChildren(note, ...items);
      isFresh = true;
      say("");
      illustrate(drawn, catalog);
    } catch (error) {
      if (!items) say(messageOf(error));
    }
  }

  /**
   * The allowed classes in their order, also those that nothing draws yet.
   * @param {HTMLLIElement[]} drawn
   * @param {readonly string[]} names
   */
  function onlyAllowed(drawn, names) {
    const byName = new Map(drawn.map((item) => [item.dataset.name, item]));
    return names.map((name) => byName.get(name) ?? option({ name, draft: true, figures: "", recognised: null }));
  }

  /**
   * Draws the classes that come into view, or nearly do. The list works without their drawings.
   * @param {HTMLLIElement[]} drawn
   * @param {Catalog} catalog
   */
  function illustrate(drawn, { screenful, wall, version }) {
    /** @type {Map<number, Promise<Sheet | null>>} */
    const sheets = new Map();
    /** @param {number} place */
    async function draw(place) {
      const number = Math.floor(place / screenful);
      const count = Math.min(screenful, drawn.length - number * screenful);
      const asked = sheets.get(number) ?? server.screenful([number, wall, version])
        .then((answer) => (answer?.sheet ? openSheet(answer.sheet, count) : null)).catch(() => null);
      sheets.set(number, asked);
      const sheet = await asked;
      if (sheet) paint(/** @type {HTMLCanvasElement} */ (drawn[place].firstElementChild), sheet, place % screenful);
      else isFresh = false; // the next time the list opens, it asks again
    }
    const places = new Map(drawn.map((item, place) => [/** @type {Element} */ (item), place]));
    watcher?.disconnect();
    watcher = new IntersectionObserver((seen) => {
      for (const { target } of seen.filter(({ isIntersecting }) => isIntersecting)) {
        watcher?.unobserve(target);
        draw(places.get(target) ?? 0);
      }
    }, { root: list, rootMargin: "100%" });
    for (const item of drawn) watcher.observe(item);
  }

  /** Shows the classes that the typed text may mean, best first, or all. */
  function filter() {
    if (!items) return;
    const typed = box.value === chosen ? "" : box.value.trim();
    const found = typed ? matches(typed) : items.map((_, place) => ({ rank: 0, place }));
    for (const item of items) item.hidden = true;
    shown = found.map(({ rank, place }) => {
      const item = /** @type {HTMLLIElement[]} */ (items)[place];
      const small = /** @type {HTMLElement} */ (item.querySelector("small"));
      item.hidden = false;
      small.hidden = rank !== SIMILAR_THING;
      small.textContent = small.hidden ? "" : ` comes closest to “${typed}”`;
      return item;
    });
    list.append(...shown);
    say(shown.length ? "" : `No class is called “${typed}”.`);
    activate(typed && shown.length ? 0 : shown.findIndex((item) => item.dataset.name === chosen));
  }

  /** @param {number} place */
  function activate(place) {
    for (const item of items ?? []) item.setAttribute("aria-selected", "false");
    active = place;
    const item = shown[active];
    if (item) {
      item.setAttribute("aria-selected", "true");
      item.scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", item.id);
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  }

  async function open() {
    if (!list.hidden) return;
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    filter(); // so that Enter never takes a class of an earlier search
    if (isFresh) return;
    await fill();
    if (!list.hidden) filter();
  }

  function close() {
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  /** @param {string} name */
  function take(name) {
    close();
    if (name && name !== chosen && (!allowed || allowed.includes(name))) {
      isFresh = false;
      show(name);
      pick(name);
    } else {
      box.value = chosen;
    }
  }

  /**
   * Shows which class is chosen.
   * @param {string} name
   */
  function show(name) {
    chosen = name;
    if (list.hidden) box.value = name; // but never takes the words from someone who is typing
  }

  /** The class that Enter, Tab and the page's buttons take; until the list has come, the server looks up the text. */
  const choice = () => shown[active]?.dataset.name ?? (items || allowed ? "" : box.value.trim());

  /**
   * Takes the class that the list marks, as soon as the visitor goes on to something else. Buttons that use the class
   * call this themselves, because not every browser takes the focus from the box when a button is pressed.
   */
  function settle() {
    if (!list.hidden) take(choice());
  }

  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  box.addEventListener("click", () => { box.select(); open(); });
  box.addEventListener("input", () => (list.hidden ? open() : filter()));
  box.addEventListener("blur", () => { if (document.activeElement !== box) settle(); }); // else the window lost it
  box.addEventListener("keydown", async (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE }[event.key];
    if (step) {
      event.preventDefault();
      const wasHidden = list.hidden;
      await open();
      if (!wasHidden && items) activate(Math.max(0, Math.min(shown.length - 1, active + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (list.hidden || !items || shown.length) take(list.hidden ? box.value.trim() : choice());
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
      box.value = chosen;
      box.setSelectionRange(chosen.length, chosen.length); // a click on selected text selects nothing
    }
  });
  if (document.activeElement === box) open(); // the visitor was faster than this script
  return { show, settle };
}
