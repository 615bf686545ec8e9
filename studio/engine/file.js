// Reads the project's .safetensors files, and trusts nothing in them (model/files/).

import { designOf, optionsOf, partsOf, shapesOf } from "./networks.js";

/** @import { Architecture, Design, Parts, Tensors } from "./networks.js" */
/** @typedef {{ design: Design, parts: Parts, typical: number[] }} Network */
/** What a checkpoint says about itself (`Card` in model/files/checkpoint.py). @typedef {{ class_name: string, architecture: Architecture, recipe: string, trained_on: Record<string, number>, metrics: Record<string, number> }} Card */
/** @typedef {{ architecture: Architecture, classes: string[], rows: Record<string, number>, typical: Record<string, number[]>, tensors: Tensors }} Drafts */
/** @typedef {{ header: Record<string, string>, tensors: Tensors }} Content */

export const CHECKPOINT = "endless-doodles/2";
export const DRAFTS = "endless-doodles/drafts/1";
export const MAX_BYTES = 2_500_000;
export const MAX_DRAFTS_BYTES = 20_000_000;
const MAX_HEADER_BYTES = 1_000_000;
const MAX_SEEDS = 64;
const NUM_EMBEDDED = 128; // numbers that describe a class before any training
/** @type {Record<string, number>} */
const BYTES = { F16: 2, F32: 4, I64: 8 };

/** A file that can't be used. The message is a sentence that names it. */
export class FileError extends Error {}

/**
 * @param {ArrayBuffer} content
 * @param {string} name for messages
 * @param {string} format
 * @returns {Content}
 */
export function readFile(content, name, format) {
  const damaged = () => new FileError(`${name} is damaged; load it again, or get it again.`);
  if (content.byteLength < 8) throw damaged();
  const length = Number(new DataView(content).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > content.byteLength) throw damaged();
  /** @type {Record<string, any>} */
  let entries;
  try {
    entries = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(content, 8, length)));
  } catch {
    throw damaged();
  }
  const { __metadata__: header, ...described } = Object(entries);
  if (typeof header !== "object" || header === null) throw new FileError(`${name} isn't a generator of this project.`);
  if (header.format !== format) {
    throw new FileError(`${name} has another format (${String(header.format ?? "none").slice(0, 40)}, not ${format}); update the page or the file.`);
  }
  /** @type {Map<string, { shape: number[], numbers: Float32Array }>} */
  const tensors = new Map();
  for (const [tensor, { dtype, shape, data_offsets }] of Object.entries(described).map(([key, value]) => /** @type {const} */ ([key, Object(value)]))) {
    const size = BYTES[dtype];
    const isShape = Array.isArray(shape) && shape.every((side) => Number.isInteger(side) && side >= 0);
    const [start, end] = Array.isArray(data_offsets) ? data_offsets : [];
    const count = isShape ? shape.reduce((total, side) => total * side, 1) : NaN;
    if (!size || !Number.isInteger(start) || start < 0 || end - start !== count * size || 8 + length + end > content.byteLength) throw damaged();
    const bytes = content.slice(8 + length + start, 8 + length + end);
    const numbers = numbersIn(bytes, dtype);
    if (!numbers.every(Number.isFinite)) throw new FileError(`${name} can't be used: its weights are not all finite.`);
    tensors.set(tensor.replace(/\bknown\b/, "class_embedding"), { shape, numbers }); // what older files call it
  }
  return { header, tensors };
}

/** @type {Float32Array | null} */
let halves = null; // every half-precision number, by its bits

/**
 * @param {ArrayBuffer} bytes
 * @param {string} dtype
 */
function numbersIn(bytes, dtype) {
  if (dtype === "F32") return new Float32Array(bytes);
  if (dtype === "I64") return Float32Array.from(new BigInt64Array(bytes), Number);
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
  });
  const table = halves;
  const stored = new Uint16Array(bytes);
  const numbers = new Float32Array(stored.length);
  for (let at = 0; at < stored.length; at++) numbers[at] = table[stored[at]];
  return numbers;
}

/**
 * A class's generator.
 * @param {ArrayBuffer} content
 * @param {string} name
 * @returns {{ card: Card, network: Network }}
 */
export function readCheckpoint(content, name) {
  if (content.byteLength > MAX_BYTES) throw new FileError(`${name} is larger than the ${MAX_BYTES.toLocaleString("en")} bytes allowed.`);
  const { header, tensors } = readFile(content, name, CHECKPOINT);
  const card = jsonIn(header.card, name);
  const isCard = isRecord(card) && typeof card.class_name === "string" && isRecord(card.architecture) && typeof card.recipe === "string";
  if (!isCard || !isRecord(card.trained_on) || !isRecord(card.metrics)) throw new FileError(`${name} has an unreadable card; get it again.`);
  const typical = header.typical_seeds === undefined ? [] : seedsIn(jsonIn(header.typical_seeds, name), name);
  return { card, network: networkFrom(card.architecture, tensors, typical, name) };
}

/**
 * The generators of all classes, which draw drafts.
 * @param {ArrayBuffer} content
 * @param {string} name
 * @returns {Drafts}
 */
