// Texts that lead back to what the page shows: links, commands and programs (model/drawing/view.py).

/** @import { View } from "../shared/types" */
/** @typedef {Record<string, string | number>} Entries */

const USUAL_WIDTH = 4;

/**
 * @param {string} look
 * @param {number} width
 * @returns {Entries}
 */
export const lookOf = (look, width) => ({ look, ...(look === "pen" && width !== USUAL_WIDTH ? { width } : {}) });

/**
 * @param {View} view
 * @param {string} look
 * @param {number} width
 * @returns {Entries}
 */
export const queryOf = ({ name, psi, seed, seeds, count, style }, look, width) =>
  ({ class: name, psi, ...(seeds.length ? { seeds: seeds.join() } : { seed, count }), ...(style.some(Boolean) ? { style: style.join() } : {}), ...lookOf(look, width) });

/**
 * @param {string} kind
 * @param {string} address the page's
 * @param {Entries} entries of a link
 */
export function textOf(kind, address, entries) {
  const query = `?${new URLSearchParams(Object.entries(entries).map(([key, value]) => [key, `${value}`]))}`.replaceAll("%2C", ",");
  if (kind === "link") return address + query;
  if (kind === "command") return commandOf(entries);
  const isMorph = "keys" in entries;
  return [
    "from pathlib import Path\n",
    "from model.drawing.sampler import Sampler",
    "from model.drawing.view import read_view",
    "from model.exports.export import export\n",
    `view = read_view('${query.replaceAll("'", "%27")}')`,
    'sampler = Sampler([Path("checkpoints")])',
    "drawings = sampler.draw_all(view.pictures())",
    `content = export(sampler, view, ${isMorph ? '"webp")  # or "gif", "mp4"' : '"svg")  # or "png", "zip", "gif"'}\n`,
  ].join("\n");
}

/** @param {Entries} entries */
function commandOf({ class: name, ...options }) {
  const words = Object.entries(options).map(([key, value]) => (`${value}`.startsWith("-") ? `--${key}=${value}` : `--${key} ${quoted(value)}`));
  const isOption = `${name}`.startsWith("-");
  return ["python -m model", ...(isOption ? [] : [quoted(name)]), ...words, ...(isOption ? ["--", quoted(name)] : [])].join(" ");
}

/** A word as a shell wants it. @param {string | number} word */
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(`${word}`) ? `${word}` : `'${`${word}`.replaceAll("'", "'\"'\"'")}'`);
