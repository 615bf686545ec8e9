// The Morph tab: a few key drawings, and the film of the way through them, which comes in one answer.

const MAX_KEYS = 8;
const find = (selector) => element.querySelector(selector);
const state = { name: "cat", into: "", psi: 1, keys: [{ seed: 14 }, { seed: 15 }] };
const player = filmPlayer(find(".player"));
let shown = null; // the last state that was drawn
let begun = false;

const draw = newestOnly(async () => {
  const { name, into, psi } = state;
  const seeds = state.keys.map((key) => key.seed);
  element.classList.add("waiting");
  try {
    const answer = await server.film([name, into || null, seeds, psi]);
    if (answer.error) throw new Error(answer.error);
    state.name = answer.name;
    picker.show(answer.name);
    await offer(answer.partners);
    const label = `${answer.name}${into ? ` turning into ${into}` : ""}, through the seeds ${seeds.join(", ")}`;
    await player.load(answer.sheet, answer.frames, label, answer.columns);
    const sheet = await openSheet(answer.sheet, answer.columns);
    [...find(".keys").children].forEach((item, place) => {
      if (place < answer.keys.length) paint(item.querySelector("canvas"), sheet, answer.keys[place]);
    });
    find(".origin").innerHTML = answer.origin;
    shown = { name: answer.name, into, psi, seeds };
    remember({ class: answer.name, into: into || null, keys: seeds.join(), psi, seed: null, count: null, style: null, latent: null });
    say("");
  } catch (error) {
    say(error.message || "The server can't be reached; try again.");
    if (shown) {
      Object.assign(state, { name: shown.name, into: shown.into });
      picker.show(shown.name);
      find("#morph-into").value = shown.into;
    }
  }
  element.classList.remove("waiting");
});

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
  const list = find(".keys");
  list.replaceChildren(...state.keys.map(keyItem));
  find(".add").disabled = state.keys.length >= MAX_KEYS;
  find("#morph-psi").value = state.psi;
  find(".psi-value").textContent = psiText(state.psi);
  draw();
}

function keyItem(key, place) {
  const item = document.createElement("li");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8 * SIZE;
  const look = button("", `Go to drawing ${place + 1}`, () => player.goTo(place / (state.keys.length - 1)));
  look.className = "look";
  look.append(canvas);
  const seed = document.createElement("input");
  Object.assign(seed, { type: "number", min: 0, max: MAX_SEED, value: key.seed });
  seed.setAttribute("aria-label", `Seed of drawing ${place + 1}`);
  seed.addEventListener("change", () => {
    const wanted = seed.value === "" ? NaN : Number(seed.value);
    if (Number.isInteger(wanted) && wanted >= 0 && wanted <= MAX_SEED) {
      key.seed = wanted;
      changed();
    } else {
      say(`A seed is a whole number from 0 to ${MAX_SEED}.`);
      seed.value = key.seed;
    }
  });
  const tools = document.createElement("span");
  tools.className = "tools";
  const pin = button("", `Pin drawing ${place + 1}`, () => { key.pinned = !key.pinned; changed(); });
  pin.setAttribute("aria-pressed", Boolean(key.pinned));
  pin.title = "A pinned drawing stays when you shuffle";
  pin.innerHTML = ICONS.pin;
  const earlier = button("←", `Drawing ${place + 1} earlier`, () => move(place, -1));
  const later = button("→", `Drawing ${place + 1} later`, () => move(place, 1));
  const remove = button("×", `Remove drawing ${place + 1}`, () => { state.keys.splice(place, 1); changed(); });
  earlier.disabled = place === 0;
  later.disabled = place === state.keys.length - 1;
  remove.disabled = state.keys.length <= 2;
  tools.append(earlier, pin, remove, later);
  item.append(look, seed, tools);
  return item;
}

function button(text, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function move(place, by) {
  const [key] = state.keys.splice(place, 1);
  state.keys.splice(place + by, 0, key);
  changed();
  find(".keys").children[place + by].querySelector(`.tools button:${by < 0 ? "first" : "last"}-child`).focus();
}

// A drawing that was sent here from the Draw tab becomes the first or the last one.
function receive() {
  const sent = window.doodlesMorph;
  if (!sent) return false;
  window.doodlesMorph = null;
  if (sent.name !== state.name) Object.assign(state, { name: sent.name, into: "" });
  state.psi = sent.psi;
  const place = sent.end === "a" ? 0 : state.keys.length - 1;
  state.keys[place] = { seed: sent.seed, pinned: true };
  begun = true;
  changed();
  return true;
}

function begin() {
  if (begun) return;
  begun = true;
  const query = new URLSearchParams(location.search);
  state.name = query.get("class") || state.name;
  if (query.has("keys")) {
    state.keys = query.get("keys").split(",").slice(0, MAX_KEYS + 1).map((text) => ({ seed: text === "" ? NaN : Number(text) }));
    state.into = query.get("into") || "";
    if (query.has("psi")) state.psi = Number(query.get("psi"));
  }
  picker.show(state.name);
  changed();
}

function take(button) {
  const kind = button.dataset.take || button.dataset.copy;
  const seeds = state.keys.map((key) => key.seed);
  takeAlong([kind, state.name, state.into || null, seeds, state.psi, location.href.split("?")[0]], say);
}

const picker = classPicker(find("#morph-class"), (name) => {
  Object.assign(state, { name, into: "" });
  changed();
});
find("#morph-into").addEventListener("change", (event) => { state.into = event.target.value; changed(); });
find("#morph-psi").addEventListener("input", (event) => { state.psi = Number(event.target.value); changed(); });
find(".add").addEventListener("click", () => { state.keys.push({ seed: rollSeed() }); changed(); });
find(".turn").addEventListener("click", () => { state.keys.reverse(); changed(); });
find(".shuffle").addEventListener("click", () => {
  for (const key of state.keys) if (!key.pinned) key.seed = rollSeed();
  changed();
});
for (const one of element.querySelectorAll("[data-take], [data-copy]")) one.addEventListener("click", () => take(one));
window.addEventListener("doodles-morph", receive);
new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting) && !receive()) begin(); }).observe(element);
