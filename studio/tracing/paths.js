// From mended lines to the paths of a pen (model/tracing/paths.py).

import { distance, dot } from "./geometry.js";

/** @import { Point, TraceSettings } from "../shared/types" */
/** @import { Graph, Line, Node } from "./graph.js" */
/** @typedef {{ line: Line, isEnd: boolean }} LineEnd */
/** @typedef {Map<Line, [atStart: LineEnd | null, atEnd: LineEnd | null]>} Following */

/**
 * @param {Graph} graph
 * @param {TraceSettings} settings
 * @returns {{ points: Point[], isClosed: boolean }[]}
 */
export function paths(graph, settings) {
  const following = followers(graph, settings);
  const next = (/** @type {Line} */ line, /** @type {boolean} */ isEnd) => following.get(line)?.[isEnd ? 1 : 0] ?? null;
  /** @type {Set<Line>} */
  const used = new Set();

  /** @param {Line} line */
  function outsideJunctions(line) {
    const { points, start, end } = line;
    let [first, last] = [0, points.length];
    if (start && start.degree > 2 && next(line, false)) {
      while (first < last - 2 && distance(points[first], start.at) < settings.trim * start.depth) first++;
    }
    if (end && end.degree > 2 && next(line, true)) {
      while (first < last - 2 && distance(points[last - 1], end.at) < settings.trim * end.depth) last--;
    }
    return points.slice(first, last);
  }

  /**
   * @param {Line} begun
   * @param {boolean} fromEnd
   */
  function follow(begun, fromEnd) {
    /** @type {Point[]} */
    const points = [];
    let [line, isEnd] = [begun, fromEnd];
    for (;;) {
      used.add(line);
      const part = outsideJunctions(line);
      points.push(...(isEnd ? part.reverse() : part));
      const follower = next(line, !isEnd);
      if (!follower) return { points, isClosed: false };
      ({ line, isEnd } = follower);
      if (line === begun && isEnd === fromEnd) return { points: [...points, points[0]], isClosed: true };
    }
  }

  const found = [];
  for (const line of graph.lines) {
    for (const isEnd of [false, true]) {
      if (line.start && !used.has(line) && !next(line, isEnd)) found.push(follow(line, isEnd));
    }
  }
  for (const line of graph.lines) {
    if (!used.has(line)) found.push(line.start ? follow(line, false) : { points: line.points, isClosed: true });
  }
  return found;
}

/**
 * @param {Graph} graph
 * @param {TraceSettings} settings
 */
function followers(graph, settings) {
  /** @type {Following} */
  const following = new Map();
  const get = (/** @type {LineEnd} */ { line, isEnd }) => following.get(line)?.[isEnd ? 1 : 0];
  const set = (/** @type {LineEnd} */ { line, isEnd }, /** @type {LineEnd} */ other) => {
    const both = following.get(line) ?? [null, null];
    both[isEnd ? 1 : 0] = other;
    following.set(line, both);
  };
  for (const node of graph.nodes) {
    const ends = endsAt(node);
    const headings = ends.map(({ line, isEnd }) => line.heading(node, settings.reach, isEnd));
    /** @type {[number, number, number][]} */
    const turns = [];
    for (let one = 0; one < ends.length; one++) {
      for (let other = 0; other < one; other++) turns.push([dot(headings[one], headings[other]), one, other]);
    }
    turns.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    for (const [cosine, one, other] of turns) {
      if (get(ends[one]) || get(ends[other]) || (-cosine < settings.straight && ends.length !== 2)) continue;
      set(ends[one], ends[other]);
      set(ends[other], ends[one]);
    }
  }
  return following;
}

/**
 * @param {Node} node
 * @returns {LineEnd[]}
 */
const endsAt = (node) => [...new Set(node.lines)].flatMap((line) =>
  [false, true].filter((isEnd) => (isEnd ? line.end : line.start) === node).map((isEnd) => ({ line, isEnd })));
