// The generators of a site: those beside the page, those of a collection on the Hub, and the base's drafts.

import { Generator } from "../engine/engine.js";
import { draftOf, FileError, MAX_BYTES, readCheckpoint, readDrafts } from "../engine/file.js";
import { findClass } from "./names.js";

/** @import { Drafts } from "../engine/file.js" */
/** @import { SiteCard, SiteSettings } from "../shared/types" */
/** A checkpoint of an index. @typedef {{ card: SiteCard, url: string, sha256: string, size: number, when: string, isRemote: boolean }} Entry */

const INDEX = "index.json";
const INDEX_FORMAT = "endless-doodles-index/1";
const DRAFTS = "drafts.safetensors";
const MAX_INDEX_BYTES = 5_000_000;
const MAX_ENTRIES = 5000;
const MAX_LOADED = 24; // generators in memory
const MAX_CACHED = 120; // files that the browser keeps for later visits
const CACHE = "endless-doodles-generators";
const PATIENCE = 20_000; // milliseconds until a file or an index is given up
const REMOTE_FILE = /^classes\/[a-z0-9+-]+\.safetensors$/;

export class Generators {
  /** @param {SiteSettings} settings */
  constructor(settings) {
    this.settings = settings;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {Map<string, Generator>} */
    this.loaded = new Map(); // by hash and class, the latest last
    /** @type {Promise<Drafts> | null} */
    this.drafts = null;
    /** @type {Map<string, string>} */
    this.failures = new Map(); // hash to sentence
    this.notice = ""; // what is wrong with the collection; empty if nothing is
    /** @type {Promise<void> | null} */
    this.ready = null;
    /** @type {Promise<void> | null} */
    this.collection = null;
  }

  /** Reads the index beside the page, once. The collection's is read meanwhile; only a class that is in no other waits for it. */
  open() {
    this.ready ??= this.#readIndex(this.#beside(INDEX), this.#beside(""), false);
    if (this.settings.hub) this.collection ??= this.#readCollection();
    return this.ready;
  }

  /** The address of a file beside the page, also in a worker. @param {string} name */
  #beside(name) {
    return new URL(name, this.settings.base).href;
  }

  /** What can be drawn, by class name; drafts last. Waits for the collection, but not for long. @returns {Promise<Map<string, SiteCard>>} */
  async cards() {
    await this.open();
    await this.collection;
    return this.#cards();
  }

  #cards() {
    const cards = new Map([...this.entries].map(([name, { card }]) => [name, card]));
    for (const [name, rows] of Object.entries(this.settings.drafts)) {
      if (!cards.has(name)) cards.set(name, draftCard(name, rows));
    }
    return cards;
  }

  /**
   * The class that a text means. Throws an Error with a sentence.
   * @param {unknown} text
   */
  async find(text) {
    await this.open();
    try {
      return findClass(text, [...this.#cards().keys()], this.settings.words);
    } catch (error) {
      if (!this.collection) throw error;
      return findClass(text, [...(await this.cards()).keys()], this.settings.words);
    }
  }

  /**
   * The generator of a class, and its card. A broken file gives way to a draft, if there is one.
   * @param {string} name
   * @returns {Promise<{ generator: Generator, card: SiteCard, revision: string }>}
   */
  async of(name) {
    await this.open();
    const entry = this.entries.get(name);
    if (entry) {
      try {
        return { generator: await this.#load(entry), card: entry.card, revision: entry.sha256.slice(0, 8) };
      } catch (error) {
        if (!(name in this.settings.drafts)) throw error;
        this.failures.set(entry.sha256, error instanceof Error ? error.message : `${error}`);
      }
    }
    const rows = this.settings.drafts[name];
    if (rows === undefined) throw new Error(`“${name}” has no generator here; pick another class.`);
    return { generator: await this.draft(name), card: draftCard(name, rows), revision: "draft" };
  }

  /** @param {string} name */
  async draft(name) {
    const key = `draft ${name}`;
    const known = this.#latest(key);
    if (known) return known;
    this.drafts ??= this.#readDrafts().catch((error) => {
      this.drafts = null;
      throw error;
    });
    return this.#keep(key, new Generator(name, draftOf(await this.drafts, name, DRAFTS)));
  }

  async #readDrafts() {
    return readDrafts(await bytesOf(this.#beside(`${DRAFTS}?${this.settings.draftsHash.slice(0, 16)}`), DRAFTS, this.settings.draftsHash), DRAFTS);
  }

  /** @param {Entry} entry */
  async #load(entry) {
    const name = entry.url.split("/").pop()?.split("?")[0] ?? "";
    const key = `${entry.sha256} ${entry.card.class_name}`;
    const known = this.#latest(key);
    if (known) return known;
    const { card, network } = readCheckpoint(await bytesOf(entry.url, name, entry.sha256, entry.isRemote), name);
    if (card.class_name !== entry.card.class_name) throw new FileError(`${name} draws “${card.class_name}”, not “${entry.card.class_name}”, so it isn't used.`);
    return this.#keep(key, new Generator(card.class_name, network, card));
  }

  /** @param {string} key */
  #latest(key) {
    const known = this.loaded.get(key);
    if (known) {
      this.loaded.delete(key);
      this.loaded.set(key, known);
    }
    return known;
  }

  /**
   * @param {string} key
   * @param {Generator} generator
   */
  #keep(key, generator) {
    this.loaded.set(key, generator);
    for (const oldest of this.loaded.keys()) {
      if (this.loaded.size <= MAX_LOADED) break;
      this.loaded.delete(oldest);
    }
    return generator;
  }

  async #readCollection() {
    const { hub, endpoint } = this.settings;
    const [repo, revision = "main"] = hub.split("@");
    try {
      await this.ready;
      const about = await fetchPatiently(`${endpoint}/api/models/${repo}/revision/${encodeURIComponent(revision)}`);
      const { sha } = await about.json();
      if (!/^[0-9a-f]{40}$/.test(sha)) throw new Error("no commit");
      await this.#readIndex(`${endpoint}/${repo}/resolve/${sha}/${INDEX}`, `${endpoint}/${repo}/resolve/${sha}/`, true);
    } catch (error) {
      const reason = error instanceof FileError ? error.message : "";
      this.notice = reason || `The collection ${repo} can't be read, so this page draws what is beside it; reload the page to try again.`;
    }
  }

  /**
   * @param {string} address
   * @param {string} folder that the index's files are in
   * @param {boolean} isRemote
   */
  async #readIndex(address, folder, isRemote) {
    const text = await indexAt(address);
    /** @type {any} */
    let index = null;
    try {
      index = JSON.parse(text);
    } catch {
      // Not an index.
    }
    if (index?.format !== INDEX_FORMAT || !Array.isArray(index.checkpoints) || index.checkpoints.length > MAX_ENTRIES) {
      throw new FileError(`This page can't read ${isRemote ? "the collection's" : "its own"} ${INDEX}; update the page.`);
    }
    for (const each of index.checkpoints) {
      const { file, sha256, size, when, ...card } = Object(each);
      const isGood = REMOTE_FILE.test(file) && /^[0-9a-f]{64}$/.test(sha256) && size > 0 && size <= MAX_BYTES
        && typeof card.class_name === "string" && card.class_name.length <= 120 && isNumbers(card.trained_on) && isNumbers(card.metrics)
        && typeof card.recipe === "string";
      if (!isGood || (isRemote && this.entries.has(card.class_name))) continue;
      const url = folder + encodeURI(file) + (isRemote ? "" : `?${sha256.slice(0, 16)}`);
      this.entries.set(card.class_name, { card, url, sha256, size, when: `${when}`, isRemote });
    }
  }

  /** What is new in the collection, latest first. */
  async news() {
    await this.open();
    await this.collection;
    const remote = [...this.entries.values()].filter(({ isRemote }) => isRemote);
    const latest = remote.sort((one, other) => (one.when < other.when ? 1 : -1)).slice(0, 12);
    return { notice: this.notice, news: latest.map(({ card, when }) => ({ name: card.class_name, when })) };
  }
}

