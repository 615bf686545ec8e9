// The Morph tab: a few key drawings, and the film of the way through them, which comes in one answer.

const MAX_KEYS = 8;
const FIRST = { name: "cat", into: "", psi: 1, seeds: [14, 15] };
const find = (selector) => element.querySelector(selector);
const state = { name: "", into: "", psi: 1, keys: [] };
const player = morphPlayer(find(".player"));
const items = new WeakMap(); // key -> what shows it
let shown = null; // the last state that was drawn
let begun = false;
let note = ""; // to be said with the next film

function set({ name, into, psi, seeds }) {
  Object.assign(state, { name, into, psi, keys: seeds.map((seed) => ({ seed, pinned: false })) });
}

async function drawMorph() {
  const { name, into, psi, keys } = { ...state, keys: [...state.keys] };
  const seeds = keys.map((key) => key.seed);
  const answer = await answerOf(server.morph([name, into || null, seeds, psi]));
  if (state.name === name && state.into === into) { // and no other class has been picked meanwhile
    Object.assign(state, { name: answer.name, into: answer.into });
    picker.show(answer.name);
    offer(answer.partners);
  }
  const label = `${answer.name}${answer.into ? ` turning into ${answer.into}` : ""}, through the seeds ${seeds.join(", ")}`;
  await player.load(answer.sheet, answer.frames, label, answer.columns);
  const sheet = await openSheet(answer.sheet, answer.columns);
  keys.forEach((key, place) => paint(items.get(key).querySelector("canvas"), sheet, answer.keys[place]));
  find(".origin").innerHTML = answer.origin;
  find(".board .copied").textContent = "";
  window.doodlesClass = answer.name;
  shown = { name: answer.name, into: answer.into, psi, keys: keys.map((key, place) => [key, seeds[place]]) };
  rememberShown();
  return answer;
}

const request = () => JSON.stringify([state.name, state.into, state.psi, state.keys.map((key) => key.seed)]);

const draw = newestOnly(async () => {
  const asked = request();
  const told = note;
  note = "";
  element.classList.add("waiting");
  try {
    const { name, into, partners } = await drawMorph();
    const isGood = !into || partners.includes(into);
    say(told || (isGood ? "" : `${name} and ${into} are not among the classes that were found to turn into each other well.`));
  } catch (error) {
    if (request() === asked) { // and nothing else has been asked for meanwhile
      if (shown) goBack();
      else if (!error.isLost) await drawInstead();
    }
    say(error.message);
  }
  element.classList.remove("waiting");
});

// What a link asks for in vain is chosen for it: the class is kept if there is one of that name.
async function drawInstead() {
  for (const other of [{ ...FIRST, name: state.name }, FIRST]) {
    set(other);
    picker.show(other.name);
    controls();
    try {
      await drawMorph();
      return;
    } catch {
      // The sentence on the first mistake is the one to read.
    }
  }
}

function goBack() {
  const { name, into, psi, keys } = shown;
  for (const [key, seed] of keys) key.seed = seed;
  Object.assign(state, { name, into, psi, keys: keys.map(([key]) => key) });
  picker.show(name);
  find("#morph-into").value = into;
  controls();
}

const addressOf = ({ name, into, psi, keys }) =>
  ({ class: name, keys: keys.map(([, seed]) => seed).join(), psi, ...(into ? { into } : {}) });

function rememberShown() {
  if (shown) window.doodlesAddress(addressOf(shown));
}

function offer(partners) {
  const select = find("#morph-into");
  const options = ["", ...partners].map((name) => Object.assign(document.createElement("option"), {
    value: name, textContent: name || "the same class",
  }));
  if (state.into && !partners.includes(state.into)) options.push(new Option(state.into, state.into));
  select.replaceChildren(...options);
  select.value = state.into;
}

function say(sentence) {
  find(".message").textContent = sentence;
  find(".message").hidden = !sentence;
}

function changed() {
  controls();
  draw();
}

// A key drawing keeps what shows it, so that a button that is being pressed stays, and the focus where the order does.
function controls() {
  const list = find(".keys");
  const wanted = state.keys.map((key) => {
    if (!items.has(key)) items.set(key, keyItem(key));
    return items.get(key);
  });
  if (list.children.length !== wanted.length || wanted.some((item, place) => item !== list.children[place])) {
    list.replaceChildren(...wanted);
  }
  state.keys.forEach((key, place) => items.get(key).follow(place));
  find(".add").disabled = state.keys.length >= MAX_KEYS;
  find("#morph-psi").value = state.psi;
  find(".psi-value").textContent = psiText(state.psi);
}

