// The Draw tab: what is asked for is drawn from memory where it has been fetched ahead, and from the server otherwise.

const STYLES = 5;
const STYLE_LIMIT = 3;
const NEAR = 256; // seeds that the slider goes through
const MAX_DRAWINGS = 1664; // of one answer
const MAX_SHEETS = 16; // kept in memory
const AHEAD_MILLISECONDS = 250;
const BOARD_FINENESS = 24; // so many times finer than one drawing is the whole board ...
const FINENESS = 16; // ... but no drawing alone, for painting takes time

const find = (selector) => element.querySelector(selector);
const state = { name: "", seed: 0, psi: 1, count: 16, style: Array(STYLES).fill(0) };
const known = new Map(); // key -> [sheet, place]
const cards = new Map(); // class name -> what its answers say of its generator: revision and origin
let sheets = [];
let locked = false;
let aheadTimer = 0;
let drawn = null; // the state that the board shows
let told = ""; // of its generator
let followed = 0; // links, and what has been asked for since
let returning = null; // which of them is the way back, while it is under way
let looked = 0; // the place on the board of the drawing that is looked at alone ...
let selected = 0; // ... and its seed

const board = find(".sheet");
const dialog = find(".detail");
const styleRows = Array.from({ length: STYLES }, (_, index) => styleRow(index));
find(".sliders").append(...styleRows.map((row) => row.root));