/** @param {unknown} value */
const isNumbers = (value) => typeof value === "object" && value !== null && Object.values(value).every((each) => typeof each === "number");

/**
 * @param {string} name
 * @param {number} rows
 * @returns {SiteCard}
 */
const draftCard = (name, rows) => ({ class_name: name, recipe: "draft", trained_on: { [name]: rows }, metrics: {} });

/** @param {string} address */
async function fetchPatiently(address) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const answer = await fetch(address, { signal: stop.signal });
    if (!answer.ok) throw new FileError(`${nameOf(address)} can't be loaded (${answer.status}); reload the page to try again.`);
    const content = await answer.arrayBuffer();
    return new Response(content, { headers: { "Content-Type": "application/octet-stream" } });
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string} address */
const nameOf = (address) => address.split("?")[0].split("/").pop() ?? "";

/**
 * An index as it is now, or as it was when the browser last saw it.
 * @param {string} address
 */
async function indexAt(address) {
  const cache = await openCache();
  let answer;
  try {
    answer = await fetchPatiently(address);
    cache?.put(address, answer.clone()).catch(() => {});
  } catch (error) {
    answer = await cache?.match(address);
    if (!answer) throw error instanceof FileError ? error : new FileError(`${nameOf(address)} can't be reached; go online and reload the page.`);
  }
  const content = await answer.arrayBuffer();
  if (content.byteLength > MAX_INDEX_BYTES) throw new FileError(`${nameOf(address)} is too large.`);
  return new TextDecoder().decode(content);
}

/**
 * A file's content, from the browser's cache if it is there, checked against its hash.
 * @param {string} address
 * @param {string} name
 * @param {string} sha256
 * @param {boolean} mustCheck whether a file that can't be checked is refused
 */
async function bytesOf(address, name, sha256, mustCheck = false) {
  if (mustCheck && !globalThis.crypto?.subtle) {
    throw new FileError(`${name} can't be checked, because this page wasn't opened with https; open it with https.`);
  }
  const cache = await openCache();
  const kept = await cache?.match(address).catch(() => undefined);
  if (kept) {
    const content = await kept.arrayBuffer();
    if (await isRight(content, sha256)) return content;
  }
  const answer = await fetchPatiently(address).catch((error) => {
    throw error instanceof FileError ? error : new FileError(`${name} can't be reached; go online and try again.`);
  });
  const content = await answer.clone().arrayBuffer();
  if (!(await isRight(content, sha256))) throw new FileError(`${name} doesn't have the hash that the index gives, so it isn't used.`);
  if (cache) keepFor(cache, address, answer);
  return content;
}

/**
 * @param {ArrayBuffer} content
 * @param {string} sha256
 */
async function isRight(content, sha256) {
  if (!globalThis.crypto?.subtle) return true; // a browser offers it to pages with https; what a file holds is checked in any case
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

async function openCache() {
  try {
    return await caches.open(CACHE);
  } catch {
    return null; // no storage: then nothing is kept
  }
}

/**
 * @param {Cache} cache
 * @param {string} address
 * @param {Response} answer
 */
async function keepFor(cache, address, answer) {
  try {
    await cache.put(address, answer);
    const keys = await cache.keys();
    for (const oldest of keys.slice(0, Math.max(0, keys.length - MAX_CACHED))) await cache.delete(oldest);
  } catch {
    // No room: then it isn't kept.
  }
}
