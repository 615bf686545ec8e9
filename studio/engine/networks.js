// The generators that model/networks/ can build, as steps that the kernel carries out. Pictures have their channels last.

import { BLOCK, PANEL } from "./kernel.js";

/** @import { Kernel } from "./kernel.js" */
/** Weights in the order that the kernel wants, and smaller numbers, by name. @typedef {Record<string, Float32Array>} Parts */
/** Tensors of a file by name. @typedef {ReadonlyMap<string, { shape: readonly number[], numbers: Float32Array }>} Tensors */
/** @typedef {{ network: string, [option: string]: unknown }} Architecture */
/**
 * What follows the first layer: what is done to each number, then a convolution.
 * @typedef {object} Step
 * @property {string} name of the convolution's tensors
 * @property {string} norm of the tensors of a norm before it; empty for none
 * @property {"relu" | "gelu"} activation
 * @property {number} inputs channels
 * @property {number} outputs
 * @property {boolean} isTransposed whether it is PyTorch's ConvTranspose2d
 * @property {number} padding of one that doubles height and width, as PyTorch counts it; 0 for one that keeps them
 * @property {boolean} hasBias
 * @property {boolean} isAdded whether its input is added to its output
 */
/**
 * @typedef {object} Design
 * @property {number} zDim
 * @property {number} saturation
 * @property {number} size pixels a side of the grid that the first layer makes
 * @property {number} channels of that grid
 * @property {string} first the name of the first layer's tensors
 * @property {boolean} hasFirstBias
 * @property {boolean} isFirstTransposed
 * @property {boolean} hasLayout
 * @property {"class" | "batch" | ""} norm
 * @property {Step[]} steps
 */

export const SIZE = 28;
const PIXELS = SIZE * SIZE;
const MAX_OPTION = 1024;
const EPSILON = 1e-5; // of batch norms

const isWhole = (/** @type {unknown} */ value, least = 1) => Number.isInteger(value) && Number(value) >= least && Number(value) <= MAX_OPTION;
const isShare = (/** @type {unknown} */ value) => typeof value === "number" && value >= 0 && value < 1;
const upTo = (/** @type {number} */ number, /** @type {number} */ multiple) => multiple * Math.ceil(number / multiple);

/** The options of each network: its default, and whether a value is allowed. @type {Record<string, Record<string, [number, (value: unknown) => boolean]>>} */
const OPTIONS = {
  doodle: {
    z_dim: [64, isWhole], channels: [48, (value) => isWhole(value, 3)], num_classes: [1, isWhole], saturation: [0, isShare],
    layout_rank: [0, (value) => isWhole(value, 0)],
  },
  superdeep: { z_dim: [100, isWhole], depth: [4, (value) => isWhole(value, 4) && Number(value) <= 12], dropout: [0.2, isShare] },
  deep: { z_dim: [100, isWhole], dropout: [0.2, isShare] },
  shallow: { z_dim: [100, isWhole], dropout: [0.2, isShare] },
};

/**
 * The options of an architecture, all of them numbers. Throws an Error that says what can't be built.
 * @param {Architecture} architecture
 * @returns {Record<string, number>}
 */
export function optionsOf({ network, ...given }) {
  const options = Object.hasOwn(OPTIONS, network) ? OPTIONS[network] : null;
  if (!options) throw new Error(`there is no network “${String(network).slice(0, 40)}” here; update the page`);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(options, name));
  if (unknown) throw new Error(`the network “${network}” has no option “${unknown.slice(0, 40)}” here; update the page`);
  return Object.fromEntries(Object.entries(options).map(([name, [usual, isAllowed]]) => {
    const value = given[name] ?? usual;
    if (!isAllowed(value)) throw new Error(`the option ${name} of “${network}” can't be ${String(value).slice(0, 40)}`);
    return [name, Number(value)];
  }));
}

/**
 * @param {Architecture} architecture for one class
 * @returns {Design}
 */