function keyItem(key) {
  const item = document.createElement("li");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8 * SIZE;
  const placeOf = () => state.keys.indexOf(key);
  const look = button("", () => player.goTo(placeOf() / (state.keys.length - 1)));
  look.className = "look";
  look.append(canvas);
  const seed = document.createElement("input");
  Object.assign(seed, { type: "number", min: 0, max: MAX_SEED });
  seed.addEventListener("change", () => {
    const wanted = seed.value === "" ? NaN : Number(seed.value);
    if (Number.isInteger(wanted) && wanted >= 0 && wanted <= MAX_SEED) {
      key.seed = wanted;
      changed();
    } else {
      say(`A seed is a whole number from 0 to ${MAX_SEED}.`);
    }
    seed.value = key.seed;
  });
  const tools = document.createElement("span");
  tools.className = "tools";
  const pin = button("", () => { key.pinned = !key.pinned; controls(); });
  pin.title = "A pinned drawing stays when you shuffle";
  pin.innerHTML = ICONS.pin;
  const earlier = button("←", () => move(key, -1));
  const later = button("→", () => move(key, 1));
  const remove = button("×", () => {
    const place = placeOf();
    state.keys.splice(place, 1);
    changed();
    items.get(state.keys[Math.min(place, state.keys.length - 1)]).querySelector(".look").focus();
  });
  tools.append(earlier, pin, remove, later);
  item.append(look, seed, tools);
  item.follow = (place) => {
    look.setAttribute("aria-label", `Go to drawing ${place + 1}`);
    seed.setAttribute("aria-label", `Seed of drawing ${place + 1}`);
    pin.setAttribute("aria-label", `Pin drawing ${place + 1}`);
    earlier.setAttribute("aria-label", `Drawing ${place + 1} earlier`);
    later.setAttribute("aria-label", `Drawing ${place + 1} later`);
    remove.setAttribute("aria-label", `Remove drawing ${place + 1}`);
    pin.setAttribute("aria-pressed", key.pinned);
    earlier.disabled = place === 0;
    later.disabled = place === state.keys.length - 1;
    remove.disabled = state.keys.length <= 2;
    if (Number(seed.value) !== key.seed || seed.value === "") seed.value = key.seed;
  };
  return item;
}

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

function move(key, by) {
  const place = state.keys.indexOf(key);
  state.keys.splice(place, 1);
  state.keys.splice(place + by, 0, key);
  changed();
  const again = items.get(key).querySelector(`.tools button:${by < 0 ? "first" : "last"}-child`);
  (again.disabled ? items.get(key).querySelector(".look") : again).focus();
}

// A drawing that was sent here from the Draw tab becomes the first or the last one.
function receive() {
  const sent = window.doodlesMorph;
  if (!sent) return false;
  window.doodlesMorph = null;
  if (!begun) set(FIRST);
  const [end, other] = sent.end === "a" ? [0, 1] : [1, 0];
  const places = [0, state.keys.length - 1];
  const classes = [state.name, state.into || state.name];
  if (classes[end] !== sent.name) {
    classes[end] = sent.name;
    if (!state.keys[places[other]].pinned) classes[other] = sent.name; // else one turns into the other
  }
  const [name, into] = classes;
  Object.assign(state, { name, into: into === name ? "" : into, psi: sent.psi });
  picker.show(name);
  state.keys[places[end]] = { seed: sent.seed, pinned: true };
  note = sent.hasStyle ? `Morph draws seed ${sent.seed} without its style.` : "";
  begun = true;
  changed();
  return true;
}

// As a link says, or the way back.
function begin() {
  begun = true;
  const query = new URLSearchParams(location.search);
  const isNumber = (text) => text.trim() !== "" && !Number.isNaN(Number(text));
  const number = (text) => (isNumber(text) ? Number(text) : text); // the server's sentence repeats what is none
  const asked = { ...FIRST, name: window.doodlesClass || query.get("class") || FIRST.name };
  if (query.has("keys")) {
    asked.name = query.get("class") || FIRST.name;
    asked.seeds = query.get("keys").split(",").slice(0, MAX_KEYS + 1).map(number);
    asked.into = query.get("into") || "";
    if (query.has("psi")) asked.psi = number(query.get("psi"));
  }
  set(asked);
  picker.show(state.name);
  changed();
}

function take(button) {
  const kind = button.dataset.take || button.dataset.copy;
  const morph = [state.name, state.into || null, state.keys.map((key) => key.seed), state.psi];
  const told = find(".board .copied");
  const tell = (text) => { told.textContent = text; };
  takeAlong([kind, morph, location.href.split("?")[0], ...player.playing()], tell);
}

const picker = classPicker(find("#morph-class"), (name) => {
  Object.assign(state, { name, into: "" });
  changed();
});
find("#morph-into").addEventListener("change", (event) => { state.into = event.target.value; changed(); });
find("#morph-psi").addEventListener("input", (event) => { state.psi = Number(event.target.value); changed(); });
find(".add").addEventListener("click", () => { state.keys.push({ seed: rollSeed(), pinned: false }); changed(); });
find(".turn").addEventListener("click", () => { state.keys.reverse(); changed(); });
find(".shuffle").addEventListener("click", () => {
  for (const key of state.keys) if (!key.pinned) key.seed = rollSeed();
  changed();
});
for (const one of element.querySelectorAll("[data-take], [data-copy]")) one.addEventListener("click", () => take(one));
window.addEventListener("doodles-morph", receive);
window.addEventListener("popstate", () => {
  const query = new URLSearchParams(location.search);
  if (tabOf(query) === "Morph" && shown && !isAddress(query, addressOf(shown))) begin();
});
whenSeen(() => {
  if (receive()) return;
  if (begun) rememberShown();
  else begin();
});
