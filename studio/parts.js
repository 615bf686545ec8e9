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
  const answer = await server.take_along(asked).catch(() => ({ error: "The server can't be reached; try again." }));
  if (answer.url) {
    Object.assign(document.createElement("a"), { href: answer.url, download: answer.filename }).click();
  } else if (answer.error) {
    tell(answer.error);
  } else {
    const copied = await navigator.clipboard?.writeText(answer.text).then(() => true, () => false);
    tell(copied ? `Copied: ${answer.text}` : answer.text);
  }
}

// The page's address always leads back to what it shows; a Space's page is told too, for it can't see ours.
function remember(entries) {
  if (!element.offsetParent) return; // on another tab the address is that tab's
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(entries)) {
    if (value === null) query.delete(key);
    else query.set(key, value);
  }
  history.replaceState(null, "", `?${query}`);
  if (window.parent !== window) window.parent.postMessage({ queryString: `${query}` }, "https://huggingface.co");
}

// A class picker: a text box with a list that filters as one types. `pick` is called with what was chosen or typed. Wants
// the server's `picker_functions`.
function classPicker(box, pick) {
  const list = box.parentElement.querySelector("[role=listbox]");
  let catalog = null;
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
    const note = document.createElement("span");
    note.className = "note";
    note.textContent = tile.draft ? "draft" : tile.recognised ? `✓ ${Math.round(100 * Math.min(1, tile.recognised))} %` : "✓";
    note.title = tile.draft ? "Drawn by the shared base; train it for better ones" : tile.figures;
    item.append(drawing, name, note);
    item.addEventListener("pointerdown", (event) => event.preventDefault());
    item.addEventListener("click", () => take(tile.name));
    return item;
  }

  async function fill() {
    catalog = await server.catalog([]);
    list.replaceChildren(...catalog.tiles.map(option));
    illustrate([...list.children], catalog);
  }

  // One screenful after the other, so that drawing goes on meanwhile.
  async function illustrate(items, { screenful, wall }) {
    for (let first = 0; first < items.length; first += screenful) {
      const row = items.slice(first, first + screenful);
      const sheet = await openSheet(await server.screenful([first / screenful, wall]), row.length);
      row.forEach((item, place) => paint(item.firstElementChild, sheet, place));
    }
  }

  function filter() {
    const wanted = box.value === chosen ? "" : box.value.trim().toLowerCase();
    shown = [...list.children].filter((item) => {
      item.hidden = !item.dataset.name.toLowerCase().includes(wanted);
      return !item.hidden;
    });
    const first = wanted ? shown.findIndex((item) => item.dataset.name.toLowerCase().startsWith(wanted)) : -1;
    const current = shown.findIndex((item) => item.dataset.name === chosen);
    activate(wanted ? Math.max(first, shown.length ? 0 : -1) : current);
  }

  function activate(place) {
    for (const item of list.children) item.setAttribute("aria-selected", "false");
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
    if (catalog) return;
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
      catalog = null; // what is trained may be another the next time
      show(name);
      pick(name);
    } else {
      box.value = chosen;
    }
  }

  function show(name) {
    chosen = name;
    box.value = name;
  }

  box.addEventListener("click", () => { box.select(); open(); });
  box.addEventListener("input", () => (list.hidden ? open() : filter()));
  box.addEventListener("blur", () => { close(); box.value = chosen; });
  box.addEventListener("keydown", async (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) {
      event.preventDefault();
      const wasHidden = list.hidden;
      await open();
      if (!wasHidden) activate(Math.max(0, Math.min(shown.length - 1, active + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const typed = box.value.trim();
      take(!list.hidden && shown[active] ? shown[active].dataset.name : typed);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
      box.value = chosen;
    }
  });
  return { show };
}
