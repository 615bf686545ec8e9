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

// Where there is little room, Gradio puts the last tabs into a menu.
function openTab(name) {
  const tabs = [...document.querySelectorAll("[role=tab], .overflow-dropdown button")];
  tabs.find((tab) => tab.textContent.trim() === name)?.click();
}

const isOpen = (tab) => Boolean(document.getElementById(`tab-${tab.toLowerCase()}`)?.offsetParent);

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

// Which tab an address belongs to.
function tabOf(query) {
  for (const [key, tab] of [["keys", "Morph"], ["latent", "Yours"], ["run", "Train"]]) if (query.has(key)) return tab;
  return { morph: "Morph", yours: "Yours", train: "Train", wall: "Wall" }[query.get("tab")] ?? "Draw";
}

// The page's address always leads back to what the open tab shows, and to nothing else of ours; a Space's page is told
// too, for it can't see ours. Whoever has gone to another tab finds the way back as from page to page.
const OURS = ["class", "seed", "psi", "count", "style", "keys", "into", "latent", "run", "tab"];
const isAddress = (query, entries) => OURS.every((key) => query.get(key) === (entries[key]?.toString() ?? null));
window.doodlesAddress = (entries) => {
  const query = new URLSearchParams(location.search);
  const before = tabOf(query);
  for (const key of OURS) query.delete(key);
  for (const [key, value] of Object.entries(entries)) query.set(key, value);
  if (!isOpen(tabOf(query))) return;
  if (tabOf(query) === before) history.replaceState(null, "", `?${query}`);
  else history.pushState(null, "", `?${query}`);
  if (window.parent !== window) window.parent.postMessage({ queryString: `${query}` }, "https://huggingface.co");
};

// For as long as this window is open; where a browser keeps nothing, for as long as the page is.
function keepForSession(key, text) {
  try {
    sessionStorage.setItem(key, text);
  } catch {}
}

function keptForSession(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function whenSeen(act) {
  new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) act(); }).observe(element);
}

// What somebody found in Yours, of its element, as entries of the address.
const foundAddress = ({ dataset }) => ({ class: dataset.name, latent: JSON.parse(dataset.latent).join() });
