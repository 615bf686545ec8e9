// Mends the lines of a graph: no spurs, crossings, sharp corners, whole lines (model/tracing/mending.py).

import { between, distance, dot, length } from "./geometry.js";
import { Line } from "./graph.js";

/** @import { Point, TraceSettings } from "../shared/types" */
/** @import { Graph, Node } from "./graph.js" */
/** @import { Skeleton } from "./skeleton.js" */

const GAP_SAMPLES = 8;

/**
 * @param {Graph} graph
 * @param {Skeleton} skeleton
 * @param {TraceSettings} settings
 */
export function mend(graph, skeleton, settings) {
  removeSpurs(graph, settings);
  mergeJunctions(graph, settings);
  removeSpurs(graph, settings);
  sharpenCorners(graph, settings);
  closeGaps(graph, skeleton, settings);
  lengthenEnds(graph, settings);
}

/**
 * @param {Graph} graph
 * @param {TraceSettings} settings
 */
function removeSpurs(graph, settings) {
  for (;;) {
    let least = settings.spur;
    /** @type {[Line, Node] | null} */
    let spur = null;
    for (const line of graph.lines) {
      if (!line.start || !line.end) continue;
      const [node, end] = line.end.degree === 1 ? [line.start, line.end] : [line.end, line.start];
      const stickingOut = distance(node.at, end.at) + end.depth - node.depth;
      if (end.degree === 1 && node.degree > 2 && stickingOut < least) [least, spur] = [stickingOut, [line, node]];
    }
    if (!spur) return;
    graph.remove(spur[0]);
    if (spur[1].degree === 2) graph.joinAt(spur[1]);
  }
}

/**
 * @param {Graph} graph
 * @param {TraceSettings} settings
 */
function mergeJunctions(graph, settings) {
  const crossing = graph.lines.length <= settings.most_lines ? settings.crossing : 0;
  for (;;) {
    let least = Math.max(settings.bridge, crossing);
    /** @type {Line | null} */
    let bridge = null;
    for (const line of graph.lines) {
      if (!line.start || !line.end || line.start.degree < 3 || line.end.degree < 3) continue;
      if (distance(line.start.at, line.end.at) >= least) continue;
      const far = length(line.points);
      if (far < least && (far < settings.bridge || isCrossing(line, line.start, line.end, settings))) {
        [least, bridge] = [far, line];
      }
    }
    if (!bridge) return;
    const one = /** @type {Node} */ (bridge.start);
    const other = /** @type {Node} */ (bridge.end);
    graph.remove(bridge);
    if (one !== other) {
      one.at = between(one.at, other.at, 0.5);
      one.depth = Math.max(one.depth, other.depth) + (least >= settings.bridge ? least / 2 : 0);
      one.lines.push(...other.lines);
      other.lines = [];
      for (const line of one.lines) {
        if (line.start === one || line.start === other) [line.start, line.points[0]] = [one, one.at];
        if (line.end === one || line.end === other) [line.end, line.points[line.points.length - 1]] = [one, one.at];
      }
    } else if (one.degree === 2) {
      graph.joinAt(one);
    }
  }
}

/**
 * @param {Line} bridge
 * @param {Node} one
 * @param {Node} other
 * @param {TraceSettings} settings
 */
function isCrossing(bridge, one, other, settings) {
  const [first, second] = [one, other].map((node) =>
    node.lines.filter((line) => line !== bridge).map((line) => line.heading(node, settings.reach)));
  if (first.length !== 2 || second.length !== 2) return false;
  const [a, b] = first;
  const [c, d] = second;
  return Math.max(Math.min(-dot(a, c), -dot(b, d)), Math.min(-dot(a, d), -dot(b, c))) > settings.crossing_cosine;
}

/**
 * @param {Graph} graph
 * @param {TraceSettings} settings
 */
function sharpenCorners(graph, settings) {
  for (const node of graph.nodes) {
    if (node.degree !== 3) continue;
    const tips = node.lines.filter((line) => line.other(node).degree === 1 && length(line.points) < settings.tip);
    if (tips.length !== 1) continue;
    const [tip] = tips;
    const sides = node.lines.filter((line) => line !== tip);
    const headings = sides[0] === sides[1]
      ? [false, true].map((fromEnd) => sides[0].heading(node, settings.reach, fromEnd))
      : sides.map((line) => line.heading(node, settings.reach));
    const ahead = tip.heading(node, settings.reach);
    if (dot(headings[0], headings[1]) < settings.tip_cosine) continue;
    if (Math.max(...headings.map((heading) => dot(heading, ahead))) > -settings.tip_ahead) continue;
    const end = tip.other(node);
    graph.remove(tip);
    for (const line of new Set(sides)) {
      if (line.start === node) line.points = aimed(line.points, end.at, node.depth);
      if (line.end === node) line.points = aimed(line.points.toReversed(), end.at, node.depth).reverse();
    }
    node.at = end.at;
    node.depth = end.depth;
    graph.joinAt(node);
  }
}

/**
 * @param {Point[]} points
 * @param {Point} at
 * @param {number} depth
 */
function aimed(points, at, depth) {
  let first = 1;
  while (first < points.length - 1 && distance(points[first], points[0]) <= depth + 0.5) first++;
  return [at, ...points.slice(first)];
}

/**
 * @param {Graph} graph
 * @param {Skeleton} skeleton
 * @param {TraceSettings} settings
 */
function closeGaps(graph, skeleton, settings) {
  const ends = graph.nodes.filter((node) => node.degree === 1);
  /** @type {[number, Node, Node][]} */
  const gaps = [];
  ends.forEach((one, number) => {
    for (const other of ends.slice(number + 1)) {
      const far = distance(one.at, other.at);
      if (!(far > 0 && far < settings.gap)) continue;
      const [line, otherLine] = [one.lines[0], other.lines[0]];
      if (line === otherLine && length(line.points) < 3 * far) continue;
      /** @type {Point} */
      const across = [(other.at[0] - one.at[0]) / far, (other.at[1] - one.at[1]) / far];
      const facing = Math.min(
        -dot(line.heading(one, settings.reach), across), dot(otherLine.heading(other, settings.reach), across),
      );
      if (facing > settings.gap_cosine && leastInk(skeleton, one.at, other.at) > settings.gap_ink) {
        gaps.push([far, one, other]);
      }
    }
  });
  for (const [, one, other] of gaps.sort((a, b) => a[0] - b[0])) {
    if (one.degree !== 1 || other.degree !== 1) continue;
    graph.add(new Line(one, other, [one.at, other.at]));
    graph.joinAt(one);
    graph.joinAt(other);
  }
}

/**
 * @param {Skeleton} skeleton
 * @param {Point} one
 * @param {Point} other
 */
function leastInk(skeleton, one, other) {
  let least = 1;
  for (let step = 0; step <= GAP_SAMPLES; step++) {
    least = Math.min(least, skeleton.inkAt(...between(one, other, step / GAP_SAMPLES)));
  }
  return least;
}

/**
 * @param {Graph} graph
 * @param {TraceSettings} settings
 */
function lengthenEnds(graph, settings) {
  for (const node of graph.nodes) {
    const more = node.depth - settings.end_radius;
    if (node.degree !== 1 || more <= 0) continue;
    const [line] = node.lines;
    if (length(line.points) < settings.dot) continue;
    const [x, y] = line.heading(node, settings.reach);
    node.at = [node.at[0] - more * x, node.at[1] - more * y];
    if (line.start === node) line.points.unshift(node.at);
    else line.points.push(node.at);
  }
}