function styleRow(index) {
  const root = document.createElement("div");
  root.className = "style";
  const [low, high] = [-STYLE_LIMIT, STYLE_LIMIT].map((end) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Style ${index + 1} to its ${end < 0 ? "lower" : "upper"} end`);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 2 * SIZE;
    button.append(canvas);
    button.addEventListener("click", () => { state.style[index] = end; changed(); });
    return { button, canvas };
  });
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: -STYLE_LIMIT, max: STYLE_LIMIT, step: 0.25 });
  slider.setAttribute("aria-label", `Style ${index + 1}`);
  slider.addEventListener("input", () => { state.style[index] = Number(slider.value); changed(); });
  slider.addEventListener("dblclick", () => { state.style[index] = 0; changed(); });
  fetchWhenTouched(slider, () => steps(slider).map((value) => ({ style: state.style.with(index, value) })));
  root.append(low.button, slider, high.button);
  return { root, slider, low: low.canvas, high: high.canvas };
}

function steps(slider) {
  const [low, high, step] = [slider.min, slider.max, slider.step].map(Number);
  return Array.from({ length: Math.round((high - low) / step) + 1 }, (_, place) => Number((low + place * step).toFixed(2)));
}

// All that a slider can show is fetched as soon as somebody touches it.
function fetchWhenTouched(slider, variants) {
  const fetchAll = () => {
    const groups = variants().map((variant) => group(variant));
    if (groups.length * state.count <= MAX_DRAWINGS && !groups.every(isKnown)) ask(groups).catch(() => {});
  };
  slider.addEventListener("pointerdown", fetchAll);
  slider.addEventListener("focus", fetchAll);
}

const group = (change = {}) => ({ ...state, style: [...state.style], ...change });
const seedOf = (one, place) => (one.seed + place) % (MAX_SEED + 1);
const keyOf = (one, place) => `${one.name}|${one.psi}|${one.style}|${seedOf(one, place)}`;
const isKnown = (one) => Array.from({ length: one.count }, (_, place) => known.has(keyOf(one, place))).every(Boolean);

// Ask the server for groups of drawings of one class and remember them.
async function ask(groups) {
  const wanted = groups.map(({ seed, count, psi, style }) => [seed, count, psi, style]);
  return keep(groups, await answerOf(server.drawings([groups[0].name, wanted])));
}

async function keep(groups, answer) {
  const before = cards.get(answer.name);
  if (before && before.revision !== answer.revision) {
    for (const key of known.keys()) if (key.startsWith(`${answer.name}|`)) known.delete(key);
  }
  cards.set(answer.name, { revision: answer.revision, origin: answer.origin });
  const sheet = await openSheet(answer.sheet, answer.columns);
  let place = 0;
  const named = groups.map((one) => ({ ...one, name: answer.name })); // whatever was typed
  const keys = named.flatMap((one) => Array.from({ length: one.count }, (_, index) => keyOf(one, index)));
  for (const key of keys) known.set(key, [sheet, place++]);
  sheets.push({ sheet, keys });
  while (sheets.length > MAX_SHEETS) {
    const oldest = sheets.shift();
    for (const key of oldest.keys) if (known.get(key)?.[0] === oldest.sheet) known.delete(key);
  }
  return answer;
}

const fetchShown = newestOnly(async () => {
  const wanted = group();
  const isStillWanted = (name) => JSON.stringify({ ...wanted, name }) === JSON.stringify(group());
  setWaiting(true);
  try {
    const answer = await ask([wanted]);
    if (state.name === wanted.name) {
      state.name = answer.name;
      picker.show(answer.name);
    }
    if (isStillWanted(answer.name)) say("");
  } catch (error) {
    if (isStillWanted(wanted.name)) {
      say(error.message);
      if (drawn) goBack();
    }
  }
  setWaiting(false);
  show();
});

function setWaiting(on) {
  element.classList.toggle("waiting", on);
  board.setAttribute("aria-busy", on);
}

function goBack() {
  Object.assign(state, { ...drawn, style: [...drawn.style] });
  picker.show(drawn.name);
  controls();
}

// Controls and drawings follow the state; what isn't known yet is asked for.
function changed() {
  followed++;
  if (!drawn && !state.name) {
    begin(); // the first answer was lost
    return;
  }
  controls();
  if (isKnown(group())) {
    say("");
    show();
  } else {
    fetchShown();
  }
}

function controls() {
  const first = Math.floor(state.seed / NEAR) * NEAR;
  const near = find(".near");
  Object.assign(near, { min: first, max: Math.min(MAX_SEED, first + NEAR - 1) });
  near.value = state.seed;
  find(".from").textContent = first;
  find(".to").textContent = near.max;
  if (document.activeElement !== find("#draw-seed") || Number(find("#draw-seed").value) !== state.seed) {
    find("#draw-seed").value = state.seed;
  }
  find("#draw-psi").value = state.psi;
  find(".psi-value").textContent = psiText(state.psi);
  find("#draw-count").value = state.count;
  find(".count-value").textContent = state.count;
  styleRows.forEach((row, index) => { row.slider.value = state.style[index]; });
  find(".reset").hidden = state.style.every((value) => value === 0);
}

function show() {
  const now = group();
  if (!isKnown(now)) return;
  const columns = [1, 2, 3, 4, 6, 8].find((number) => number * number >= now.count);
  const fineness = Math.min(FINENESS, Math.floor(BOARD_FINENESS / columns)) * SIZE;
  board.style.setProperty("--columns", columns);
  while (board.children.length > now.count) board.lastChild.remove();
  while (board.children.length < now.count) board.append(tile(board.children.length));
  for (let place = 0; place < now.count; place++) {
    const [sheet, index] = known.get(keyOf(now, place));
    const button = board.children[place];
    if (button.firstChild.width !== fineness) button.firstChild.width = button.firstChild.height = fineness;
    paint(button.firstChild, sheet, index);
    const seed = seedOf(now, place);
    button.lastChild.textContent = seed;
    button.setAttribute("aria-label", `${now.name}, seed ${seed}`);
  }
  const { origin } = cards.get(now.name);
  if (origin !== told) find(".origin").innerHTML = told = origin;
  drawn = now;
  window.doodlesClass = now.name;
  find(".board .copied").textContent = "";
  clearTimeout(aheadTimer);
  aheadTimer = setTimeout(fetchAhead, AHEAD_MILLISECONDS);
}

function tile(place) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile";
  const canvas = document.createElement("canvas");
  const seed = document.createElement("span");
  button.append(canvas, seed);
  button.addEventListener("click", () => openDetail(place));
  return button;
}

// Once nothing moves: the address, the ends of the style sliders, and the neighbouring seeds.
async function fetchAhead() {
  rememberDrawn();
  const now = group();
  const before = cards.get(now.name)?.revision;
  const ends = now.style.flatMap((_, index) =>
    [-STYLE_LIMIT, STYLE_LIMIT].map((end) => ({ ...now, count: 1, style: now.style.with(index, end) })));
  const first = Math.floor(now.seed / NEAR) * NEAR;
  const near = { ...now, seed: first, count: NEAR + now.count - 1 };
  try {
    if (!ends.every(isKnown)) await ask(ends);
    styleRows.forEach((row, index) => {
      for (const [canvas, end] of [[row.low, ends[2 * index]], [row.high, ends[2 * index + 1]]]) {
        const found = known.get(keyOf(end, 0));
        if (found) paint(canvas, ...found);
      }
    });
    if (keyOf(now, 0) === keyOf(group(), 0) && !isKnown(near)) await ask([near]);
    if (before !== cards.get(now.name)?.revision) show(); // trained anew since these were drawn
    element.dataset.ahead = keyOf(now, 0);
  } catch {
    // What is fetched ahead may be missing: it is asked for again when it is wanted.
  }
}

const addressOf = ({ name, seed, psi, count, style }) =>
  ({ class: name, seed, psi, count, ...(style.some(Boolean) ? { style: style.join() } : {}) });

function rememberDrawn() {
  if (drawn && returning !== followed) window.doodlesAddress(addressOf(drawn));
}

function say(sentence) {
  find(".message").textContent = sentence;
  find(".message").hidden = !sentence;
}

function openDetail(place) {
  looked = place;
  selected = seedOf(drawn, place);
  find("#detail-title").textContent = `${drawn.name}, seed ${selected}`;
  const canvas = dialog.querySelector("canvas");
  canvas.setAttribute("aria-label", find("#detail-title").textContent);
  const found = known.get(keyOf(drawn, place));
  if (found) paint(canvas, ...found);
  else canvas.getContext("2d").drawImage(board.children[place].firstChild, 0, 0, canvas.width, canvas.height);
  dialog.querySelector(".copied").textContent = "";
  if (!dialog.open) dialog.showModal();
}

function lookOn(by) {
  const number = board.children.length;
  openDetail((looked + by + number) % number);
}

function toMorph(end) {
  dialog.close();
  window.doodlesMorph = { name: drawn.name, seed: selected, psi: drawn.psi, end, hasStyle: drawn.style.some(Boolean) };
  window.dispatchEvent(new Event("doodles-morph"));
  openTab("Morph");
}

function take(button) {
  const alone = dialog.contains(button);
  const { name, psi, style } = drawn;
  const [seed, count] = alone ? [selected, 1] : [drawn.seed, drawn.count];
  const kind = button.dataset.take || button.dataset.copy;
  const told = (alone ? dialog : find(".board")).querySelector(".copied");
  takeAlong([kind, name, seed, count, psi, style, location.href.split("?")[0]], (text) => { told.textContent = text; });
}

const picker = classPicker(find("#draw-class"), (name) => {
  state.name = name;
  changed();
});

find(".near").addEventListener("input", (event) => { state.seed = Number(event.target.value); changed(); });
find("#draw-psi").addEventListener("input", (event) => { state.psi = Number(event.target.value); changed(); });
find("#draw-count").addEventListener("input", (event) => { state.count = Number(event.target.value); changed(); });
fetchWhenTouched(find("#draw-psi"), () => steps(find("#draw-psi")).map((psi) => ({ psi })));
find("#draw-seed").addEventListener("change", (event) => {
  const seed = event.target.value === "" ? NaN : Number(event.target.value);
  if (Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED) {
    state.seed = seed;
    changed();
  } else {
    say(`A seed is a whole number from 0 to ${MAX_SEED}.`);
  }
  event.target.value = state.seed;
});
find(".previous").addEventListener("click", () => { state.seed = Math.max(0, state.seed - state.count); changed(); });
find(".following").addEventListener("click", () => { state.seed = Math.min(MAX_SEED, state.seed + state.count); changed(); });
find(".dice").innerHTML = ICONS.dice;
find(".lock").innerHTML = ICONS.open;
find(".dice").addEventListener("click", () => { state.seed = rollSeed(); changed(); });
find(".lock").addEventListener("click", (event) => {
  locked = !locked;
  event.currentTarget.setAttribute("aria-pressed", locked);
  event.currentTarget.innerHTML = locked ? ICONS.locked : ICONS.open;
});
find(".generate").addEventListener("click", () => {
  picker.settle();
  const isSame = locked && drawn && JSON.stringify(group()) === JSON.stringify(drawn);
  if (!locked) state.seed = rollSeed();
  changed();
  if (isSame) say("The seed is locked, so the drawings stay; unlock it for others.");
});
find(".reset").addEventListener("click", () => { state.style.fill(0); changed(); styleRows[0].slider.focus(); });
for (const button of element.querySelectorAll("[data-take], [data-copy]")) button.addEventListener("click", () => take(button));
find(".use").addEventListener("click", () => { dialog.close(); state.seed = selected; changed(); });
find(".to-a").addEventListener("click", () => toMorph("a"));
find(".to-b").addEventListener("click", () => toMorph("b"));
dialog.querySelector(".earlier").addEventListener("click", () => lookOn(-1));
dialog.querySelector(".later").addEventListener("click", () => lookOn(1));
dialog.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by && !event.altKey && !event.ctrlKey && !event.metaKey) lookOn(by);
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

whenSeen(rememberDrawn);

// A link says what to draw; what it leaves open, or asks for in vain, is chosen for it. Without one, the page has brought
// drawings along, so that they are there at once.
async function follow(link) {
  const asked = new URLSearchParams(link);
  const isAsked = ["class", "seed", "psi", "count", "style", "keys", "into", "latent"].some((key) => asked.has(key));
  const number = ++followed;
  setWaiting(true);
  try {
    const answer = !isAsked && props.value?.state ? props.value : await answerOf(server.open_link([link]));
    if (number !== followed) return answer; // somebody has asked for something else meanwhile
    if (answer.state) Object.assign(state, { ...answer.state, style: [...answer.state.style] });
    picker.show(state.name);
    controls();
    await keep([group()], answer);
    show();
    say(answer.message);
    return answer;
  } catch (error) {
    if (number === followed) say(error.message);
    return { message: error.message };
  } finally {
    setWaiting(false);
  }
}

async function begin() {
  const tab = tabOf(new URLSearchParams(location.search));
  const { message } = await follow(location.search);
  if (tab === "Yours" && message) history.replaceState(null, "", location.pathname); // there is nothing to open
  else if (isOpen("Draw")) openTab(tab); // and nobody has gone elsewhere meanwhile
}

// Links of the page's other tabs lead here without loading the page anew, and so does the way back.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.wall-tile, a.draw-link");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openTab("Draw");
  scrollTo(0, 0);
  follow(link.search);
});
window.addEventListener("popstate", () => {
  dialog.close();
  const query = new URLSearchParams(location.search);
  const isShown = drawn && isAddress(query, addressOf(drawn));
  if (tabOf(query) === "Draw" && !isShown) comeBackTo(location.search);
  openTab(tabOf(query));
});

// Until it is drawn, its place in the history is not taken by what is shown.
async function comeBackTo(link) {
  const done = follow(link);
  const number = returning = followed;
  await done;
  if (returning === number) returning = null;
}

begin();
