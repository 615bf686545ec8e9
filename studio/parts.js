// What the components of several tabs share; put before their own scripts, and after ink.js.

const MAX_SEED = 2 ** 32 - 1;
const DICE_MAX = 999_999; // short seeds are easier to remember and to tell

const icon = (path) => `<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${path}</svg>`;
const ICONS = {
  dice: icon('<rect x="4" y="4" width="16" height="16" rx="3"/><path d="M9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01" stroke-width="2.6"/>'),
  locked: icon('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>'),
  open: icon('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 7.5-2"/>'),
  pin: icon('<path d="M9 4h6l-1 7 3 3H7l3-3zM12 14v6"/>'),
};

const psiText = (psi) => Number(psi).toFixed(2).replace(/0$/, "");
const rollSeed = () => Math.floor(Math.random() * (DICE_MAX + 1));

// What a server function answers, or a thrown sentence; `isLost` says that there was no answer at all, for which Gradio
// gives nothing and does not throw.
async function answerOf(call) {
  const answer = await call.catch(() => undefined);
  if (answer === undefined || answer === null) {
    throw Object.assign(new Error("The server can't be reached; try again."), { isLost: true });
  }
  if (answer.error) throw new Error(answer.error);
  return answer;
}

// Calls that overtake each other: only the newest waits while one is under way, and what it replaces is dropped.
function newestOnly(call) {
  let busy = false;
  let waiting = null;
  return async function run(...arguments_) {
    if (busy) {
      waiting = arguments_;
      return;
    }
    busy = true;
    try {
      await call(...arguments_);
    } finally {
      busy = false;
      if (waiting) {
        const next = waiting;
        waiting = null;
        run(...next);
      }
    }
  };
}

function openTab(name) {
  [...document.querySelectorAll("[role=tab]")].find((tab) => tab.textContent.trim() === name)?.click();
}

// A draft's line offers to train its class: the Train tab opens with that class picked.
element.addEventListener("click", (event) => {
  const offer = event.target.closest(".train-it");
  if (!offer) return;
  window.doodlesTrain = offer.dataset.name;
  openTab("Train");
});

// What the server's `take_along` answers: a file is saved, words are copied; `tell` says what came of it.
async function takeAlong(asked, tell) {
  tell("");
  try {
    const answer = await answerOf(server.take_along(asked));
    if (answer.url) {
      Object.assign(document.createElement("a"), { href: answer.url, download: answer.filename }).click();
    } else {
      const copied = await navigator.clipboard?.writeText(answer.text).then(() => true, () => false);
      tell(copied ? `Copied: ${answer.text}` : answer.text);
    }
  } catch (error) {
    tell(error.message);
  }
}

// The page's address always leads back to what the open tab shows, and to nothing else of ours; a Space's page is told
// too, for it can't see ours.
const OURS = ["class", "seed", "psi", "count", "style", "keys", "into", "latent", "run", "tab"];
window.doodlesAddress = (entries) => {
  const query = new URLSearchParams(location.search);
  for (const key of OURS) query.delete(key);
  for (const [key, value] of Object.entries(entries)) query.set(key, value);
  history.replaceState(history.state, "", `?${query}`);
  if (window.parent !== window) window.parent.postMessage({ queryString: `${query}` }, "https://huggingface.co");
};

function remember(entries) {
  if (element.offsetParent) window.doodlesAddress(entries); // on another tab the address is that tab's
}

function whenSeen(act) {
  new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) act(); }).observe(element);
}

// What somebody found in Yours, of its element, as entries of the address.
const foundAddress = ({ dataset }) => ({ class: dataset.name, latent: JSON.parse(dataset.latent).join() });

