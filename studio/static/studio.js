// Calls the artist: in a worker, so that the page stays quick, or else in the page.

import { artistOf } from "./artist.js";

/** @import { Artist } from "./artist.js" */
/** @import { SiteSettings } from "../shared/types" */

/**
 * @param {SiteSettings} settings
 * @returns {Artist}
 */
export function openStudio(settings) {
  /** @type {Map<number, { name: string, values: unknown[], resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  /** @type {Worker | null} */
  let worker = null;
  /** @type {Artist | null} */
  let here = null;
  let count = 0;

  /** Without a worker, the page draws itself, and first what it was waiting for. */
  function drawHere() {
    worker?.terminate();
    worker = null;
    here ??= artistOf(settings);
    for (const { name, values, resolve, reject } of waiting.values()) {
      if (name !== "open") /** @type {any} */ (here)[name](...values).then(resolve, reject);
    }
    waiting.clear();
  }

  /**
   * @param {string} name
   * @param {unknown[]} values
   * @returns {Promise<any>}
   */
  function call(name, ...values) {
    if (here) return /** @type {any} */ (here)[name](...values);
    return new Promise((resolve, reject) => {
      const id = ++count;
      waiting.set(id, { name, values, resolve, reject });
      worker?.postMessage({ id, name, values });
    });
  }

  try {
    worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("error", drawHere);
    worker.addEventListener("message", ({ data: { id, answer, error } }) => {
      const call = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) call?.resolve(answer);
      else call?.reject(new Error(error));
    });
    call("open", settings);
  } catch {
    drawHere();
  }
  return {
    draw: (...values) => call("draw", ...values),
    catalog: () => call("catalog"),
    news: () => call("news"),
    tiles: (...values) => call("tiles", ...values),
    prepare: () => call("prepare"),
  };
}
