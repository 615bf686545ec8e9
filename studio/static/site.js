// The page without a server: mounts the tabs, which are the same as on the page with one.

import { mount as mountDraw } from "../draw/draw.js";
import { mount as mountFavourites } from "../favourites/favourites.js";
import { mount as mountLook } from "../look/look.js";
import { mount as mountMorph } from "../morph/morph.js";
import { find } from "../shared/controls.js";
import { showAddress } from "../shared/link.js";
import { toTrain } from "../shared/tabs.js";
import { mount as mountWall } from "../wall/wall.js";
import { siteServer } from "./site_server.js";
import { openStudio } from "./studio.js";
import { escaped } from "./words.js";

/** @import { Catalog, SiteSettings } from "../shared/types" */

const PREPARE_MILLISECONDS = 3000; // after the first drawings

/** @type {SiteSettings} */
const settings = { ...JSON.parse(find(document, "#settings", HTMLElement).textContent ?? "{}"), base: new URL("./", document.baseURI).href };
const artist = openStudio(settings);
const server = siteServer(artist, settings);
const element = (/** @type {string} */ id) => find(document, `#${id}`, HTMLElement);
const { constants } = settings;

followTheme();
makeTabs();
mountLook({ element: element("look"), props: { constants }, server: {}, trigger() {}, watch() {} });
mountFavourites({ element: element("favourites"), props: { constants }, server, trigger() {}, watch() {} });
mountDraw({ element: element("draw"), props: { constants, value: null }, server, trigger() {}, watch() {} });
mountMorph({ element: element("morph"), props: { constants }, server, trigger() {}, watch() {} });
mountTheWall();
mountTraining();
keepForLater();

/** Dark where the visitor's other programs are dark. */
function followTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", show);
  show();
}

function makeTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")].filter((tab) => tab instanceof HTMLElement);
  /** @param {HTMLElement} chosen */
  function open(chosen) {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", `${tab === chosen}`);
      tab.tabIndex = tab === chosen ? 0 : -1;
      element(tab.getAttribute("aria-controls") ?? "").hidden = tab !== chosen;
    }
    const name = chosen.dataset.tab ?? "";
    if (name !== "draw" && name !== "morph") showAddress({ tab: name });
    dispatchEvent(new CustomEvent("opened", { detail: name }));
  }
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      const next = step ? tabs[(place + step + tabs.length) % tabs.length] : null;
      next?.focus();
      next?.click();
    });
  });
}

function mountTheWall() {
  const props = { constants, value: /** @type {Catalog | null} */ (null) };
  let show = () => {};
  mountWall({ element: element("wall"), props, server, trigger() {}, watch: (_, callback) => { show = callback; } });
  whenOpened("wall", async () => {
    const catalog = await server.catalog([]);
    if (!catalog || "error" in catalog) return;
    props.value = catalog;
    show();
  });
}

/** Training needs Python, so the tab says how to train, and what others have trained. */
function mountTraining() {
  const command = element("train-command");
  toTrain.receive((name) => { command.textContent = `python -m train ${/^\w+$/.test(name) ? name : `"${name}"`}`; });
  whenOpened("train", async () => {
    const { notice, news } = await artist.news().catch((error) => ({ notice: `${error.message}`, news: [] }));
    element("train-notice").textContent = notice;
    element("train-news").innerHTML = news.map(({ name, when }) =>
      `<li><a class="draw-link" href="?${new URLSearchParams({ class: name })}">${escaped(name)}</a> <time>${escaped(when.slice(0, 10))}</time></li>`).join("");
    element("train-new").hidden = !news.length;
  });
}

/**
 * @param {string} tab
 * @param {() => void} callback
 */
function whenOpened(tab, callback) {
  addEventListener("opened", (event) => { if (event instanceof CustomEvent && event.detail === tab) callback(); });
}

/** Lets the next visit work offline, where the browser can, once the first drawings are there. */
function keepForLater() {
  setTimeout(async () => {
    const isSaving = /** @type {any} */ (navigator).connection?.saveData;
    if (!isSaving) await artist.prepare().catch(() => {});
    document.documentElement.dataset.prepared = "";
  }, PREPARE_MILLISECONDS);
  navigator.serviceWorker?.register("service_worker.js").catch(() => {}); // then the page needs the network
}
