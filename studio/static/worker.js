// The artist in a worker: each message names one of its functions, and gets one answer.

import { artistOf } from "./artist.js";

/** @import { Artist } from "./artist.js" */

/** @type {Artist | null} */
let artist = null;

addEventListener("message", async ({ data: { id, name, values } }) => {
  if (name === "open") {
    artist = artistOf(values[0]);
    postMessage({ id });
    return;
  }
  try {
    const answer = await /** @type {any} */ (artist)[name](...values);
    postMessage({ id, answer });
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : `${error}` });
  }
});
