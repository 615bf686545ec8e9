// GIFs with grey levels (the format: GIF89a, https://www.w3.org/Graphics/GIF/spec-gif89a.txt).

const DEPTH = 5; // bits of a pixel
const COLOURS = 2 ** DEPTH;
const MAX_CODE = 4096;

/**
 * @param {ImageData[]} frames of one size
 * @param {number} milliseconds from one to the next
 * @param {boolean} isEndless
 */
export function gif(frames, milliseconds, isEndless) {
  const { width, height } = frames[0];
  const short = (/** @type {number} */ number) => [number & 255, number >> 8];
  const text = (/** @type {string} */ word) => [...word].map((letter) => letter.charCodeAt(0));
  const palette = Array.from({ length: COLOURS }, (_, level) => Array(3).fill(Math.round((255 * level) / (COLOURS - 1)))).flat();
  /** @type {(number[] | Uint8Array<ArrayBuffer>)[]} */
  const parts = [[...text("GIF89a"), ...short(width), ...short(height), 0xf0 | (DEPTH - 1), 0, 0, ...palette]];
  if (isEndless) parts.push([0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0]);
  for (const { data } of frames) {
    const pixels = new Uint8Array(width * height);
    for (let at = 0; at < pixels.length; at++) pixels[at] = Math.round((data[4 * at] * (COLOURS - 1)) / 255);
    parts.push([0x21, 0xf9, 4, 0, ...short(Math.round(milliseconds / 10)), 0, 0]);
    parts.push([0x2c, 0, 0, 0, 0, ...short(width), ...short(height), 0, DEPTH]);
    parts.push(compressed(pixels));
  }
  parts.push([0x3b]);
  return new Blob(parts.map((part) => Uint8Array.from(part)), { type: "image/gif" });
}

/**
 * Lempel-Ziv-Welch codes in blocks of up to 255 bytes.
 * @param {Uint8Array} pixels
 */
function compressed(pixels) {
  const [clear, end] = [COLOURS, COLOURS + 1];
  const bytes = new Uint8Array(2 * pixels.length + 64);
  let [at, bits, numBits, width, next] = [0, 0, 0, DEPTH + 1, end + 1];
  /** @type {Map<number, number>} */
  let codes = new Map(); // code before and pixel, to code

  const write = (/** @type {number} */ code) => {
    bits |= code << numBits;
    for (numBits += width; numBits >= 8; numBits -= 8, bits >>= 8) bytes[at++] = bits & 255;
  };
  write(clear);
  let before = pixels[0];
  for (let place = 1; place < pixels.length; place++) {
    const key = before * COLOURS + pixels[place];
    const known = codes.get(key);
    if (known !== undefined) {
      before = known;
      continue;
    }
    write(before);
    codes.set(key, next++);
    if (next - 1 === 1 << width && width < 12) width++;
    if (next === MAX_CODE) {
      write(clear);
      codes = new Map();
      [width, next] = [DEPTH + 1, end + 1];
    }
    before = pixels[place];
  }
  write(before);
  write(end);
  if (numBits) bytes[at++] = bits & 255;
  const blocks = new Uint8Array(at + Math.ceil(at / 255) + 1);
  let to = 0;
  for (let from = 0; from < at; from += 255) {
    const part = bytes.subarray(from, Math.min(at, from + 255));
    blocks[to++] = part.length;
    blocks.set(part, to);
    to += part.length;
  }
  return blocks.subarray(0, to + 1);
}