export function designOf(architecture) {
  const options = optionsOf(architecture);
  /** @type {(step: Partial<Step> & { name: string, inputs: number, outputs: number }) => Step} */
  const step = (given) => ({ norm: "", activation: "relu", isTransposed: true, padding: 0, hasBias: true, isAdded: false, ...given });
  const plain = { zDim: options.z_dim, saturation: 0, isFirstTransposed: false, hasFirstBias: true, hasLayout: false };
  if (architecture.network === "doodle") {
    const [wide, middle, narrow] = [2 * options.channels, options.channels, Math.floor(options.channels / 3)];
    const block = (/** @type {string} */ name) => ({ name: `${name}.convolution`, norm: `${name}.norm`, hasBias: false });
    return {
      ...plain, saturation: options.saturation, size: 7, channels: wide, first: "to_grid", hasFirstBias: false,
      hasLayout: options.layout_rank > 0, norm: "class",
      steps: [
        step({ ...block("block7"), inputs: wide, outputs: wide, isTransposed: false, isAdded: true }),
        step({ ...block("block14"), inputs: wide, outputs: middle, padding: 1 }),
        step({ ...block("block28"), inputs: middle, outputs: narrow, padding: 1 }),
        step({ ...block("to_ink"), inputs: narrow, outputs: 1, hasBias: true }),
      ],
    };
  }
  if (architecture.network === "superdeep") {
    const layer = (/** @type {number} */ place) => ({ name: `layers.${4 * place}`, norm: `layers.${4 * place - 3}` });
    const deeper = Array.from({ length: options.depth - 4 }, (_, extra) =>
      step({ ...layer(3 + extra), inputs: 64, outputs: 64, isTransposed: false }));
    return {
      ...plain, size: 4, channels: 256, first: "layers.0", isFirstTransposed: true, norm: "batch",
      steps: [
        step({ ...layer(1), inputs: 256, outputs: 128, padding: 1 }),
        step({ ...layer(2), inputs: 128, outputs: 64, padding: 2 }),
        ...deeper,
        step({ ...layer(options.depth - 1), inputs: 64, outputs: 1, padding: 1 }),
      ],
    };
  }
  const [wide, middle, narrow] = architecture.network === "deep" ? [128, 64, 16] : [32, 16, 8];
  return {
    ...plain, size: 7, channels: wide, first: "layers.0", norm: "",
    steps: [
      step({ name: "layers.4", activation: "gelu", inputs: wide, outputs: middle, padding: 1 }),
      step({ name: "layers.7", activation: "gelu", inputs: middle, outputs: narrow, padding: 1 }),
      step({ name: "layers.10", activation: "gelu", inputs: narrow, outputs: 1, isTransposed: false }),
    ],
  };
}

/**
 * The tensors that a file with this design has, by name.
 * @param {Design} design
 * @returns {Map<string, number[]>}
 */
export function shapesOf(design) {
  const features = design.channels * design.size ** 2;
  /** @type {Map<string, number[]>} */
  const shapes = new Map();
  const firstShape = design.isFirstTransposed ? [design.zDim, design.channels, design.size, design.size] : [features, design.zDim];
  shapes.set(`${design.first}.weight`, firstShape);
  if (design.hasFirstBias) shapes.set(`${design.first}.bias`, [design.isFirstTransposed ? design.channels : features]);
  if (design.hasLayout) shapes.set("layout.rows", [1, features]);
  for (const { name, norm, inputs, outputs, isTransposed, padding, hasBias } of design.steps) {
    const side = padding ? 4 : 3;
    shapes.set(`${name}.weight`, [...(isTransposed ? [inputs, outputs] : [outputs, inputs]), side, side]);
    if (hasBias) shapes.set(`${name}.bias`, [outputs]);
    for (const [tensor, shape] of normShapes(design, norm, inputs)) shapes.set(tensor, shape);
  }
  return shapes;
}

/**
 * @param {Design} design
 * @param {string} norm
 * @param {number} channels
 * @returns {[string, number[]][]}
 */
function normShapes(design, norm, channels) {
  if (!norm) return [];
  const inner = design.norm === "class" ? `${norm}.norm` : norm;
  const [gain, bias] = normNames(design, norm);
  const shape = design.norm === "class" ? [1, channels] : [channels];
  return [
    [`${inner}.running_mean`, [channels]], [`${inner}.running_var`, [channels]], [`${inner}.num_batches_tracked`, []],
    [gain, shape], [bias, shape],
  ];
}

