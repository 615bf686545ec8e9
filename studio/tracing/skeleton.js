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
  const edges = [1, -side, -1, side];
  const raw = new Float64Array(wide * wide);
  const sharp = new Float64Array(padded * padded);
  const tall = new Float64Array(side * padded);
  const ink = new Float64Array(area);
  const [mask, core, middle, labels, isListed] = [0, 1, 2, 3, 4].map(() => new Uint8Array(area));
  const [maskRows, coreRows] = [0, 1].map(() => new Int16Array(area));
  const [inked, listed, removed, starts, stops, parents, areas, numberOf] = Array.from({ length: 8 }, () => new Int32Array(area));
  let hasCore = false;
  let [begin, end] = [0, area]; // of the rows that hold ink, with one row of paper on both sides
  let [left, right] = [0, side]; // the same of columns, in which the last one counts

  /**
   * Enlarges the part of a drawing that has ink; around it, there is none. Returns the darkest.
   * @param {ArrayLike<number>} drawing 784 numbers in 0..255
   */
  function enlarge(drawing) {
    let [top, bottom] = [SIZE, 0];
    [left, right] = [SIZE, 0];
    for (let y = 0, from = 0; y < SIZE; y++) {
      for (let x = 0, to = (y + edge) * wide + edge; x < SIZE; x++, from++, to++) {
        raw[to] = drawing[from] / 255;
        if (!drawing[from]) continue;
        if (y < top) top = y;
        bottom = y;
        if (x < left) left = x;
        if (x > right) right = x;
      }
    }
    ink.fill(0);
    if (bottom < top) return 0;
    for (let y = 0, to = 0; y < padded; y++) {
      for (let x = 0, at = (y + 1) * wide + 1; x < padded; x++, at++, to++) {
        const mean = (raw[at - wide] + raw[at + wide] + raw[at - 1] + raw[at + 1]) / 4;
        sharp[to] = raw[at] + settings.sharpening * (raw[at] - mean);
      }
    }
    // Sharpening and interpolation reach three pixels beyond the ink.
    [top, left] = [top, left].map((first) => Math.max(0, first + MARGIN - 3));
    [bottom, right] = [bottom, right].map((last) => Math.min(SIZE + 2 * MARGIN, last + MARGIN + 4));
    for (let y = top * fine; y < bottom * fine; y++) {
      const { first, weights: [a, b, c, d] } = taps[y % fine];
      let from = (Math.floor(y / fine) + first) * padded;
      for (let x = 0, to = y * padded; x < padded; x++, from++, to++) {
        tall[to] = a * sharp[from] + b * sharp[from + padded] + c * sharp[from + 2 * padded] + d * sharp[from + 3 * padded];
      }
    }
    let darkest = 0;
    for (let phase = 0; phase < fine; phase++) {
      const { first, weights: [a, b, c, d] } = taps[phase];
      for (let y = top * fine; y < bottom * fine; y++) {
        let from = y * padded + first + left;
        for (let at = y * side + phase + left * fine, last = y * side + right * fine; at < last; at += fine, from++) {
          const value = a * tall[from] + b * tall[from + 1] + c * tall[from + 2] + d * tall[from + 3];
          ink[at] = value;
          if (value > darkest) darkest = value;
        }
      }
    }
    begin = top * fine * side;
    end = bottom * fine * side;
    left *= fine;
    right *= fine;
    return darkest;
  }

  /**
   * Fills the mask with what is darker than a level.
   * @param {number} level
   */
  function markInk(level) {
    let [top, bottom, least, most] = [area, 0, side, 0];
    mask.fill(0);
    for (let row = begin; row < end; row += side) {
      let [first, last] = [side, -1];
      for (let x = left; x < right; x++) {
        if (!(ink[row + x] > level)) continue;
        mask[row + x] = 1;
        if (last < 0) first = x;
        last = x;
      }
      if (last < 0) continue;
      if (row < top) top = row;
      bottom = row;
      if (first < least) least = first;
      if (last > most) most = last;
    }
    begin = top - side;
    end = bottom + 2 * side;
    [left, right] = [least - 1, most + 1];
  }

  /**
   * How far each pixel of a mask is from the nearest 0 in its row.
   * @param {Uint8Array} of
   * @param {Int16Array} rows
   */
  function measureRows(of, rows) {
    for (let row = begin; row < end; row += side) {
      const [first, last] = [row + left, row + right];
      let run = 0;
      for (let at = first; at <= last; at++) rows[at] = run = of[at] ? run + 1 : 0;
      run = 0;
      for (let at = last; at >= first; at--) {
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

  /** @param {number} run */
  function rootOf(run) {
    while (parents[run] !== run) run = parents[run] = parents[parents[run]];
    return run;
  }

  /**
   * The parts of pixels that have a value, connected across edges: each run of such pixels in a row, with its part's area.
   * @param {Uint8Array} of
   * @param {number} value
   * @param {(start: number, stop: number, area: number) => void} visit
   */
  function eachRun(of, value, visit) {
    let count = 0;
    for (let row = begin, above = 0, before = 0; row < end; row += side, above = before) {
      before = count;
      for (let at = row + left, last = row + right; at <= last; at++) {
        if (of[at] !== value) continue;
        const start = at;
        while (at <= last && of[at] === value) at++;
        starts[count] = start;
        stops[count] = at;
        areas[count] = at - start;
        parents[count] = count;
        while (above < before && stops[above] + side <= start) above++;
        for (let other = above; other < before && starts[other] + side < at; other++) {
          const [one, two] = [rootOf(other), rootOf(count)];
          if (one === two) continue;
          parents[two] = one;
          areas[one] += areas[two];
        }
        count++;
      }
    }
    for (let run = 0; run < count; run++) visit(starts[run], stops[run], areas[rootOf(run)]);
  }

  /**
   * Labels what is deeper than a limit, and says whether there is anything.
   * @param {Int16Array} rows
   * @param {number} limit
   */
  function labelDeeper(rows, limit) {
    let isFound = false;
    const least = limit * fine;
    const near = Math.floor(least + 0.5) * side; // paper there means that it isn't deeper
    for (let row = begin; row < end; row += side) {
      for (let at = row + left, last = row + right; at <= last; at++) {
        if (!(rows[at] > least && rows[at - near] && rows[at + near] && depthIn(rows, at) > limit)) continue;
        if (!isFound) labels.fill(0);
        isFound = true;
        labels[at] = 1;
      }
    }
    return isFound;
  }

  /**
   * Removes the insides of blobs, which are labelled, from a mask.
   * @param {Uint8Array} of
   * @param {Int16Array} rows
   */
  function makeLoops(of, rows) {
    const least = settings.blob_area * fine * fine;
    eachRun(labels, 1, (start, stop, size) => { if (size >= least) of.fill(0, start, stop); });
    measureRows(of, rows);
  }

  /**
   * Only pixels at an edge of what is left can be removed, so only they are looked at.
   * @param {Uint8Array} of
   */
  function addThinned(of) {
    labels.set(of.subarray(begin - side, end + side), begin - side);
    let count = 0;
    let numListed = 0;
    for (let at = begin; at < end; at++) {
      if (!of[at]) continue;
      inked[count++] = at;
      if (of[at - 1] && of[at + 1] && of[at - side] && of[at + side]) continue;
      isListed[at] = 1;
      listed[numListed++] = at;
    }
    for (let isChanged = true; isChanged;) {
      isChanged = false;
      for (let half = 1; half <= 2; half++) {
        let gone = 0;
        for (let place = 0; place < numListed; place++) {
          const at = listed[place];
          const [up, down] = [at - side, at + side];
          const bits = labels[at + 1] | (labels[up + 1] << 1) | (labels[up] << 2) | (labels[up - 1] << 3)
            | (labels[at - 1] << 4) | (labels[down - 1] << 5) | (labels[down] << 6) | (labels[down + 1] << 7);
          if (REMOVED[bits] & half) removed[gone++] = at;
        }
        if (!gone) continue;
        isChanged = true;
        for (let place = 0; place < gone; place++) labels[removed[place]] = 0;
        let kept = 0;
        for (let place = 0; place < numListed; place++) if (labels[listed[place]]) listed[kept++] = listed[place];
        for (let place = 0; place < gone; place++) {
          for (let edge = 0; edge < 4; edge++) {
            const at = removed[place] + edges[edge];
            if (!labels[at] || isListed[at]) continue;
            isListed[at] = 1;
            listed[kept++] = at;
          }
        }
        numListed = kept;
      }
    }
    for (let place = 0; place < count; place++) {
      const at = inked[place];
      isListed[at] = 0;
      if (labels[at]) middle[at] = 1;
    }
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
    eachRun(mask, 0, (start, stop, size) => { if (size < smallest) mask.fill(1, start, stop); });
    measureRows(mask, maskRows);
    hasCore = false;
    const { blob_depth: blob, loop_width: loop } = settings;
    const isDeep = labelDeeper(maskRows, Math.min(blob, loop)); // few drawings are
    if (isDeep && labelDeeper(maskRows, loop)) {
      core.fill(0);
      eachRun(labels, 1, (start, stop, size) => {
        if (size < settings.core_area * fine * fine) return;
        hasCore = true;
        core.fill(1, start, stop);
      });
    }
    if (isDeep && labelDeeper(maskRows, blob)) makeLoops(mask, maskRows);
    middle.fill(0);
    addThinned(mask);
    if (hasCore) {
      measureRows(core, coreRows);
      if (labelDeeper(coreRows, blob)) makeLoops(core, coreRows);
      addThinned(core);
    }
    return { side, begin, end, middle, numberOf, depthAt, place, inkAt };
  };
}

/** @typedef {NonNullable<ReturnType<ReturnType<typeof skeletons>>>} Skeleton */
