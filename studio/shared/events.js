// Functions for Gradio's events, which pass them the values of components and show what they return.

import { showAddress } from "./link.js";

const SHOW = { __type__: "update", visible: true };
/** @type {Set<string>} */
const opened = new Set();

/**
 * Shows a tab's components when the tab is opened for the first time.
 * @param {string} tab
 * @param {number} numComponents
 */
export function showOnce(tab, numComponents) {
  if (opened.has(tab)) return [];
  opened.add(tab);
  return Array(numComponents).fill(SHOW);
}

export const show = () => [SHOW];
export const hide = () => [{ ...SHOW, visible: false }];

/** @param {string} tab */
export const showTabAddress = (tab) => showAddress({ tab });

/**
 * @template Value
 * @param {Value} value
 */
export const give = (value) => value;

/** @param {number} max */
export const randomSeedTo = (max) => Math.floor(Math.random() * (max + 1));
