// Answers what the tabs' scripts ask a server for, from the artist and without a server.

import { inkOf } from "../shared/ink.js";
import { exporterOf } from "./exports.js";
import { slug } from "./names.js";
import { checkSeed, morphOf, picturesOf, viewIn, viewOf } from "./requests.js";
import { lookOf, queryOf, textOf } from "./texts.js";

/** @import { Catalog, Constants, DrawAnswer, DrawServer, Export, FavouritesServer, MorphAnswer, MorphServer, SiteSettings, View, Wish } from "../shared/types" */
/** @import { Sheet } from "../shared/ink.js" */
/** @import { Artist } from "./artist.js" */

const SCREENFUL = 64;
const TEXTS = ["link", "command", "python"];

/**
 * @param {Artist} artist
 * @param {SiteSettings} settings
 * @returns {DrawServer & MorphServer & FavouritesServer}
 */
export function siteServer(artist, { constants, tiles, words, firstClass, partners }) {
  const { openSheet } = inkOf(constants);
  const exporter = exporterOf(constants);
  const pixels = constants.size ** 2;
  /** @type {Awaited<ReturnType<Artist["catalog"]>>} */
  let listed = [];
  let version = 0; // of the list of classes
  /** @type {Promise<Sheet> | null} */
  let tileSheet = null;

  /** @param {Uint8Array} ink @returns {Sheet} */
  const sheetOf = (ink) => ({ ink, width: constants.size, columns: 1 });

  /** @returns {View} */
  const firstView = () => viewOf(
    firstClass, Math.floor(Math.random() * (constants.random_seed_max + 1)), constants.first_count, 1, Array(constants.num_styles).fill(0),
  );

  /**
   * @param {string} name
   * @param {View[]} views
   * @returns {Promise<DrawAnswer>}
   */
  async function drawn(name, views) {
    const pictures = views.flatMap((view) => picturesOf(view, constants, constants.max_drawings));
    const { ink, name: found, origin, revision } = await artist.draw(name, pictures);
    return { sheet: sheetOf(ink), columns: 1, name: found, origin, revision };
  }

  /** @param {string} name @param {unknown} into @param {unknown} keys @param {unknown} psi */
  async function drawnMorph(name, into, keys, psi) {
    const plan = morphOf(/** @type {unknown[]} */ (keys), psi, Boolean(into), constants);
    const answer = await artist.draw(name, plan.pictures, into ? `${into}` : null);
    return { ...plan, ...answer };
  }

  /**
   * A function that takes one list and answers with an error as a sentence.
   * @template {unknown[]} Request
   * @template Answer
   * @param {(...request: Request) => Promise<Answer>} work
   * @returns {(request: Request) => Promise<Answer | { error: string }>}
   */
  const answering = (work) => async (request) => {
    try {
      return await work(...request);
    } catch (error) {
      return { error: error instanceof Error ? error.message : `${error}` };
    }
  };

  /** @param {Blob} content @param {string} filename @returns {Export} */
  const saved = (content, filename) => {
    const url = URL.createObjectURL(content);
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    return { filename, url };
  };

  /** @param {unknown[]} request @returns {Promise<Export>} */
  async function exportDrawings([kind, name, first, count, psi, style, address, look, width]) {
    const view = viewOf(.../** @type {Parameters<typeof viewOf>} */ ([name, first, count, psi, style]));
    const pictures = picturesOf(view, constants, constants.max_count);
    if (TEXTS.includes(`${kind}`)) return { text: textOf(`${kind}`, `${address}`, queryOf(view, `${look}`, Number(width))) };
    const { ink, card, revision } = await artist.draw(view.name, pictures);
    const seeds = pictures.map(({ mix: [[each]] }) => each);
    const shown = {
      name: card.class_name, seeds, titles: seeds.map((each) => `${card.class_name}, seed ${each}`), sheet: sheetOf(ink),
      look: `${look}`, width: Number(width), about: { recipe: card.recipe, checkpoint: revision, psi, style },
    };
    const others = view.seeds.length ? `-and-${view.seeds.length - 1}-more` : "";
    return saved(await exporter.drawings(`${kind}`, shown), `${slug(view.name)}-${view.seed}${others}.${kind}`);
  }

  /** @param {unknown[]} request @returns {Promise<Export>} */
  async function exportMorph([kind, morph, address, speed, loop, look, width]) {
    const [name, into, keys, psi] = /** @type {[string, string | null, number[], number]} */ (morph);
    if (TEXTS.includes(`${kind}`)) {
      const entries = { class: name, psi, keys: keys.map((seed) => checkSeed(seed, constants)).join(), ...(into ? { into } : {}) };
      return { text: textOf(`${kind}`, `${address}`, { ...entries, ...lookOf(`${look}`, Number(width)) }) };
    }
    const { ink, frames } = await drawnMorph(name, into, keys, psi);
    const shown = { name, seeds: keys, titles: [], sheet: sheetOf(ink), look: `${look}`, width: Number(width), about: {} };
    return saved(await exporter.morph(`${kind}`, shown, frames, Number(speed), `${loop}`), `${slug(name)}-${keys.join("-")}.${kind}`);
  }

  /** @param {Wish[]} wishes */
  async function drawnFavourites(wishes) {
    const limit = constants.max_favourites;
    if (!wishes.length || wishes.length > limit) throw new Error(`Favourites are a list of 1 to ${limit} drawings.`);
    const ink = new Uint8Array(pixels * wishes.length);
    const names = [];
    for (const [place, { name, seed, psi, style, latent }] of wishes.entries()) {
      const [picture] = picturesOf(viewOf(name, latent.length ? 0 : seed, 1, psi, style), constants, 1);
      /** @type {import("../engine/latents.js").Weighted[]} */
      const mix = latent.length ? [[latent, 1]] : picture.mix;
      const answer = await artist.draw(name, [{ ...picture, mix }]);
      ink.set(answer.ink, pixels * place);
      names.push(answer.name);
    }
    return { sheet: sheetOf(ink), columns: 1, names };
  }

  /** @param {string} kind @param {Wish[]} wishes @param {string} look @param {number} width */
  async function exportFavourites(kind, wishes, look, width) {
    const { sheet, names } = await drawnFavourites(wishes);
    const titles = wishes.map(({ seed, latent }, place) => `${names[place]}, ${latent.length ? "found by a search" : `seed ${seed}`}`);
    const shown = { name: "favourites", names, seeds: wishes.map(({ seed }) => seed), titles, sheet, look, width, about: { drawings: wishes } };
    return saved(await exporter.drawings(kind, shown), `favourites.${kind}`);
  }

  return {
    favourite_drawings: answering(drawnFavourites),
    export_favourites: answering(exportFavourites),
    catalog: answering(async () => {
      listed = await artist.catalog();
      version = listed.reduce((sum, { name }) => [...name].reduce((part, letter) => (31 * part + letter.charCodeAt(0)) | 0, sum), 7);
      return /** @type {Catalog} */ ({ tiles: listed, words, wall: 0, screenful: SCREENFUL, version });
    }),
    async screenful([number, , wanted]) {
      const row = listed.slice(number * SCREENFUL, (number + 1) * SCREENFUL);
      if (!row.length || wanted !== version) return { sheet: "", seeds: [] };
      const ink = new Uint8Array(pixels * row.length);
      tileSheet ??= openSheet("tiles.png", SCREENFUL);
      const known = await tileSheet.catch(() => { tileSheet = null; return null; });
      const missing = row.flatMap(({ name }, place) => (known && tiles[name] ? [] : [place]));
      row.forEach(({ name }, place) => {
        if (known && tiles[name]) ink.set(cut(known, tiles[name][0], constants), pixels * place);
      });
      const drawings = missing.length ? await artist.tiles(missing.map((place) => [row[place].name, row[place].seed])) : new Uint8Array();
      missing.forEach((place, at) => ink.set(drawings.subarray(pixels * at, pixels * (at + 1)), pixels * place));
      return { sheet: sheetOf(ink), seeds: row.map(({ seed }) => seed) };
    },
    drawings: answering(async (name, groups) => {
      const views = groups.map((group) => viewOf(name, .../** @type {[number | number[], number, number, number[]]} */ (group)));
      return drawn(name, views);
    }),
    pick: answering(async (name, seed, count, psi, style) => { // without an evaluator, drawings come as they are
      const view = viewOf(name, seed, count, psi, style);
      const seeds = picturesOf(view, constants, constants.max_count).map(({ mix: [[each]] }) => each);
      return { ...(await drawn(name, [view])), seeds };
    }),
    open_link: answering(async (query) => {
      try {
        const state = viewIn(query, firstView(), constants);
        const answer = await drawn(state.name, [state]);
        return { ...answer, state: { ...state, name: answer.name }, picked: false, message: "" };
      } catch (error) {
        const state = firstView();
        const answer = await drawn(state.name, [state]);
        const reason = error instanceof Error ? error.message : `${error}`;
        return { ...answer, state: { ...state, name: answer.name }, picked: false, message: `This link can't be opened as it is. ${reason}` };
      }
    }),
    morph: answering(async (name, into, keys, psi) => {
      const { ink, frames, places, name: found, into: other, origin } = await drawnMorph(name, into, keys, psi);
      const good = partners[found] ?? [];
      return /** @type {MorphAnswer} */ ({ sheet: sheetOf(ink), columns: 1, frames, keys: places, name: found, into: other, partners: good, origin });
    }),
    export: answering(async (...request) => (Array.isArray(request[1]) ? exportMorph(request) : exportDrawings(request))),
  };
}

/** @param {Sheet} sheet @param {number} place @param {Constants} constants */
function cut({ ink, width, columns }, place, { size }) {
  const drawing = new Uint8Array(size * size);
  const start = Math.floor(place / columns) * size * width + (place % columns) * size;
  for (let y = 0; y < size; y++) drawing.set(ink.subarray(start + y * width, start + y * width + size), y * size);
  return drawing;
}
