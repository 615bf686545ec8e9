// From a drawing to the pixels along the middle of its lines (model/tracing/skeleton.py).

/** @import { Point, TraceSettings } from "../shared/types" */

const SIZE = 28;
const MARGIN = 2; // pixels of paper around a drawing

/**
 * Which of 256 neighbourhoods each half of a pass of thinning removes, bit 1 the first and bit 2 the second (Guo and Hall
 * 1989). Neighbours are bits from the right one on, anticlockwise.
 */
const REMOVED = Uint8Array.from({ length: 256 }, (_, around) => {
  const x = Array.from({ length: 9 }, (_, bit) => (around >> bit % 8) & 1);
  const sum = (/** @type {(pair: number) => number} */ of) => [0, 2, 4, 6].reduce((total, pair) => total + of(pair), 0);
  const crossings = sum((pair) => (x[pair] ? 0 : x[pair + 1] | x[pair + 2]));
  const fewest = Math.min(sum((pair) => x[pair] | x[pair + 1]), sum((pair) => x[pair + 1] | x[pair + 2]));
  if (crossings !== 1 || fewest < 2 || fewest > 3) return 0;
  const first = !((x[1] | x[2] | (1 - x[7])) & x[0]);
  const second = !((x[5] | x[6] | (1 - x[3])) & x[4]);
  return (first ? 1 : 0) | (second ? 2 : 0);
});

/** @param {number} x */
const kernel = (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2);

