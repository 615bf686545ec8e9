// The Draw tab: shows what its controls ask for, from memory where it has been fetched ahead, else from the server.

import { exportButtons, find, opensElsewhere, randomSeed } from "../shared/controls.js";
import { asksForDrawing, currentQuery, drawAddress, isAddress, showAddress, tabOf } from "../shared/link.js";
import { warnIfMisplaced } from "../shared/misplaced.js";
import { classPicker } from "../shared/picker.js";
import { answerOf, exportPicture, messageOf, nameShareButtons, newestOnly } from "../shared/server.js";
import { current, isOpen, offerTraining, openTab, toMorph, whenSeen } from "../shared/tabs.js";
import { createControls, fetchWhenTouched, neighbours } from "./draw_controls.js";
import { createMemory } from "./memory.js";
import { createDetail, createSheet } from "./sheet.js";
import { createStyles } from "./styles.js";

/** @import { Component, DrawServer, OpenedLink, View } from "../shared/types" */

const AHEAD_MILLISECONDS = 250;

/** @param {Component<{ value: OpenedLink | null }, DrawServer>} component */
export function mount({ element, props, server }) {
  warnIfMisplaced();
  const { constants } = props;
  /** @type {View} */
  const state = { name: "", seed: 0, seeds: [], psi: 1, count: 16, style: Array(constants.num_styles).fill(0) };
  let isPicking = true; // the most recognisable drawings, not one seed after the other
  /** @type {View | null} */
  let drawn = null; // what the sheet shows
  let aheadTimer = 0;
  let shownOrigin = "";
  let requests = 0; // counts opened links and changes
  /** @type {number | null} */
  let returning = null; // the request that leads back in the history, until it is drawn

  /** @param {string} selector */
  const html = (selector) => find(element, selector, HTMLElement);
  const dialog = find(element, ".detail", HTMLDialogElement);
  const memory = createMemory(server, constants);
  const sheet = createSheet(html(".sheet"), html(".board > .watch"), memory, constants, (place) => detail.open(place), say);
  const detail = createDetail(dialog, memory, constants, () => drawn, sheet.canvas);
  const controls = createControls(element, constants, state, set, () => isPicking, say);
  const styles = createStyles(html(".sliders"), constants, state, changed);
  const picker = classPicker(find(element, "#draw-class", HTMLInputElement), server, constants, (name) => set({ name }));

  /** @returns {View} */
  const view = (change = {}) => ({ ...state, style: [...state.style], ...change });

  /**
   * Other classes, seeds and numbers of drawings are picked anew; psi and style change the same drawings.
   * @param {Partial<View>} change
   * @param {boolean} picks
   */
  function set(change, picks = isPicking) {
    isPicking = picks;
    if (["name", "seed", "count"].some((name) => name in change)) state.seeds = [];
    Object.assign(state, change);
    changed();
  }

  const mustPick = () => isPicking && !state.seeds.length;

  function changed() {
    requests++;
    if (!drawn && !state.name) {
      begin(); // the first answer was lost
      return;
    }
    showControls();
    if (!mustPick() && memory.has(view())) {
      say("");
      show();
    } else {
      fetchShown();
    }
  }

  const fetchShown = newestOnly(async () => {
    const requested = view();
    const isCurrent = (/** @type {string} */ name) =>
      JSON.stringify({ ...requested, name }) === JSON.stringify(view());
    setWaiting(true);
    try {
      const answer = await (mustPick() ? memory.pick(requested) : memory.fetch([requested]));
      if (state.name === requested.name) {
        state.name = answer.name;
        picker.show(answer.name);
      }
      if (isCurrent(answer.name)) {
        say("");
        state.seeds = answer.seeds;
      }
    } catch (error) {
      if (isCurrent(requested.name)) {
        say(messageOf(error));
        if (drawn) goBack(drawn);
      }
    }
    setWaiting(false);
    show();
  });

  /** @param {View} before */
  function goBack(before) {
    Object.assign(state, before, { style: [...before.style] });
    isPicking = before.seeds.length > 0;
    picker.show(before.name);
    showControls();
  }

  function showControls() {
    controls.show();
    styles.show();
  }

  function show() {
    const now = view();
    if (mustPick() || !memory.has(now)) return;
    sheet.show(now);
    const origin = memory.generator(now.name)?.origin ?? "";
    if (origin !== shownOrigin) html(".origin").innerHTML = shownOrigin = origin;
    drawn = now;
    current.className = now.name;
    html(".board .copied").textContent = "";
    clearTimeout(aheadTimer);
    aheadTimer = setTimeout(fetchAhead, AHEAD_MILLISECONDS);
  }

  /** Once nothing moves: the address, the ends of the style sliders, and the neighbouring seeds. */
  async function fetchAhead() {
    rememberDrawn();
    const now = view();
    const before = memory.generator(now.name)?.revision;
    const ends = styles.ends(now);
    const near = neighbours(now);
    try {
      if (!ends.every(memory.has)) await memory.fetch(ends);
      styles.paintEnds(ends, memory);
      const isCurrent = memory.keyOf(now, 0) === memory.keyOf(view(), 0);
      const isAllowed = !isPicking && near.count <= constants.max_drawings;
      if (isAllowed && isCurrent && !memory.has(near)) await memory.fetch([near]);
      if (before !== memory.generator(now.name)?.revision) show(); // the class was trained anew meanwhile
      element.dataset.ahead = memory.keyOf(now, 0);
    } catch {
      // What can't be fetched ahead is fetched when it is needed.
    }
  }

  function rememberDrawn() {
    if (drawn && returning !== requests) showAddress(drawAddress(drawn));
  }

  /** @param {string} message */
  function say(message) {
    html(".message").textContent = message;
    html(".message").hidden = !message;
  }

  /** @param {boolean} on */
  function setWaiting(on) {
    element.classList.toggle("waiting", on);
    sheet.setBusy(on);
  }

  /** @param {boolean} isFirst */
  function morphWith(isFirst) {
    dialog.close();
    if (!drawn) return;
    toMorph.send({ name: drawn.name, seed: detail.seed(), psi: drawn.psi, isFirst, hasStyle: drawn.style.some(Boolean) });
    openTab("Morph");
  }

  /** @param {HTMLElement} button */
  function exportDrawn(button) {
    if (!drawn) return;
    const isAlone = dialog.contains(button);
    const { name, psi, style } = drawn;
    const seeds = isAlone ? [detail.seed(), 1] : [drawn.seeds.length ? drawn.seeds : drawn.seed, drawn.count];
    exportPicture(server, button, [name, ...seeds, psi, style], isAlone ? detail.status : html(".board .copied"));
  }

  /**
   * Draws what a link asks for. The server chooses what the link leaves open or gets wrong. Without a link, the drawings
   * that came with the page are shown at once.
   * @param {string} link
   */
  async function follow(link) {
    const number = ++requests;
    setWaiting(true);
    try {
      const isBrought = !asksForDrawing(new URLSearchParams(link)) && props.value?.state;
      const answer = isBrought && props.value ? props.value : await answerOf(server.open_link([link]));
      if (number !== requests) return answer.message; // the visitor has asked for something else meanwhile
      Object.assign(state, answer.state, { style: [...answer.state.style] });
      isPicking = answer.picked;
      picker.show(state.name);
      showControls();
      await memory.keep([view()], answer);
      show();
      say(answer.message);
      return answer.message;
    } catch (error) {
      if (number === requests) say(messageOf(error));
      return messageOf(error);
    } finally {
      setWaiting(false);
    }
  }

  async function begin() {
    const tab = tabOf(currentQuery());
    const message = await follow(location.search);
    if (tab === "Yours" && message) history.replaceState(null, "", location.pathname); // the link opens nothing
    else if (isOpen("Draw")) openTab(tab); // unless the visitor has opened another tab meanwhile
  }

  /**
   * Until the drawings are there, what is still shown doesn't take their place in the history.
   * @param {string} link
   */
  async function returnTo(link) {
    const done = follow(link);
    const number = returning = requests;
    await done;
    if (returning === number) returning = null;
  }

  fetchWhenTouched(controls.psi, memory, constants, (psi) => view({ psi }));
  styles.sliders.forEach((slider, index) =>
    fetchWhenTouched(slider, memory, constants, (offset) => view({ style: state.style.with(index, offset) })));
  html(".generate").addEventListener("click", () => {
    picker.settle();
    const isLocked = controls.isLocked();
    const isSame = isLocked && drawn && JSON.stringify(view()) === JSON.stringify(drawn);
    set(isLocked ? {} : { seed: randomSeed(constants) });
    if (isSame) say("The seed is locked, so the drawings stay the same. Unlock it to get others.");
  });
  html(".reset").addEventListener("click", () => {
    set({ style: state.style.fill(0) });
    styles.sliders[0].focus();
  });
  html(".use").addEventListener("click", () => {
    dialog.close();
    set({ seed: detail.seed() }, false);
  });
  html(".to-a").addEventListener("click", () => morphWith(true));
  html(".to-b").addEventListener("click", () => morphWith(false));
  nameShareButtons(element);
  for (const button of exportButtons(element)) button.addEventListener("click", () => exportDrawn(button));
  offerTraining(element);
  whenSeen(element, rememberDrawn);

  // Links on the other tabs lead here without loading the page again, and so does the browser's back button.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a.wall-tile, a.draw-link");
    if (!(link instanceof HTMLAnchorElement) || opensElsewhere(event)) return;
    event.preventDefault();
    openTab("Draw");
    scrollTo(0, 0);
    follow(link.search);
  });
  window.addEventListener("popstate", () => {
    dialog.close();
    const query = currentQuery();
    const isShown = drawn && isAddress(query, drawAddress(drawn));
    if (tabOf(query) === "Draw" && !isShown) returnTo(location.search);
    openTab(tabOf(query));
  });
  begin();
}