export function readDrafts(content, name) {
  if (content.byteLength > MAX_DRAFTS_BYTES) throw new FileError(`${name} is larger than the ${MAX_DRAFTS_BYTES.toLocaleString("en")} bytes allowed.`);
  const { header, tensors } = readFile(content, name, DRAFTS);
  const [architecture, classes, rows] = ["generator", "classes", "rows"].map((key) => jsonIn(header[key], name));
  const seeds = header.typical_seeds === undefined ? {} : jsonIn(header.typical_seeds, name);
  if (!isRecord(architecture) || !Array.isArray(classes) || !isRecord(rows) || !isRecord(seeds)) throw new FileError(`${name} has an unreadable header; get it again.`);
  const typical = Object.fromEntries(Object.entries(seeds).map(([key, each]) => [key, seedsIn(each, name)]));
  return { architecture: /** @type {Architecture} */ (architecture), classes, rows, typical, tensors };
}

/**
 * The generator of one of the classes that drafts have.
 * @param {Drafts} drafts
 * @param {string} className
 * @param {string} name
 * @returns {Network}
 */
export function draftOf({ architecture, classes, typical, tensors }, className, name) {
  const single = singled(tensors, classes.indexOf(className), name);
  return networkFrom({ ...architecture, num_classes: 1 }, single, typical[className] ?? [], name);
}

/**
 * @param {Architecture} architecture
 * @param {Tensors} tensors
 * @param {number[]} typical
 * @param {string} name
 * @returns {Network}
 */
function networkFrom(architecture, tensors, typical, name) {
  try {
    const several = Number(optionsOf(architecture).num_classes ?? 1) > 1;
    const design = designOf(architecture);
    const own = several ? singled(tensors, 0, name) : tensors;
    const shapes = shapesOf(design);
    const fits = own.size === shapes.size && [...shapes].every(([key, shape]) => `${own.get(key)?.shape}` === `${shape}`);
    if (!fits) throw new Error("its weights do not fit its architecture");
    return { design, parts: partsOf(design, own), typical };
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(`${name} can't be used: ${error instanceof Error ? error.message : error}.`);
  }
}

/**
 * The tensors of one class of a network that has several: its row plus a map of its embedding (model/networks/class_embedding.py).
 * @param {Tensors} tensors
 * @param {number} place of the class
 * @param {string} name
 * @returns {Tensors}
 */
function singled(tensors, place, name) {
  const bad = () => new FileError(`${name} can't be used: its weights do not fit its architecture.`);
  const embeddings = tensors.get("class_embedding");
  if (!embeddings || embeddings.shape[1] !== NUM_EMBEDDED || place < 0 || place >= embeddings.shape[0]) throw bad();
  const embedding = embeddings.numbers.subarray(place * NUM_EMBEDDED, (place + 1) * NUM_EMBEDDED);
  /** @type {Map<string, { shape: number[], numbers: Float32Array }>} */
  const single = new Map();
  for (const [key, { shape, numbers }] of tensors) {
    const [owner, kind] = [key.slice(0, key.lastIndexOf(".")), key.slice(key.lastIndexOf(".") + 1)];
    if (kind === "rows") {
      const [shared, basis] = [tensors.get(`${owner}.shared`), tensors.get(`${owner}.basis`)];
      const width = shape[1];
      if (shape.length !== 2 || shape[0] !== embeddings.shape[0] || `${shared?.shape}` !== `${[width, NUM_EMBEDDED]}`) throw bad();
      if (basis && (basis.shape.length !== 2 || basis.shape[1] !== width)) throw bad();
      const mapped = times(shared?.numbers ?? numbers, embedding).map((number, at) => number + numbers[place * width + at]);
      const row = basis ? times(basis.numbers, mapped) : mapped;
      single.set(key, { shape: [1, row.length], numbers: row });
    } else if (kind !== "shared" && kind !== "basis" && key !== "class_embedding") {
      single.set(key, { shape: [...shape], numbers });
    }
  }
  return single;
}

/**
 * A matrix, row after row, times a vector.
 * @param {Float32Array} matrix
 * @param {Float32Array} vector
 */
function times(matrix, vector) {
  const width = vector.length;
  return Float32Array.from({ length: matrix.length / width }, (_, row) => {
    let sum = 0;
    for (let at = 0; at < width; at++) sum += matrix[row * width + at] * vector[at];
    return sum;
  });
}

/**
 * @param {unknown} text
 * @param {string} name
 */
function jsonIn(text, name) {
  try {
    return JSON.parse(String(text));
  } catch {
    throw new FileError(`${name} has an unreadable header; get it again.`);
  }
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {number[]}
 */
function seedsIn(value, name) {
  const isSeed = (/** @type {unknown} */ seed) => Number.isInteger(seed) && Number(seed) >= 0 && Number(seed) < 2 ** 32;
  if (Array.isArray(value) && value.length <= MAX_SEEDS && value.every(isSeed)) return value;
  throw new FileError(`${name} has unreadable typical seeds; get it again.`);
}

/** @param {unknown} value */
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