/**
 * @param {Design} design
 * @param {string} norm
 */
const normNames = (design, norm) =>
  design.norm === "class" ? [`${norm}.gain.rows`, `${norm}.bias.rows`] : [`${norm}.weight`, `${norm}.bias`];

/**
 * The tensors of a design, arranged for the kernel.
 * @param {Design} design
 * @param {Tensors} tensors of the shapes that `shapesOf` says
 * @returns {Parts}
 */
export function partsOf(design, tensors) {
  const numbersOf = (/** @type {string} */ name) => tensors.get(name)?.numbers ?? new Float32Array(0);
  const { size, channels, zDim } = design;
  const [area, padded] = [size * size, upTo(channels, PANEL)];
  const first = numbersOf(`${design.first}.weight`);
  /** @type {Parts} */
  const parts = {
    grid: panels(first, zDim, channels, design.isFirstTransposed ? area : area * zDim, (panel, k) => {
      const [pixel, channel] = [Math.floor((panel * PANEL) / padded), (panel * PANEL) % padded];
      const feature = channel * area + pixel;
      return design.isFirstTransposed ? k * channels * area + feature : feature * zDim + k;
    }, area),
  };
  const added = design.hasLayout ? "layout.rows" : design.hasFirstBias ? `${design.first}.bias` : "";
  if (added) {
    const numbers = numbersOf(added);
    parts.layout = new Float32Array(area * padded);
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < area; pixel++) {
        parts.layout[pixel * padded + channel] = numbers[numbers.length === channels ? channel : channel * area + pixel];
      }
    }
  }
  for (const step of design.steps) {
    parts[step.name] = arranged(step, numbersOf(`${step.name}.weight`));
    if (step.hasBias) parts[`${step.name}.bias`] = numbersOf(`${step.name}.bias`);
    if (step.norm) {
      const inner = design.norm === "class" ? `${step.norm}.norm` : step.norm;
      const [gain, bias] = normNames(design, step.norm).map(numbersOf);
      Object.assign(parts, {
        [`${step.norm} mean`]: numbersOf(`${inner}.running_mean`), [`${step.norm} variance`]: numbersOf(`${inner}.running_var`),
        [`${step.norm} gain`]: gain, [`${step.norm} bias`]: bias,
      });
    }
  }
  return parts;
}

/**
 * A matrix for the kernel: panels of eight columns, in each one row after the other.
 * @param {Float32Array} source
 * @param {number} rows
 * @param {number} columns
 * @param {number} stride from one column to the next, in the source
 * @param {(panel: number, row: number) => number} firstOf where a panel's first number is in the source; -1 for zeros
 * @param {number} groups of columns; each begins with a new panel
 */
function panels(source, rows, columns, stride, firstOf, groups = 1) {
  const padded = upTo(columns, PANEL);
  const numbers = new Float32Array(rows * padded * groups);
  for (let panel = 0, at = 0; at < numbers.length; panel++) {
    const count = Math.min(PANEL, columns - ((panel * PANEL) % padded));
    for (let row = 0; row < rows; row++, at += PANEL) {
      const first = firstOf(panel, row);
      if (first < 0) continue;
      for (let column = 0; column < count; column++) numbers[at + column] = source[first + column * stride];
    }
  }
  return numbers;
}

/**
 * A convolution that doubles height and width is four with 2x2 weights each, one for each quarter of the output's pixels.
 * @param {Step} step
 */
function phasesOf({ padding }) {
  if (!padding) return [{ x: 0, y: 0, fromX: -1, fromY: -1, rows: [0, 1, 2], columns: [0, 1, 2] }];
  return [0, 1].flatMap((y) => [0, 1].map((x) => {
    const [row, column] = [(y + padding) % 2, (x + padding) % 2];
    return {
      x, y, fromX: (x + padding - column) / 2 - 1, fromY: (y + padding - row) / 2 - 1,
      rows: [row + 2, row], columns: [column + 2, column],
    };
  }));
}

/**
 * @param {Step} step
 * @param {Float32Array} weight as PyTorch stores it
 */
