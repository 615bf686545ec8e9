// The one operation that takes time: a convolution. WebAssembly does it four numbers at a time, or else plain JavaScript.

/**
 * For every pixel of the output, a sum over segments of the input times weights. All places and strides are in bytes.
 * @typedef {object} Work
 * @property {number} a the input
 * @property {number} aRow from one row of the output to the next, in the input
 * @property {number} aPixel from one pixel to the next
 * @property {number} segments of a sum
 * @property {number} segmentStride
 * @property {number} segmentLength in numbers
 * @property {number} b the weights: for eight channels at a time, one number of the sum after the other
 * @property {number} c the output
 * @property {number} cRow
 * @property {number} cPixel
 * @property {number} panels how many times eight channels
 * @property {number} rows
 * @property {number} blocks how many times four pixels there are in a row
 */

export const PANEL = 8; // channels
export const BLOCK = 4; // pixels
const PAGE = 65536;
const FIRST_PAGES = 128;
const MAX_RESIDENT = 16_000_000; // bytes of weights in memory

/** Memory that the convolution works in: first the pictures, then weights, which stay until there are too many. */
export class Kernel {
  /** @param {{ isPlain?: boolean }} options isPlain: without WebAssembly */
  constructor({ isPlain = false } = {}) {
    this.memory = isPlain ? null : newMemory();
    this.numbers = this.memory ? new Float32Array(this.memory.buffer) : new Float32Array((FIRST_PAGES * PAGE) / 4);
    this.convolve = (this.memory && compiled(this.memory)) ?? ((/** @type {Work} */ work) => convolvePlainly(this.numbers, work));
    /** @type {Map<Float32Array, number>} */
    this.resident = new Map();
    this.pictureBytes = 0;
    this.end = 0;
  }

  /**
   * Makes room for pictures of so many bytes. They begin at 0.
   * @param {number} bytes
   */
  reserve(bytes) {
    if (bytes <= this.pictureBytes) return;
    this.pictureBytes = 1024 * Math.ceil(bytes / 1024);
    this.#forget();
    this.#grow(this.pictureBytes);
  }

  /**
   * Where weights are. An array that was given before must not have changed.
   * @param {Float32Array} weights
   */
  place(weights) {
    const known = this.resident.get(weights);
    if (known !== undefined) return known;
    if (this.end + weights.byteLength > this.pictureBytes + MAX_RESIDENT) this.#forget();
    const place = this.end;
    this.#grow(place + weights.byteLength);
    this.numbers.set(weights, place / 4);
    this.end = 16 * Math.ceil((place + weights.byteLength) / 16);
    this.resident.set(weights, place);
    return place;
  }

  #forget() {
    this.resident.clear();
    this.end = this.pictureBytes;
  }

  /** @param {number} bytes */
  #grow(bytes) {
    const missing = bytes - this.numbers.byteLength;
    if (missing <= 0) return;
    if (this.memory) {
      this.memory.grow(Math.ceil(missing / PAGE));
      this.numbers = new Float32Array(this.memory.buffer);
    } else {
      const before = this.numbers;
      this.numbers = new Float32Array(Math.ceil(bytes / PAGE) * (PAGE / 4));
      this.numbers.set(before);
    }
  }
}

function newMemory() {
  try {
    return new WebAssembly.Memory({ initial: FIRST_PAGES });
  } catch {
    return null;
  }
}

/**
 * The convolution as WebAssembly with SIMD, null where the browser has none.
 * @param {WebAssembly.Memory} memory
 */
function compiled(memory) {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembled()), { "": { memory } });
    const run = /** @type {(...numbers: number[]) => void} */ (exports.run);
    return (/** @type {Work} */ work) =>
      run(
        work.a, work.aRow, work.aPixel, work.segments, work.segmentStride, work.segmentLength, work.b,
        work.c, work.cRow, work.cPixel, work.panels, work.rows, work.blocks,
      );
  } catch {
    return null;
  }
}

/**
 * @param {Float32Array} numbers
 * @param {Work} work
 */
function convolvePlainly(numbers, work) {
  const [a, aRow, aPixel, stride] = [work.a, work.aRow, work.aPixel, work.segmentStride].map((bytes) => bytes / 4);
  const [b, c, cRow, cPixel] = [work.b, work.c, work.cRow, work.cPixel].map((bytes) => bytes / 4);
  const panelLength = work.segments * work.segmentLength * PANEL;
  for (let panel = 0; panel < work.panels; panel++) {
    for (let y = 0; y < work.rows; y++) {
      for (let x = 0; x < work.blocks * BLOCK; x++) {
        let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
        let weight = b + panel * panelLength;
        for (let segment = 0; segment < work.segments; segment++) {
          let from = a + y * aRow + x * aPixel + segment * stride;
          for (const end = from + work.segmentLength; from < end; from++, weight += PANEL) {
            const value = numbers[from];
            if (value === 0) continue;
            s0 += value * numbers[weight];
            s1 += value * numbers[weight + 1];
            s2 += value * numbers[weight + 2];
            s3 += value * numbers[weight + 3];
            s4 += value * numbers[weight + 4];
            s5 += value * numbers[weight + 5];
            s6 += value * numbers[weight + 6];
            s7 += value * numbers[weight + 7];
          }
        }
        const to = c + y * cRow + x * cPixel + panel * PANEL;
        numbers[to] = s0;
        numbers[to + 1] = s1;
        numbers[to + 2] = s2;
        numbers[to + 3] = s3;
        numbers[to + 4] = s4;
        numbers[to + 5] = s5;
        numbers[to + 6] = s6;
        numbers[to + 7] = s7;
      }
    }
  }
}

