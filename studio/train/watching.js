// Which run this browser watches, for the Train tab's events.

import { openedWith, showAddress } from "../shared/link.js";
import { browser } from "../shared/storage.js";

const KEPT = "doodles-run";
/** @type {string | undefined} */
let recalled;
/** @type {string | undefined} */
let watched;
let numPolls = 0; // that were sent

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

/** Starts the timer that polls the run: it may have gone on while the page was elsewhere. */
export const pollAgain = () => [{ __type__: "update", active: true }];

/**
 * What to send with a poll. Polls are numbered, because their answers can overtake each other: what the page will show
 * when the answer comes is sure only if no other poll is open.
 * @param {string} run
 * @param {number} moment
 * @param {{ poll?: number } | null} seen
 */
export function numberPoll(run, moment, seen) {
  const isSure = seen?.poll === numPolls;
  numPolls++;
  return [run, moment, { ...seen, is_sure: isSure, poll: numPolls }];
}

/**
 * Polls again unless this was the answer to the newest poll.
 * @param {{ poll?: number } | null} seen
 */
export const pollAgainIfOutdated = (seen) => (seen?.poll === numPolls ? [] : pollAgain());
