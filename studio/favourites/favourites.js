// The tray of favourites: shows what the visitor has kept, or what a link brings, and takes it along as files.

import { find, makeButton, makeCanvas, opensElsewhere } from "../shared/controls.js";
import { favourites, inkOf, inkText, keep, keyOf, toggle, whenFavouritesChange } from "../shared/hearts.js";
import { inkOf as painter } from "../shared/ink.js";
import { openedWith, pageAddress } from "../shared/link.js";
import { look } from "../shared/look.js";
import { answerOf, messageOf, whileWorking } from "../shared/server.js";
import { inLink, linked } from "./favourites_link.js";

/** @import { Component, Favourite, FavouritesServer } from "../shared/types" */

const FINENESS = 6; // times the pixels of a drawing

/** @param {Component<object, FavouritesServer>} component */
export function mount({ element, props: { constants }, server }) {
  const { openSheet, paint } = painter(constants);
  const html = (/** @type {string} */ selector) => find(element, selector, HTMLElement);
  const dialog = find(element, ".tray", HTMLDialogElement);
  const status = html(".copied");
  /** @type {Favourite[]} */
  let shared = []; // what a link brought, until the tray is closed

  const shown = () => (shared.length ? shared : favourites(constants));
  const wishes = () => shown().map(({ name, seed, psi, style, latent }) => ({ name, seed, psi, style, latent }));

  /** @param {Favourite} favourite */
  function item(favourite) {
    const { name, seed, psi, style, latent } = favourite;
    const figure = document.createElement("figure");
    figure.setAttribute("role", "listitem");
    const link = document.createElement("a");
    /** @type {Record<string, string>} */
    const what = latent.length ? { latent: latent.join() } : { seed: `${seed}`, count: "1" };
    link.href = `?${new URLSearchParams({ class: name, psi: `${psi}`, ...what, ...(style.some(Boolean) ? { style: style.join() } : {}) })}`;
    if (!latent.length) link.className = "draw-link"; // the Draw tab opens it without loading the page again
    link.title = latent.length ? `${name}, found in Yours` : `${name}, seed ${seed}`;
    link.addEventListener("click", (event) => { if (!opensElsewhere(event)) dialog.close(); });
    const canvas = makeCanvas(FINENESS * constants.size);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", link.title);
    paint(canvas, { ink: inkOf(favourite) ?? new Uint8Array(constants.size ** 2), width: constants.size, columns: 1 }, 0);
    link.append(canvas);
    const caption = document.createElement("figcaption");
    caption.textContent = name;
    figure.append(link, caption);
    if (!shared.length) {
      const remove = makeButton("×", () => attempt(() => toggle(favourite, constants)));
      remove.className = "remove";
      remove.setAttribute("aria-label", `Remove ${link.title}`);
      figure.append(remove);
    }
    return figure;
  }

  function show() {
    const own = favourites(constants);
    html(".number").textContent = own.length ? `${own.length}` : "";
    if (!dialog.open) return;
    const all = shown();
    html("h2").textContent = shared.length ? "Favourites from a link" : "Favourites";
    html(".about").textContent = shared.length
      ? "Somebody sent you these drawings. Your own favourites are still there."
      : all.length ? "This browser keeps them until you remove them." : "No favourites yet. Press the heart on a drawing, and it stays here.";
    html(".kept").replaceChildren(...all.map(item));
    html(".export").hidden = !all.length;
    html(".keep").hidden = !shared.length;
    html(".clear").hidden = Boolean(shared.length);
    html(".clear").textContent = "Remove all";
  }

  function open() {
    status.textContent = "";
    if (!dialog.open) dialog.showModal();
    show();
  }

  /** @param {() => void} work */
  function attempt(work) {
    status.textContent = "";
    try {
      work();
    } catch (error) {
      status.textContent = messageOf(error);
    }
  }

  /** @param {HTMLElement} button */
  const save = (button) => whileWorking(status, async () => {
    const answer = await answerOf(server.export_favourites([button.dataset.download ?? "", wishes(), button.dataset.look ?? look.name, look.width]));
    if ("url" in answer) Object.assign(document.createElement("a"), { href: answer.url, download: answer.filename }).click();
  });

  /** Opens the Morph tab with the favourites as its key drawings. */
  function morph() {
    const all = shown();
    const [first, second] = all;
    const isOfOne = all.every(({ name, psi, latent }) => name === first.name && psi === first.psi && !latent.length);
    const isOfTwo = all.length === 2 && !first.latent.length && !second.latent.length;
    if (all.length < 2 || all.length > constants.max_keys || !(isOfOne || isOfTwo)) {
      throw new Error(`A morph leads through 2 to ${constants.max_keys} drawings of one class with the same psi, or from one class to another; remove the others.`);
    }
    const entries = { class: first.name, keys: all.map(({ seed }) => seed).join(), psi: `${first.psi}`, ...(isOfOne ? {} : { into: second.name }) };
    dialog.close();
    history.pushState(null, "", `?${new URLSearchParams(entries)}`);
    dispatchEvent(new PopStateEvent("popstate"));
  }

  async function copyLink() {
    const link = `${pageAddress()}?${new URLSearchParams({ favourites: inLink(shown()) })}`;
    const isCopied = await navigator.clipboard?.writeText(link).then(() => true, () => false);
    status.textContent = isCopied ? `Copied: ${link}` : link;
  }

  function keepShared() {
    const own = new Set(favourites(constants).map(keyOf));
    for (const each of shared.filter((favourite) => !own.has(keyOf(favourite)))) toggle(each, constants);
    shared = [];
    show();
  }

  /** A second press removes them. */
  function clear() {
    if (html(".clear").textContent === "Remove all") html(".clear").textContent = "Really remove all?";
    else keep([]);
  }

  /** @param {string} text of a link */
  async function openShared(text) {
    try {
      const wanted = linked(text);
      const answer = await answerOf(server.favourite_drawings([wanted]));
      const sheet = await openSheet(answer.sheet, answer.columns);
      shared = wanted.map((each, place) => ({ ...each, name: answer.names[place], ink: inkText(sheet, place, constants) }));
      open();
    } catch (error) {
      open();
      status.textContent = `This link's favourites can't be shown. ${messageOf(error)}`;
    }
  }

  html(".open").addEventListener("click", open);
  html(".keep").addEventListener("click", () => attempt(keepShared));
  html(".morph").addEventListener("click", () => attempt(morph));
  html(".link").addEventListener("click", () => { copyLink().catch((error) => { status.textContent = messageOf(error); }); });
  html(".clear").addEventListener("click", () => attempt(clear));
  for (const button of element.querySelectorAll("[data-download]")) {
    if (button instanceof HTMLElement) button.addEventListener("click", () => save(button));
  }
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { shared = []; });
  whenFavouritesChange(show);
  show();
  const text = openedWith.get("favourites");
  if (text !== null) openShared(text);
}
