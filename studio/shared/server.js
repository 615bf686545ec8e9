// Calls to the server, and exports: files and texts that it makes for the visitor.

import { pageAddress } from "./link.js";
import { look } from "./look.js";

/** @import { ExportServer } from "./types" */

const PATIENCE_MILLISECONDS = 400; // then an export says that it's working

/** No answer came at all. */
export class LostAnswer extends Error {
  constructor() {
    super("The server can't be reached; try again.");
  }
}

/**
 * A server function's answer. Throws an Error with the sentence to show; Gradio answers a lost call with nothing.
 * @template Answer
 * @param {Promise<Answer | { error: string } | null | undefined>} call
 * @returns {Promise<Answer>}
 */
export async function answerOf(call) {
  const answer = await call.catch(() => undefined);
  if (answer === undefined || answer === null) throw new LostAnswer();
  if (typeof answer === "object" && "error" in answer) throw new Error(answer.error);
  return answer;
}

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Runs one call at a time. Of the calls that come meanwhile, only the newest follows.
 * @param {() => Promise<unknown>} call
 */
export function newestOnly(call) {
  let isBusy = false;
  let isWaiting = false;
  return async function run() {
    isWaiting = isBusy;
    if (isBusy) return;
    isBusy = true;
    try {
      await call();
    } finally {
      isBusy = false;
      if (isWaiting) run();
    }
  };
}

/** Whether the device passes pictures on to other apps, as phones do. */
const canShare = () => {
  const file = new File([], "doodles.png", { type: "image/png" });
  return matchMedia("(pointer: coarse)").matches && Boolean(navigator.canShare?.({ files: [file] }));
};

/** @param {ParentNode} root in which buttons with data-share get their names */
export function nameShareButtons(root) {
  for (const button of root.querySelectorAll("[data-share]")) button.textContent = canShare() ? "Share" : "Copy picture";
}

/**
 * Passes a link on together with its picture, or copies the picture.
 * @param {string} link
 * @param {HTMLElement} status
 */
async function share(link, status) {
  const picture = fetch(new URL(`gradio_api/link.png${new URL(link).search}`, document.baseURI)).then((answer) => {
    if (!answer.ok) throw new LostAnswer();
    return answer.blob();
  });
  if (canShare()) {
    const files = [new File([await picture], "doodles.png", { type: "image/png" })];
    await navigator.share({ files, url: link, title: "Endless Doodles" }).catch(() => {}); // the visitor thought better of it
  } else {
    const isCopied = await navigator.clipboard?.write([new ClipboardItem({ "image/png": picture })]).then(() => true, () => false);
    status.textContent = isCopied ? "Copied the picture; paste it where you like." : `This browser can't copy pictures. Pass the link on: ${link}`;
  }
}

/**
 * Says so if work takes long, and why if it fails.
 * @param {HTMLElement} status
 * @param {() => Promise<void>} work
 */
export async function whileWorking(status, work) {
  status.textContent = "";
  const soon = setTimeout(() => { status.textContent = "Working on it…"; }, PATIENCE_MILLISECONDS);
  try {
    await work();
    if (status.textContent === "Working on it…") status.textContent = "";
  } catch (error) {
    status.textContent = messageOf(error);
  } finally {
    clearTimeout(soon);
  }
}

/**
 * Saves a file, copies a text or a picture, or shares a link, and says so.
 * @param {ExportServer} server
 * @param {HTMLElement} button with data-download (a kind of file), perhaps in a data-look, data-copy (a kind of text) or data-share
 * @param {unknown[]} what as the server's `export` wants it, without the kind and the page's address
 * @param {HTMLElement} status
 * @param {unknown[]} options go behind the address, before the look
 */
export async function exportPicture(server, button, what, status, options = []) {
  const kind = button.dataset.download || button.dataset.copy || "link";
  await whileWorking(status, async () => {
    const answer = await answerOf(server.export([kind, ...what, pageAddress(), ...options, button.dataset.look ?? look.name, look.width]));
    if ("url" in answer) {
      Object.assign(document.createElement("a"), { href: answer.url, download: answer.filename }).click();
    } else if ("share" in button.dataset) {
      await share(answer.text, status);
    } else {
      const isCopied = await navigator.clipboard?.writeText(answer.text).then(() => true, () => false);
      status.textContent = isCopied ? `Copied: ${answer.text}` : answer.text;
    }
  });
}
