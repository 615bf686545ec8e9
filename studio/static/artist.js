// Draws what the page asks for. It runs in a worker, or in the page where there are no workers.

import { drawBetween } from "../engine/engine.js";
import { Generators } from "./generators.js";
import { figures, origin, recognised } from "./words.js";

/** @import { Weighted } from "../engine/latents.js" */
/** @import { SiteSettings } from "../shared/types" */
/** @typedef {{ mix: Weighted[], psi: number, style?: number[], share?: number }} Picture share: of a second class */

const PIXELS = 784;
const AT_ONCE = 4; // drawings until other requests get their turn

/** @param {SiteSettings} settings */
export function artistOf(settings) {
  const generators = new Generators(settings);

  /**
   * @param {string} text
   * @param {Picture[]} pictures
   * @param {string | null} into
   */
  async function draw(text, pictures, into = null) {
    const name = await generators.find(text);
    const otherName = into === null ? null : await generators.find(into);
    const [one, other] = [await generators.of(name), otherName && otherName !== name ? await generators.of(otherName) : null];
    const ink = new Uint8Array(PIXELS * pictures.length);
    for (let at = 0; at < pictures.length; at++) {
      if (at % AT_ONCE === AT_ONCE - 1) await turn();
      const { share = 0, ...wish } = pictures[at];
      const isMixed = other && share > 0 && share < 1;
      const generator = other && share === 1 ? other.generator : one.generator;
      ink.set(isMixed ? drawBetween(one.generator, other.generator, share, wish) : generator.draw(wish), PIXELS * at);
    }
    const cards = [one.card, ...(other ? [other.card] : [])];
    return { ink, name, into: other && otherName ? otherName : "", origin: cards.map(origin).join("<br>"), revision: one.revision, card: one.card };
  }

  return {
    draw,
    async catalog() {
      const cards = [...(await generators.cards()).values()];
      cards.sort((one, other) => (one.class_name.toLowerCase() < other.class_name.toLowerCase() ? -1 : 1));
      return cards.map((card, place) => ({
        name: card.class_name, seed: settings.tiles[card.class_name]?.[1] ?? 1000 + place, draft: card.recipe === "draft",
        figures: figures(card), recognised: recognised(card),
      }));
    },
    news: () => generators.news(),
    /**
     * A drawing of each class that has no picture yet: a draft if there is one, because it needs no other file.
     * @param {[name: string, seed: number][]} wanted
     */
    async tiles(wanted) {
      const ink = new Uint8Array(PIXELS * wanted.length);
      for (let at = 0; at < wanted.length; at++) {
        const [name, seed] = wanted[at];
        try {
          const generator = name in settings.drafts ? await generators.draft(name) : (await generators.of(name)).generator;
          ink.set(generator.draw({ seed }), PIXELS * at);
        } catch {
          // A file that can't be used leaves only its own place empty.
        }
        if (at % AT_ONCE === AT_ONCE - 1) await turn();
      }
      return ink;
    },
    /** Gets what most visitors need next, so that it is there even offline. */
    async prepare() {
      const [name] = Object.keys(settings.drafts);
      if (name) await generators.draft(name).catch(() => {});
    },
  };
}

/** Lets other requests have their turn. */
const turn = () => new Promise((resolve) => { setTimeout(resolve, 0); });

/** @typedef {ReturnType<typeof artistOf>} Artist */
