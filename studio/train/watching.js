// Which run this browser watches, for the Train tab's events.

import { openedWith, showAddress } from "../shared/link.js";
import { browser } from "../shared/storage.js";

const KEPT = "doodles-run";
/** @type {string | undefined} */
let recalled;
/** @type {string | undefined} */
let watched;
let numQuestions = 0;

/**
 * The run of the link that the page was opened with, or else the one that this browser watched last. Signing in rewrites
 * links and turns the plus of a mixture into a space.
 */
export function recallRun() {
  recalled ??= (openedWith.get("run") || browser.get(KEPT) || "").replaceAll(" ", "+");
  return recalled;
}

export function showRunAddress() {
  const run = watched ?? recallRun();
  showAddress(run ? { run } : { tab: "train" });
}

/**
 * The server watches this run from now on, or none, where the recalled run is gone.
 * @param {string} run
 */
export function attachRun(run) {
  watched = run;
  if (!run && browser.get(KEPT) === recalled) browser.remove(KEPT);
  showRunAddress();
}

/**
 * The visitor chose this run.
 * @param {string} run
 */
export function keepRun(run) {
  browser.set(KEPT, run);
  attachRun(run);
}

/** Starts the timer that looks at the run: it may have gone on while the page was elsewhere. */
export const lookAgain = () => [{ __type__: "update", active: true }];

/**
 * Numbers the questions, because answers can overtake each other. What the page will show when the answer comes is sure
 * only if no other question is open.
 * @param {string} run
 * @param {number} moment
 * @param {{ asked?: number } | null} seen
 */
export function ask(run, moment, seen) {
  const isSure = seen?.asked === numQuestions;
  numQuestions++;
  return [run, moment, { ...seen, is_sure: isSure, asked: numQuestions }];
}

/**
 * Asks again unless this was the answer to the newest question.
 * @param {{ asked?: number } | null} seen
 */
export const checkAnswer = (seen) => (seen?.asked === numQuestions ? [] : lookAgain());
