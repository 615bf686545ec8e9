// From the pixels of a skeleton to lines between junctions and ends (model/tracing/graph.py).

import { along, direction, length } from "./geometry.js";

/** @import { Point } from "../shared/types" */
/** @import { Skeleton } from "./skeleton.js" */

const INSIDE = 0.7; // share of the ink around a junction in which lines have no direction yet

export class Node {
  /**
   * @param {Point} at
   * @param {number} depth
   */
  constructor(at, depth) {
    this.at = at;
    this.depth = depth;
    /** @type {Line[]} */
    this.lines = [];
  }

  get degree() {
    return this.lines.length;
  }
}

export class Line {
  /**
   * @param {Node | null} start
   * @param {Node | null} end
   * @param {Point[]} points
   */
  constructor(start, end, points) {
    this.start = start;
    this.end = end;
    this.points = points;
  }

  reverse() {
    [this.start, this.end] = [this.end, this.start];
    this.points.reverse();
  }

  /** @param {Node} node */
  other(node) {
    return /** @type {Node} */ (this.start === node ? this.end : this.start);
  }

  /**
   * @param {Node} node
   * @param {number} reach
   * @param {boolean} fromEnd
   */
  heading(node, reach, fromEnd = this.start !== node) {
    const points = fromEnd ? this.points.toReversed() : this.points;
    const begin = node.degree > 2 ? INSIDE * node.depth : 0;
    const end = Math.min(begin + reach, length(points));
    return direction(along(points, Math.min(begin, Math.max(0, end - reach / 2))), along(points, end));
  }
}

export class Graph {
  /**
   * @param {Node[]} nodes
   * @param {Point[]} dots
   */
  constructor(nodes, dots) {
    this.nodes = nodes;
    this.dots = dots;
    /** @type {Line[]} */
    this.lines = [];
  }

  /** @param {Line} line */
  add(line) {
    this.lines.push(line);
    line.start?.lines.push(line);
    line.end?.lines.push(line);
  }

  /** @param {Line} line */
  remove(line) {
    this.lines.splice(this.lines.indexOf(line), 1);
    for (const node of [line.start, line.end]) node?.lines.splice(node.lines.indexOf(line), 1);
  }

  /** @param {Node} node */
  joinAt(node) {
    const [one, other] = node.lines;
    node.lines = [];
    if (one === other) {
      one.start = one.end = null;
      return;
    }
    if (one.start === node) one.reverse();
    if (other.end === node) other.reverse();
    one.points.push(...other.points.slice(1));
    one.end = other.end;
    const lines = /** @type {Node} */ (one.end).lines;
    lines[lines.indexOf(other)] = one;
    this.lines.splice(this.lines.indexOf(other), 1);
  }
}

/** @param {Skeleton} skeleton */
export function graphOf({ side, begin, end: until, middle, numberOf, depthAt, place }) {
  const edges = [-side, 1, side, -1];
  const corners = [1 - side, side + 1, side - 1, -side - 1];
  const besides = [1, -side, 1, side, -1, side, -1, -side]; // the two edges at each corner
  const placeOf = (/** @type {number} */ pixel) => place(pixel % side, Math.floor(pixel / side));

  /** @param {number} pixel */
  function nextTo(pixel) {
    const near = [];
    for (let edge = 0; edge < 4; edge++) if (middle[pixel + edges[edge]]) near.push(pixel + edges[edge]);
    for (let corner = 0; corner < 4; corner++) {
      const step = pixel + corners[corner];
      if (middle[step] && !middle[pixel + besides[2 * corner]] && !middle[pixel + besides[2 * corner + 1]]) near.push(step);
    }
    return near;
  }

  /** @type {number[]} */
  const pixels = [];
  /** @type {number[][]} */
  const around = [];
  for (let at = begin; at < until; at++) {
    if (!middle[at]) continue;
    numberOf[at] = pixels.length;
    pixels.push(at);
    around.push(nextTo(at));
  }
  const near = (/** @type {number} */ pixel) => around[numberOf[pixel]];

  /** @type {(Node | null)[]} */
  const nodeOf = pixels.map(() => null);
  const nodeAt = (/** @type {number} */ pixel) => nodeOf[numberOf[pixel]];
  /** @type {Node[]} */
  const nodes = [];
  pixels.forEach((pixel, number) => {
    const degree = around[number].length;
    if (nodeOf[number] || degree === 0 || degree === 2) return;
    const cluster = [pixel];
    if (degree > 2) {
      for (const member of cluster) {
        for (const other of near(member)) if (near(other).length > 2 && !cluster.includes(other)) cluster.push(other);
      }
    }
    let [x, y, deepest] = [0, 0, 0];
    for (const member of cluster) {
      x += member % side;
      y += Math.floor(member / side);
      deepest = Math.max(deepest, depthAt(member));
    }
    const node = new Node(place(x / cluster.length, y / cluster.length), deepest);
    nodes.push(node);
    for (const member of cluster) nodeOf[numberOf[member]] = node;
  });

  const passed = new Uint8Array(pixels.length);
  /**
   * @param {number} before
   * @param {number} step
   * @param {number} ring the pixel at which a ring ends, or -1
   */
  function follow(before, step, ring) {
    const path = [];
    while (step !== ring && !nodeAt(step)) {
      path.push(step);
      passed[numberOf[step]] = 1;
      const [one, other] = near(step);
      [before, step] = [step, one === before ? other : one];
    }
    return { path, last: step };
  }

  const graph = new Graph(nodes, pixels.filter((pixel) => !near(pixel).length).map(placeOf));
  pixels.forEach((pixel, number) => {
    const start = nodeOf[number];
    if (!start) return;
    for (const step of around[number]) {
      const beside = nodeAt(step);
      if (passed[numberOf[step]] || (beside && (beside === start || step < pixel))) continue;
      const { path, last } = follow(pixel, step, -1);
      const end = nodeAt(last);
      if (start !== end || path.length > 2) graph.add(new Line(start, end, [start.at, ...path.map(placeOf), /** @type {Node} */ (end).at]));
    }
  });
  pixels.forEach((pixel, number) => {
    if (!around[number].length || passed[number] || nodeOf[number]) return;
    passed[number] = 1;
    const { path } = follow(pixel, around[number][0], pixel);
    graph.add(new Line(null, null, [pixel, ...path, pixel].map(placeOf)));
  });
  return graph;
}
