// Text that the browser keeps. Browsers can refuse; then nothing is kept.

/** @param {() => Storage} storage */
const store = (storage) => ({
  /**
   * @param {string} key
   * @returns {string | null}
   */
  get(key) {
    try {
      return storage().getItem(key);
    } catch {
      return null;
    }
  },
  /**
   * @param {string} key
   * @param {string} text
   */
  set(key, text) {
    try {
      storage().setItem(key, text);
    } catch {
      // Not kept.
    }
  },
  /** @param {string} key */
  remove(key) {
    try {
      storage().removeItem(key);
    } catch {
      // Nothing was kept.
    }
  },
});

/** Kept until this browser tab is closed. */
export const session = store(() => sessionStorage);
/** Kept by this browser. */
export const browser = store(() => localStorage);