/** A WebAssembly module whose function `run` takes the numbers of a `Work`, in their order. */
function assembled() {
  const parameters = ["a", "aRow", "aPixel", "segments", "segmentStride", "segmentLength", "b", "c", "cRow", "cPixel", "panels", "rows", "blocks"];
  const places = ["aLine", "cLine", "aBlock", "cBlock", "y", "x", "segment", "from", "p0", "p1", "p2", "p3", "k", "weight", "to"];
  const vectors = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "low", "high", "value"];
  const names = [...parameters, ...places, ...vectors];

  const get = (/** @type {string} */ name) => [0x20, names.indexOf(name)];
  const set = (/** @type {string} */ name, /** @type {number[]} */ value) => [...value, 0x21, names.indexOf(name)];
  const constant = (/** @type {number} */ number) => [0x41, number]; // up to 63
  const plus = (/** @type {number[]} */ one, /** @type {number[]} */ other) => [...one, ...other, 0x6a];
  const advance = (/** @type {string} */ name, /** @type {number[]} */ by) => set(name, plus(get(name), by));
  const load = (/** @type {string} */ name, /** @type {number} */ offset) => [...get(name), 0xfd, 0x00, 4, offset];
  const loadInAll = (/** @type {string} */ name) => [...get(name), 0xfd, 0x09, 2, 0];
  const store = (/** @type {string} */ name, /** @type {number} */ offset, /** @type {string} */ value) =>
    [...get(name), ...get(value), 0xfd, 0x0b, 4, offset];
  const multiply = (/** @type {string} */ one, /** @type {string} */ other) => [...get(one), ...get(other), 0xfd, 0xe6, 0x01];
  const accumulate = (/** @type {string} */ sum, /** @type {string} */ one, /** @type {string} */ other) =>
    set(sum, [...get(sum), ...multiply(one, other), 0xfd, 0xe4, 0x01]);
  /** Runs as often as the counter says, at least once. @type {(counter: string, times: string, body: number[]) => number[]} */
  const repeat = (counter, times, body) => [
    ...set(counter, get(times)), 0x03, 0x40, ...body,
    ...get(counter), ...constant(1), 0x6b, 0x22, names.indexOf(counter), 0x0d, 0, 0x0b,
  ];

  const sums = vectors.slice(0, 8);
  const pixels = [0, 1, 2, 3];
  const inner = repeat("k", "segmentLength", [
    ...set("low", load("weight", 0)),
    ...set("high", load("weight", 16)),
    ...pixels.flatMap((pixel) => [
      ...set("value", loadInAll(`p${pixel}`)),
      ...accumulate(`s${2 * pixel}`, "value", "low"),
      ...accumulate(`s${2 * pixel + 1}`, "value", "high"),
      ...advance(`p${pixel}`, constant(4)),
    ]),
    ...advance("weight", constant(32)),
  ]);
  const block = [
    ...sums.flatMap((sum) => set(sum, [0xfd, 0x0c, ...Array(16).fill(0)])),
    ...set("weight", get("b")),
    ...set("from", get("aBlock")),
    ...repeat("segment", "segments", [
      ...set("p0", get("from")),
      ...[1, 2, 3].flatMap((pixel) => set(`p${pixel}`, plus(get(`p${pixel - 1}`), get("aPixel")))),
      ...inner,
      ...advance("from", get("segmentStride")),
    ]),
    ...pixels.flatMap((pixel) => [
      ...store("cBlock", 0, `s${2 * pixel}`),
      ...store("cBlock", 16, `s${2 * pixel + 1}`),
      ...advance("cBlock", get("cPixel")),
      ...advance("aBlock", get("aPixel")),
    ]),
  ];
  const line = [
    ...set("aBlock", get("aLine")),
    ...set("cBlock", get("cLine")),
    ...repeat("x", "blocks", block),
    ...advance("aLine", get("aRow")),
    ...advance("cLine", get("cRow")),
  ];
  const body = repeat("to", "panels", [
    ...set("aLine", get("a")),
    ...set("cLine", get("c")),
    ...repeat("y", "rows", line),
    ...set("b", get("weight")),
    ...advance("c", constant(32)),
  ]);

  const length = (/** @type {number} */ number) => (number < 128 ? [number] : [(number & 127) | 128, number >> 7]);
  const section = (/** @type {number} */ id, /** @type {number[]} */ content) => [id, ...length(content.length), ...content];
  const text = (/** @type {string} */ word) => [word.length, ...[...word].map((letter) => letter.charCodeAt(0))];
  const code = [2, places.length, 0x7f, vectors.length, 0x7b, ...body, 0x0b];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, 0x60, parameters.length, ...Array(parameters.length).fill(0x7f), 0]),
    ...section(2, [1, ...text(""), ...text("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("run"), 0, 0]),
    ...section(10, [1, ...length(code.length), ...code]),
  ]);
}
