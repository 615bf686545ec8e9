// The Morph tab: a few key drawings, and a morph through them, whose frames come in one answer.

import { exportButtons, find, psiText, randomSeed } from "../shared/controls.js";
import { inkOf } from "../shared/ink.js";
import { currentQuery, isAddress, morphAddress, morphOf, showAddress, tabOf } from "../shared/link.js";
import { morphPlayer } from "../shared/morph_player.js";
import { classPicker } from "../shared/picker.js";
import { answerOf, exportPicture, LostAnswer, messageOf, nameShareButtons, newestOnly } from "../shared/server.js";
import { current, offerTraining, toMorph, whenSeen } from "../shared/tabs.js";
import { createKeyList } from "./keys.js";

/** @import { Component, MorphLink, MorphServer } from "../shared/types" */
/** @import { SentDrawing } from "../shared/tabs.js" */
/** @import { Key } from "./keys.js" */
/** @typedef {{ name: string, into: string, psi: number | string, keys: Key[] }} Morph */

/** @type {MorphLink} */
const FIRST = { name: "cat", into: "", psi: 1, seeds: [14, 15] };

/** @param {Component<object, MorphServer>} component */
export function mount({ element, props, server }) {
  const { constants } = props;
  /** @type {Morph} */
  const state = { name: "", into: "", psi: 1, keys: [] };
  /** @type {{ morph: MorphLink, keys: Key[] } | null} */
  let shown = null; // the last morph that was drawn
  let hasBegun = false;
  let note = ""; // shown with the next morph

  /** @param {string} selector */
  const html = (selector) => find(element, selector, HTMLElement);
  const select = find(element, "#morph-into", HTMLSelectElement);
  const psi = find(element, "#morph-psi", HTMLInputElement);
  const add = find(element, ".add", HTMLButtonElement);
  const { openSheet, paint } = inkOf(constants);
  const player = morphPlayer(html(".player"), constants);
  const keyList = createKeyList(html(".keys"), constants, state, { changed, show: showControls, goTo: player.goTo, say });
  const picker = classPicker(find(element, "#morph-class", HTMLInputElement), server, constants, (name) => set({ name, into: "" }));

  /** @param {MorphLink} morph */
  function open({ name, into, psi, seeds }) {
    Object.assign(state, { name, into, psi, keys: seeds.map((seed) => ({ seed, isPinned: false })) });
    picker.show(name);
  }

  /** @returns {MorphLink} */
  const morph = () => ({ name: state.name, into: state.into, psi: state.psi, seeds: state.keys.map((key) => key.seed) });

  /** @param {MorphLink} morph */
  const requestOf = ({ name, into, seeds, psi }) =>
    /** @type {[string, string | null, (number | string)[], number | string]} */ ([name, into || null, seeds, psi]);

  /** @param {Partial<Morph>} change */
  function set(change) {
    Object.assign(state, change);
    changed();
  }

  function changed() {
    showControls();
    draw();
  }

  const draw = newestOnly(async () => {
    const requested = JSON.stringify(morph());
    const message = note;
    note = "";
    element.classList.add("waiting");
    try {
      const { name, into, partners } = await drawMorph();
      const isGood = !into || partners.includes(into);
      say(message || (isGood ? "" : `This morph may look rough: “${name}” and “${into}” don't blend well.`));
    } catch (error) {
      if (JSON.stringify(morph()) === requested) { // the visitor has asked for nothing else meanwhile
        if (shown) goBack(shown);
        else if (!(error instanceof LostAnswer)) await drawInstead();
      }
      say(messageOf(error));
    }
    element.classList.remove("waiting");
  });

  async function drawMorph() {
    const requested = morph();
    const keys = [...state.keys];
    const answer = await answerOf(server.morph(requestOf(requested)));
    const { name, into } = answer;
    if (state.name === requested.name && state.into === requested.into) { // and no other class was picked meanwhile
      Object.assign(state, { name, into });
      picker.show(name);
      showPartners(answer.partners);
    }
    const label = `${name}${into ? ` turning into ${into}` : ""}, through the seeds ${requested.seeds.join(", ")}`;
    await player.load(answer.sheet, answer.frames, label, answer.columns);
    const sheet = await openSheet(answer.sheet, answer.columns);
    keys.forEach((key, place) => paint(keyList.canvas(key), sheet, answer.keys[place]));
    html(".origin").innerHTML = answer.origin;
    html(".board .copied").textContent = "";
    current.className = name;
    shown = { morph: { ...requested, name, into }, keys };
    rememberShown();
    return answer;
  }

  /** Draws something else in place of a wrong link: two drawings of its class, or of the first class. */
  async function drawInstead() {
    for (const other of [{ ...FIRST, name: state.name }, FIRST]) {
      open(other);
      showControls();
      try {
        await drawMorph();
        return;
      } catch {
        // The message about the link itself is the one to read.
      }
    }
  }

  /** @param {NonNullable<typeof shown>} before */
  function goBack({ morph: { name, into, psi, seeds }, keys }) {
    keys.forEach((key, place) => { key.seed = seeds[place]; });
    Object.assign(state, { name, into, psi, keys: [...keys] });
    picker.show(name);
    select.value = into;
    showControls();
  }

  function rememberShown() {
    if (shown) showAddress(morphAddress(shown.morph));
  }

  /** @param {string[]} partners */
  function showPartners(partners) {
    const names = !state.into || partners.includes(state.into) ? partners : [...partners, state.into];
    select.replaceChildren(...["", ...names].map((name) => new Option(name || "the same class", name)));
    select.value = state.into;
  }

  /** @param {string} message */
  function say(message) {
    html(".message").textContent = message;
    html(".message").hidden = !message;
  }

  function showControls() {
    keyList.show();
    add.disabled = state.keys.length >= constants.max_keys;
    psi.value = `${state.psi}`;
    html(".psi-value").textContent = psiText(Number(state.psi));
  }

  /**
   * A drawing that the Draw tab sent becomes the first or the last one.
   * @param {SentDrawing} sent
   */
  function receive({ name, seed, psi, isFirst, hasStyle }) {
    if (!hasBegun) open(FIRST);
    hasBegun = true;
    const last = state.keys.length - 1;
    const [end, other] = isFirst ? [0, 1] : [1, 0];
    const places = [0, last];
    const classes = [state.name, state.into || state.name];
    if (classes[end] !== name) {
      classes[end] = name;
      if (!state.keys[places[other]].isPinned) classes[other] = name; // else one class turns into the other
    }
    state.keys[places[end]] = { seed, isPinned: true };
    note = hasStyle ? `Morph draws seed ${seed} without its style.` : "";
    picker.show(classes[0]);
    set({ name: classes[0], into: classes[1] === classes[0] ? "" : classes[1], psi });
  }

  /** Opens what the link says, or a first morph of the class that the page shows. */
  function begin() {
    hasBegun = true;
    const query = currentQuery();
    const name = query.get("class") || FIRST.name;
    open(morphOf(query, { ...FIRST, name: query.has("keys") ? name : current.className || name }, constants.max_keys));
    changed();
  }

  Object.assign(psi, { max: constants.max_psi });
  select.addEventListener("change", () => set({ into: select.value }));
  psi.addEventListener("input", () => set({ psi: Number(psi.value) }));
  add.addEventListener("click", () => set({ keys: [...state.keys, { seed: randomSeed(constants), isPinned: false }] }));
  html(".reverse").addEventListener("click", () => set({ keys: state.keys.toReversed() }));
  html(".shuffle").addEventListener("click", () => {
    for (const key of state.keys) if (!key.isPinned) key.seed = randomSeed(constants);
    changed();
  });
  nameShareButtons(element);
  for (const button of exportButtons(element)) {
    button.addEventListener("click", () =>
      exportPicture(server, button, [requestOf(morph())], html(".board .copied"), player.playing()));
  }
  offerTraining(element);
  window.addEventListener("popstate", () => {
    const query = currentQuery();
    if (tabOf(query) === "Morph" && shown && !isAddress(query, morphAddress(shown.morph))) begin();
  });
  toMorph.receive(receive);
  whenSeen(element, () => {
    if (hasBegun) rememberShown();
    else begin();
  });
}