// A class picker: a text box with a list that filters as one types. `pick` is called with what was chosen or typed. Wants
// the server's `picker_functions`.
function classPicker(box, pick) {
  const list = box.parentElement.querySelector("[role=listbox]");
  const note = Object.assign(document.createElement("li"), { className: "none" });
  note.setAttribute("role", "option");
  note.setAttribute("aria-disabled", "true");
  let items = null; // once the list has come
  let isFresh = false; // what is trained may be another the next time
  let shown = [];
  let active = -1;
  let chosen = "";

  function option(tile, place) {
    const item = document.createElement("li");
    item.id = `${list.id}-${place}`;
    item.setAttribute("role", "option");
    item.dataset.name = tile.name;
    const drawing = Object.assign(document.createElement("canvas"), { className: "thumbnail", width: 3 * SIZE, height: 3 * SIZE });
    const name = document.createElement("span");
    name.textContent = tile.name;
    const figures = document.createElement("span");
    figures.className = "note";
    figures.textContent = tile.draft ? "draft" : tile.recognised ? `✓ ${Math.round(100 * Math.min(1, tile.recognised))} %` : "✓";
    figures.title = tile.draft ? "Drawn by the shared base; train it for better ones" : tile.figures;
    item.append(drawing, name, figures);
    item.addEventListener("click", () => take(tile.name));
    return item;
  }

  function tell(sentence) {
    note.textContent = sentence;
    note.hidden = !sentence;
  }

  async function fill() {
    if (!items) list.replaceChildren(note);
    if (!items) tell("Loading …");
    try {
      const catalog = await answerOf(server.catalog([]));
      items = catalog.tiles.map(option);
      list.replaceChildren(note, ...items);
      isFresh = true;
      tell("");
      illustrate(items, catalog);
    } catch (error) {
      if (!items) tell(error.message);
    }
  }

  // One screenful after the other, so that drawing goes on meanwhile. A list without drawings will do.
  async function illustrate(items, { screenful, wall }) {
    for (let first = 0; first < items.length; first += screenful) {
      const row = items.slice(first, first + screenful);
      const url = await server.screenful([first / screenful, wall]);
      if (!url) {
        isFresh = false;
        return;
      }
      const sheet = await openSheet(url, row.length);
      row.forEach((item, place) => paint(item.firstElementChild, sheet, place));
    }
  }

  function filter() {
    if (!items) return;
    const wanted = box.value === chosen ? "" : box.value.trim().toLowerCase();
    shown = items.filter((item) => {
      item.hidden = !item.dataset.name.toLowerCase().includes(wanted);
      return !item.hidden;
    });
    tell(shown.length ? "" : "No class is called that.");
    const first = wanted ? shown.findIndex((item) => item.dataset.name.toLowerCase().startsWith(wanted)) : -1;
    const current = shown.findIndex((item) => item.dataset.name === chosen);
    activate(wanted ? Math.max(first, shown.length ? 0 : -1) : current);
  }

  function activate(place) {
    for (const item of items) item.setAttribute("aria-selected", "false");
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
    filter(); // what Enter takes is never of an earlier search
    if (isFresh) return;
    await fill();
    if (!list.hidden) filter();
  }

  function close() {
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  function take(name) {
    close();
    if (name && name !== chosen) {
      isFresh = false;
      show(name);
      pick(name);
    } else {
      box.value = chosen;
    }
  }

  function show(name) {
    chosen = name;
    if (list.hidden) box.value = name; // who is typing goes on
  }

  // What was typed counts as soon as somebody goes on to something else on the page, such as the button beside it.
  function leave() {
    if (list.hidden || document.activeElement === box) return;
    const typed = box.value.trim().toLowerCase();
    const meant = items && typed !== chosen.toLowerCase() ? shown[active]?.dataset.name : "";
    take(meant?.toLowerCase().startsWith(typed) ? meant : "");
  }

  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  box.addEventListener("click", () => { box.select(); open(); });
  box.addEventListener("input", () => (list.hidden ? open() : filter()));
  box.addEventListener("blur", leave);
  box.addEventListener("keydown", async (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) {
      event.preventDefault();
      const wasHidden = list.hidden;
      await open();
      if (!wasHidden && items) activate(Math.max(0, Math.min(shown.length - 1, active + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const typed = box.value.trim();
      take(!list.hidden && items && shown[active] ? shown[active].dataset.name : typed);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
      box.value = chosen;
    }
  });
  return { show };
}
