// The page's tabs: open one, find out which is open, and send something from one to another.

/** The class that the page shows now, on whichever tab. */
export const current = { className: "" };

/** @param {string} name */
export function openTab(name) {
  // Where there is little room, Gradio puts the last tabs into a menu.
  const tabs = [...document.querySelectorAll("[role=tab], .overflow-dropdown button")];
  const tab = tabs.find((each) => each.textContent?.trim() === name);
  if (tab instanceof HTMLElement) tab.click();
}

/** @param {string} name */
export const isOpen = (name) => Boolean(document.getElementById(`tab-${name.toLowerCase()}`)?.offsetParent);

/**
 * Calls back each time the element comes into view.
 * @param {Element} element
 * @param {() => void} callback
 */
export function whenSeen(element, callback) {
  const observer = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) callback();
  });
  observer.observe(element);
}

/**
 * Carries messages to one tab; a message waits until that tab has loaded.
 * @template Message
 */
class Mailbox {
  /** @type {Message | undefined} */
  #waiting;
  /** @type {((message: Message) => void) | undefined} */
  #receiver;

  /** @param {Message} message */
  send(message) {
    if (this.#receiver) this.#receiver(message);
    else this.#waiting = message;
  }

  /** @param {(message: Message) => void} receiver */
  receive(receiver) {
    this.#receiver = receiver;
    const message = this.#waiting;
    this.#waiting = undefined;
    if (message !== undefined) receiver(message);
  }
}

/**
 * A drawing that becomes the first or the last one of a morph.
 * @typedef {{ name: string, seed: number, psi: number, isFirst: boolean, hasStyle: boolean }} SentDrawing
 */
/** @type {Mailbox<SentDrawing>} */
export const toMorph = new Mailbox();
/** The class to search for the visitor's drawing. @type {Mailbox<string>} */
export const toYours = new Mailbox();
/** The class to train. @type {Mailbox<string>} */
export const toTrain = new Mailbox();

/**
 * Drafts come with a button that opens the Train tab with their class.
 * @param {HTMLElement} element
 */
export function offerTraining(element) {
  element.addEventListener("click", (event) => {
    const offer = event.target instanceof Element && event.target.closest(".train-it");
    if (!(offer instanceof HTMLElement)) return;
    toTrain.send(offer.dataset.name ?? "");
    openTab("Train");
  });
}
