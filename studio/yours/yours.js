// The Yours tab: you draw, the server says what your drawing looks like, and searches for the closest drawing.

import { find } from "../shared/controls.js";
import { currentQuery, foundAddress, showAddress } from "../shared/link.js";
import { classPicker } from "../shared/picker.js";
import { answerOf, messageOf } from "../shared/server.js";
import { session } from "../shared/storage.js";
import { current, toYours, whenSeen } from "../shared/tabs.js";
import { createGuesses } from "./guesses.js";
import { createPaper } from "./paper.js";

/** @import { Component, Recognition, Stroke, YoursServer } from "../shared/types" */
/** What the server's search and its `open_link` get. @typedef {{ strokes: Stroke[], name?: string, link?: string }} Sketch */

const DEBOUNCE = 120; // milliseconds
const DOUBLE_CLICK = 500;
const STROKES = "doodles-strokes"; // in the session: what is drawn,
const SEARCHED = "doodles-searched"; // what was searched for,
export const FOUND = "doodles-found"; // and the latent that was found

let isFirstTime = true; // that the tab is seen since the page was loaded

/** @param {Component<{ first: string, value: Sketch }, YoursServer>} component */
export function mount({ element, props, server, trigger }) {
  /** @param {string} selector */
  const html = (selector) => find(element, selector, HTMLElement);
  const sight = find(element, ".tiny", HTMLImageElement);
  const paper = createPaper(find(element, "canvas", HTMLCanvasElement), props.constants, {
    began: () => { html(".hint").hidden = true; },
    changed,
  });
  const guesses = createGuesses(html(".top"), search);
  const picker = classPicker(find(element, "#yours-class", HTMLInputElement), server, props.constants, (picked) => {
    name = picked;
    keep();
    rememberShown();
  });
  let name = props.first;
  let followed = ""; // the class of another tab that the picker was set to
  let timer = 0;
  let numRequests = 0;
  let last = { request: "", at: 0 }; // the last search

  function changed() {
    const isEmpty = paper.strokes().length === 0;
    html(".hint").hidden = !isEmpty;
    keep();
    clearTimeout(timer);
    timer = setTimeout(recognise, isEmpty ? 0 : DEBOUNCE);
  }

  async function recognise() {
    const number = ++numRequests;
    /** @type {Recognition} */
    let recognition = { top: [], message: "Nothing yet." };
    if (paper.strokes().length) {
      try {
        recognition = await answerOf(server.recognise([paper.strokes()]));
      } catch (error) {
        recognition = { top: [], message: messageOf(error) };
      }
    }
    if (number !== numRequests) return; // the drawing has changed meanwhile
    const { top, message, picture } = recognition;
    html(".likeliest").textContent = paper.isFull() ? "The paper is full. Undo a stroke or clear the paper." : message;
    sight.hidden = !picture;
    if (picture) sight.src = picture;
    guesses.show(top);
  }

  /** Makes the drawing the component's value, which a search gets, and keeps it for when the page is loaded again. */
  function keep() {
    props.value = { strokes: paper.strokes(), name };
    session.set(STROKES, JSON.stringify(paper.strokes()));
  }

  function restore() {
    /** @type {Stroke[]} */
    let strokes = [];
    try {
      /** @type {Stroke[]} */
      const kept = JSON.parse(session.get(STROKES) ?? "[]");
      strokes = kept.map((stroke) => stroke.map(([x, y]) => [Number(x), Number(y)]));
    } catch {
      // Nothing useful was kept.
    }
    if (strokes.length) paper.replace(strokes);
  }

  /**
   * Looks at the drawing first, because Gradio would wait forever for a server that is gone.
   * @param {string} className
   */
  async function search(className) {
    name = className;
    picker.show(name);
    keep();
    const request = JSON.stringify([paper.strokes(), name]);
    if (request === last.request && performance.now() - last.at < DOUBLE_CLICK) return;
    last = { request, at: performance.now() };
    session.set(FOUND, "");
    session.set(SEARCHED, JSON.stringify(paper.strokes()));
    try {
      await answerOf(server.recognise([paper.strokes()]));
    } catch (error) {
      html(".likeliest").textContent = messageOf(error);
      last = { request: "", at: 0 };
      return;
    }
    trigger("find");
    document.querySelector("#yours-found")?.scrollIntoView({ block: "nearest" }); // it is below, on a phone
  }

  function rememberShown() {
    /** @type {HTMLElement | null} */
    const found = document.querySelector("#yours-found [data-latent]");
    showAddress(found ? foundAddress(found) : { tab: "yours", class: name });
  }

  /** Opens a link to a drawing that someone found. Who found it in this session sees their own drawing beside it. */
  function openLink() {
    const isSearched = session.get(SEARCHED) === JSON.stringify(paper.strokes());
    const isOwn = isSearched && session.get(FOUND) === currentQuery().get("latent");
    props.value = { link: location.search, strokes: isOwn ? paper.strokes() : [] };
    trigger("open");
  }

  element.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
      event.preventDefault();
      paper.undo();
    }
  });
  html(".undo").addEventListener("click", paper.undo);
  html(".clear").addEventListener("click", paper.clear);
  html("#yours-find").addEventListener("click", () => {
    picker.settle();
    search(name);
  });
  toYours.receive(search);
  picker.show(name);
  whenSeen(element, () => {
    if (current.className && current.className !== followed) {
      name = followed = current.className;
      picker.show(name);
    }
    const wasFirstTime = isFirstTime;
    isFirstTime = false;
    if (wasFirstTime) restore();
    if (wasFirstTime && currentQuery().has("latent")) openLink();
    else rememberShown();
  });
}
