// A class picker: a text box with a list that filters as one types. `pick` is called with what was chosen or typed. Wants
// parts.js before it, and the server's `picker_functions`. Gives `show`, to say which class it is, and `settle`.
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
  async function illustrate(items, { screenful, wall, mark }) {
    for (let first = 0; first < items.length; first += screenful) {
      const row = items.slice(first, first + screenful);
      const url = await server.screenful([first / screenful, wall, mark]);
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

  // What was typed counts as soon as somebody goes on to something else on the page. Buttons that use the class ask for
  // this themselves, for not every browser takes the focus from the box when they are pressed.
  function settle() {
    if (list.hidden) return;
    const typed = box.value.trim().toLowerCase();
    const meant = items && typed !== chosen.toLowerCase() ? shown[active]?.dataset.name : "";
    take(meant?.toLowerCase().startsWith(typed) ? meant : "");
  }

  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  box.addEventListener("click", () => { box.select(); open(); });
  box.addEventListener("input", () => (list.hidden ? open() : filter()));
  box.addEventListener("blur", () => { if (document.activeElement !== box) settle(); }); // or only the window lost it
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
  return { show, settle };
}