/** @param {TraceSettings} settings */
export function skeletons(settings) {
  const fine = settings.fineness;
  const padded = SIZE + 2 * MARGIN + 4;
  const edge = MARGIN + 3;
  const wide = SIZE + 2 * edge;
  const side = (SIZE + 2 * MARGIN) * fine;
  const area = side * side;
  const taps = Array.from({ length: fine }, (_, phase) => {
    const offset = (phase + 0.5) / fine - 0.5;
    const first = 1 + Math.floor(offset);
    return { first, weights: [0, 1, 2, 3].map((tap) => kernel(Math.abs(first - 2 + tap - offset))) };
  });
  const around = [1, 1 - side, -side, -1 - side, -1, side - 1, side, side + 1];
  const raw = new Float64Array(wide * wide);
  const sharp = new Float64Array(padded * padded);
  const tall = new Float64Array(side * padded);
  const ink = new Float64Array(area);
  const [mask, core, middle, labels] = [0, 1, 2, 3].map(() => new Uint8Array(area));
  const [maskRows, coreRows] = [0, 1].map(() => new Int16Array(area));
  const [stack, pixels, removed] = [0, 1, 2].map(() => new Int32Array(area));
  let hasCore = false;
  let [begin, end] = [0, area]; // of the rows that hold ink, with one row of paper on both sides

  /** @param {ArrayLike<number>} drawing 784 numbers in 0..255 */
  function enlarge(drawing) {
    for (let y = 0, from = 0; y < SIZE; y++) {
      for (let x = 0, to = (y + edge) * wide + edge; x < SIZE; x++) raw[to++] = drawing[from++] / 255;
    }
    for (let y = 0, to = 0; y < padded; y++) {
      for (let x = 0, at = (y + 1) * wide + 1; x < padded; x++, at++, to++) {
        const mean = (raw[at - wide] + raw[at + wide] + raw[at - 1] + raw[at + 1]) / 4;
        sharp[to] = raw[at] + settings.sharpening * (raw[at] - mean);
      }
    }
    for (let y = 0, to = 0; y < side; y++) {
      const { first, weights: [a, b, c, d] } = taps[y % fine];
      let from = (Math.floor(y / fine) + first) * padded;
      for (let x = 0; x < padded; x++, from++, to++) {
        tall[to] = a * sharp[from] + b * sharp[from + padded] + c * sharp[from + 2 * padded] + d * sharp[from + 3 * padded];
      }
    }
    let darkest = 0;
    for (let phase = 0; phase < fine; phase++) {
      const { first, weights: [a, b, c, d] } = taps[phase];
      for (let y = 0; y < side; y++) {
        let from = y * padded + first;
        for (let at = y * side + phase, end = (y + 1) * side; at < end; at += fine, from++) {
          const value = a * tall[from] + b * tall[from + 1] + c * tall[from + 2] + d * tall[from + 3];
          ink[at] = value;
          if (value > darkest) darkest = value;
        }
      }
    }
    return darkest;
  }

  /**
   * Fills the mask with what is darker than a level, and labels the paper near it.
   * @param {number} level
   */
  function markInk(level) {
    let [top, bottom, left, right] = [side, 0, side, 0];
    for (let y = 0, at = 0; y < side; y++) {
      for (let x = 0; x < side; x++, at++) {
        mask[at] = ink[at] > level ? 1 : 0;
        if (!mask[at]) continue;
        if (y < top) top = y;
        if (y > bottom) bottom = y;
        if (x < left) left = x;
        if (x > right) right = x;
      }
    }
    begin = (top - 1) * side;
    end = (bottom + 2) * side;
    labels.fill(0);
    for (let y = top - 1; y <= bottom + 1; y++) {
      for (let at = y * side + left - 1; at <= y * side + right + 1; at++) labels[at] = 1 - mask[at];
    }
  }

  /**
   * How far each pixel of a mask is from the nearest 0 in its row.
   * @param {Uint8Array} of
   * @param {Int16Array} rows
   */
  function measureRows(of, rows) {
    for (let from = begin; from < end; from += side) {
      let run = 0;
      for (let at = from; at < from + side; at++) rows[at] = run = of[at] ? run + 1 : 0;
      run = 0;
      for (let at = from + side - 1; at >= from; at--) {
        run = of[at] ? run + 1 : 0;
        if (run < rows[at]) rows[at] = run;
      }
    }
  }

  /**
   * How far a pixel is from the nearest 0, in the drawing's pixels.
   * @param {Int16Array} rows
   * @param {number} at
   */
  function depthIn(rows, at) {
    let best = rows[at] * rows[at];
    for (let dy = 1; dy * dy < best; dy++) {
      const up = rows[at - dy * side];
      const down = rows[at + dy * side];
      const nearest = up < down ? up : down;
      const squared = dy * dy + nearest * nearest;
      if (squared < best) best = squared;
    }
    return Math.max(Math.sqrt(best) - 0.5, 0) / fine;
  }

  /**
   * The parts of pixels that are labelled 1, connected across edges; they are labelled 2 then.
   * @param {(part: Int32Array) => void} visit
   */
  function eachPart(visit) {
    for (let start = begin; start < end; start++) {
      if (labels[start] !== 1) continue;
      let count = 1;
      stack[0] = start;
      labels[start] = 2;
      for (let next = 0; next < count; next++) {
        const at = stack[next];
        if (labels[at - side] === 1) { labels[at - side] = 2; stack[count++] = at - side; }
        if (labels[at + side] === 1) { labels[at + side] = 2; stack[count++] = at + side; }
        if (labels[at - 1] === 1) { labels[at - 1] = 2; stack[count++] = at - 1; }
        if (labels[at + 1] === 1) { labels[at + 1] = 2; stack[count++] = at + 1; }
      }
      visit(stack.subarray(0, count));
    }
  }

  /**
   * Labels what is deeper than a limit, and says whether there is anything.
   * @param {Int16Array} rows
   * @param {number} limit
   */
  function labelDeeper(rows, limit) {
    labels.fill(0);
    let isFound = false;
    const least = limit * fine;
    for (let at = begin; at < end; at++) {
      const isDeeper = rows[at] > least && depthIn(rows, at) > limit;
      labels[at] = isDeeper ? 1 : 0;
      isFound ||= isDeeper;
    }
    return isFound;
  }

  /**
   * Removes the insides of blobs from a mask whose rows have been measured.
   * @param {Uint8Array} of
   * @param {Int16Array} rows
   */
  function makeLoops(of, rows) {
    if (!labelDeeper(rows, settings.blob_depth)) return;
    const least = settings.blob_area * fine * fine;
    eachPart((part) => { if (part.length >= least) for (const at of part) of[at] = 0; });
    measureRows(of, rows);
  }

  /** @param {Uint8Array} of */
  function addThinned(of) {
    labels.set(of);
    let count = 0;
    for (let at = begin; at < end; at++) if (of[at]) pixels[count++] = at;
    for (let before = -1; before !== count;) {
      before = count;
      for (let half = 1; half <= 2; half++) {
        let gone = 0;
        for (let place = 0; place < count; place++) {
          const at = pixels[place];
          const bits = labels[at + around[0]] | (labels[at + around[1]] << 1) | (labels[at + around[2]] << 2)
            | (labels[at + around[3]] << 3) | (labels[at + around[4]] << 4) | (labels[at + around[5]] << 5)
            | (labels[at + around[6]] << 6) | (labels[at + around[7]] << 7);
          if (REMOVED[bits] & half) removed[gone++] = at;
        }
        for (let place = 0; place < gone; place++) labels[removed[place]] = 0;
        let kept = 0;
        for (let place = 0; place < count; place++) if (labels[pixels[place]]) pixels[kept++] = pixels[place];
        count = kept;
      }
    }
    for (let place = 0; place < count; place++) middle[pixels[place]] = 1;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {Point}
   */
  const place = (x, y) => [(x + 0.5) / fine - MARGIN, (y + 0.5) / fine - MARGIN];

  /**
   * @param {number} x
   * @param {number} y
   */
  function inkAt(x, y) {
    const column = Math.max(0, Math.min(side - 1, Math.floor((x + MARGIN) * fine)));
    const row = Math.max(0, Math.min(side - 1, Math.floor((y + MARGIN) * fine)));
    const value = ink[row * side + column];
    return value < 0 ? 0 : value > 1 ? 1 : value;
  }

  /** @param {number} at */
  const depthAt = (at) => (hasCore ? Math.max(depthIn(maskRows, at), depthIn(coreRows, at)) : depthIn(maskRows, at));

  /**
   * The skeleton of a drawing, valid until the next one is made; null if it is empty.
   * @param {ArrayLike<number>} drawing
   */
  return function skeleton(drawing) {
    const darkest = enlarge(drawing);
    if (darkest < settings.faintest) return null;
    markInk(Math.min(settings.level, settings.relative_level * darkest));
    const smallest = settings.hole_area * fine * fine;
    eachPart((part) => { if (part.length < smallest) for (const at of part) mask[at] = 1; });
    measureRows(mask, maskRows);
    hasCore = false;
    if (labelDeeper(maskRows, settings.loop_width)) {
      core.fill(0);
      eachPart((part) => {
        if (part.length < settings.core_area * fine * fine) return;
        hasCore = true;
        for (const at of part) core[at] = 1;
      });
    }
    makeLoops(mask, maskRows);
    middle.fill(0);
    addThinned(mask);
    if (hasCore) {
      measureRows(core, coreRows);
      makeLoops(core, coreRows);
      addThinned(core);
    }
    return { side, begin, end, middle, depthAt, place, inkAt };
  };
}

/** @typedef {NonNullable<ReturnType<ReturnType<typeof skeletons>>>} Skeleton */
