// What the page says about a generator, in the words of studio/shared/pictures.py.

/** @import { SiteCard } from "../shared/types" */

const FEW_DRAWINGS = 500;
const DOODLENET = "doodlenet_"; // in the names of figures by DoodleNet

/** @param {string} text */
export const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** @param {number} share */
const percent = (share) => `${Math.round(100 * share)}%`;
/** @param {number} count */
const grouped = (count) => count.toLocaleString("en");

/** @param {SiteCard} card */
const numDrawings = (card) => Object.values(card.trained_on).reduce((total, count) => total + count, 0);

/** @param {SiteCard} card */
const isByDoodleNet = ({ metrics }) => Object.keys(metrics).some((name) => name.includes(DOODLENET));

/**
 * The metrics to quote: DoodleNet's if there are any.
 * @param {SiteCard} card
 * @returns {Record<string, number>}
 */
function quoted(card) {
  const entries = Object.entries(card.metrics);
  if (!isByDoodleNet(card)) return card.metrics;
  return Object.fromEntries(entries.filter(([name]) => name.includes(DOODLENET)).map(([name, value]) => [name.replace(DOODLENET, ""), value]));
}

/** @param {SiteCard} card */
export function figures(card) {
  const metrics = quoted(card);
  const has = (/** @type {string[]} */ ...names) => names.every((name) => typeof metrics[name] === "number");
  const sentences = [];
  if (has("top1", "real_top1")) {
    const by = isByDoodleNet(card) ? "DoodleNet recognises" : "Our own evaluator recognises";
    sentences.push(`${by} ${percent(metrics.top1)} of them (real drawings: ${percent(metrics.real_top1)}).`);
  }
  if (has("frechet_distance", "real_frechet_distance", "coverage", "real_coverage")) {
    sentences.push(
      `Distance ${metrics.frechet_distance.toFixed(2)} (${metrics.real_frechet_distance.toFixed(2)}), `
      + `coverage ${percent(metrics.coverage)} (${percent(metrics.real_coverage)}).`,
    );
  }
  return sentences.join(" ");
}

/**
 * How often a generator's drawings are recognised, relative to real ones; null if that wasn't measured.
 * @param {SiteCard} card
 */
export function recognised(card) {
  const { top1, real_top1 } = quoted(card);
  return real_top1 && typeof top1 === "number" ? top1 / real_top1 : null;
}

/**
 * HTML.
 * @param {SiteCard} card
 */
export function origin(card) {
  const name = `<b>${escaped(card.class_name)}</b>`;
  if (card.recipe === "draft") {
    return `${name} is a draft: the shared base draws it, and has seen ${grouped(numDrawings(card))} drawings of this class. `
      + `<button type="button" class="train-it" data-name="${escaped(card.class_name)}">Train it</button> to get better ones.`;
  }
  const line = `${name} learned from ${grouped(numDrawings(card))} drawings (recipe ${escaped(card.recipe)}). ${figures(card)}`;
  return numDrawings(card) < FEW_DRAWINGS
    ? `${line} With so few, its doodles vary little, and some are close to drawings it learned from.`
    : line;
}