function arranged(step, weight) {
  const { inputs, outputs, isTransposed, padding } = step;
  const [side, padded] = [padding ? 4 : 3, upTo(inputs, PANEL)];
  const isTurned = isTransposed && !padding; // then it is a convolution whose weights are turned by half a turn
  const [perInput, perOutput] = isTransposed ? [outputs * side * side, side * side] : [side * side, inputs * side * side];
  const each = phasesOf(step).map(({ rows, columns }) =>
    panels(weight, rows.length * columns.length * padded, outputs, perOutput, (panel, k) => {
      const [tap, input] = [Math.floor(k / padded), k % padded];
      if (input >= inputs) return -1;
      const [row, column] = [rows[Math.floor(tap / columns.length)], columns[tap % columns.length]];
      const pixel = isTurned ? (side - 1 - row) * side + side - 1 - column : row * side + column;
      return panel * PANEL * perOutput + input * perInput + pixel;
    }));
  const all = new Float32Array(each.reduce((total, { length }) => total + length, 0));
  each.reduce((at, numbers) => {
    all.set(numbers, at);
    return at + numbers.length;
  }, 0);
  return all;
}

/**
 * A picture in the kernel's memory. place: of its first number. stride: numbers from one row to the next.
 * @typedef {{ place: number, stride: number, size: number, channels: number }} Picture
 */

/**
 * Ink of 28x28 pixels, 0 to 1, from a latent.
 * @param {Kernel} kernel
 * @param {Design} design
 * @param {Parts} parts
 * @param {Float32Array} z
 * @returns {Float32Array}
 */
export function run(kernel, design, parts, z) {
  const widest = Math.max(design.channels, ...design.steps.map(({ outputs }) => outputs), PANEL);
  const room = Math.max((SIZE + 2 * BLOCK) ** 2 * 64, (7 + 2 * BLOCK) ** 2 * upTo(widest, PANEL), BLOCK * design.zDim) + 4096;
  const room28 = (SIZE + 2 * BLOCK) ** 2 * Math.max(...design.steps.slice(-2).map(({ inputs }) => upTo(inputs, PANEL)));
  const half = Math.max(room, room28);
  const gridLength = BLOCK * design.size ** 2 * upTo(design.channels, PANEL);
  kernel.reserve(4 * (half + Math.max(half, gridLength)));
  const output = half;

  let picture = firstLayer(kernel, design, parts, z, output);
  let bias = null;
  for (const step of design.steps) {
    const before = step.isAdded ? kernel.numbers.slice(output, output + picture.size * picture.stride) : null;
    const [scale, shift] = affine(parts, step, bias);
    const input = activate(kernel.numbers, picture, scale, shift, step.activation);
    const next = convolution(kernel, step, parts, input, output);
    if (before) add(kernel.numbers, next, before, picture.stride);
    picture = next;
    bias = step.hasBias ? parts[`${step.name}.bias`] : null;
  }
  return inkOf(kernel.numbers, picture, bias?.[0] ?? 0, design.saturation);
}

/**
 * @param {Kernel} kernel
 * @param {Design} design
 * @param {Parts} parts
 * @param {Float32Array} z
 * @param {number} output
 * @returns {Picture}
 */
function firstLayer(kernel, { size, channels, zDim }, parts, z, output) {
  const padded = upTo(channels, PANEL);
  const length = size * size * padded;
  const b = kernel.place(parts.grid);
  kernel.numbers.fill(0, 0, BLOCK * zDim);
  kernel.numbers.set(z, 0); // three more, empty latents fill the block
  kernel.convolve({
    a: 0, aRow: 0, aPixel: 4 * zDim, segments: 1, segmentStride: 0, segmentLength: zDim, b,
    c: 4 * output, cRow: 0, cPixel: 4 * length, panels: length / PANEL, rows: 1, blocks: 1,
  });
  const { numbers } = kernel;
  if (parts.layout) for (let at = 0; at < length; at++) numbers[output + at] += parts.layout[at];
  return { place: output, stride: size * padded, size, channels: padded };
}

/**
 * What is done to each channel before the activation: the bias of the convolution before, then the norm.
 * @param {Parts} parts
 * @param {Step} step
 * @param {Float32Array | null} bias
 */
function affine(parts, { norm, inputs }, bias) {
  const [scale, shift] = [new Float32Array(upTo(inputs, PANEL)), new Float32Array(upTo(inputs, PANEL))];
  const [mean, variance, gain, offset] = ["mean", "variance", "gain", "bias"].map((name) => parts[`${norm} ${name}`]);
  for (let channel = 0; channel < inputs; channel++) {
    scale[channel] = norm ? gain[channel] / Math.sqrt(variance[channel] + EPSILON) : 1;
    shift[channel] = (bias?.[channel] ?? 0) * scale[channel];
    if (norm) shift[channel] += offset[channel] - mean[channel] * scale[channel];
  }
  return [scale, shift];
}

/**
 * Writes the convolution's input to the start of the memory: the activated picture with a border of zeros.
 * @param {Float32Array} numbers
 * @param {Picture} picture
 * @param {Float32Array} scale
 * @param {Float32Array} shift
 * @param {"relu" | "gelu"} activation
 * @returns {Picture}
 */
function activate(numbers, { place, stride, size, channels }, scale, shift, activation) {
  const wide = (upTo(size, BLOCK) + 2) * channels;
  numbers.fill(0, 0, (size + 2) * wide + channels);
  for (let y = 0; y < size; y++) {
    let to = (y + 1) * wide + channels;
    let from = place + y * stride;
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < channels; channel++, from++, to++) {
        const value = numbers[from] * scale[channel] + shift[channel];
        numbers[to] = activation === "gelu" ? gelu(value) : value > 0 ? value : 0;
      }
    }
  }
  return { place: 0, stride: wide, size, channels };
}

/**
 * @param {Kernel} kernel
 * @param {Step} step
 * @param {Parts} parts
 * @param {Picture} input with a border
 * @param {number} output
 * @returns {Picture}
 */
function convolution(kernel, step, parts, input, output) {
  const { size, channels, stride } = input;
  const [up, outputs, blocks] = [step.padding ? 2 : 1, upTo(step.outputs, PANEL), Math.ceil(size / BLOCK)];
  const phases = phasesOf(step);
  const rows = step.padding === 2 ? size - 1 : size; // the student project's step from 8x8 to 14x14 leaves out the border
  const outStride = up * blocks * BLOCK * outputs;
  const [taps, panelCount] = [phases[0].rows.length, outputs / PANEL];
  const weights = kernel.place(parts[step.name]);
  phases.forEach(({ x, y, fromX, fromY }, place) => {
    kernel.convolve({
      a: 4 * ((fromY + 1) * stride + (fromX + 1) * channels), aRow: 4 * stride, aPixel: 4 * channels,
      segments: taps, segmentStride: 4 * stride, segmentLength: taps * channels,
      b: weights + 4 * place * taps * taps * channels * outputs,
      c: 4 * (output + y * outStride + x * outputs), cRow: 4 * up * outStride, cPixel: 4 * up * outputs,
      panels: panelCount, rows, blocks,
    });
  });
  return { place: output, stride: outStride, size: up * rows, channels: outputs };
}

/**
 * @param {Float32Array} numbers
 * @param {Picture} picture
 * @param {Float32Array} before
 * @param {number} beforeStride
 */
function add(numbers, { place, stride, size, channels }, before, beforeStride) {
  for (let y = 0; y < size; y++) {
    for (let at = 0; at < size * channels; at++) numbers[place + y * stride + at] += before[y * beforeStride + at];
  }
}

/**
 * @param {Float32Array} numbers
 * @param {Picture} picture
 * @param {number} bias
 * @param {number} saturation see `saturate` in model/networks/generator.py
 */
function inkOf(numbers, { place, stride, channels }, bias, saturation) {
  const ink = new Float32Array(PIXELS);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const share = 1 / (1 + Math.exp(-numbers[place + y * stride + x * channels] - bias));
      ink[y * SIZE + x] = Math.max(0, Math.min(1, (1 + 2 * saturation) * share - saturation));
    }
  }
  return ink;
}

/** @param {number} x */
const gelu = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));

/**
 * The error function, to seven digits (Abramowitz and Stegun 1964, formula 7.1.26).
 * @param {number} x
 */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const rest = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - rest * Math.exp(-x * x));
}
