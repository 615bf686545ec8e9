// Says so if the app doesn't know the path that a proxy serves the page below: then no request reaches it.

import { pageAddress } from "./link.js";

/**
 * What to say; empty if all is well.
 * @param {string} address the page's
 * @param {string | undefined} root where Gradio sends requests
 */
export function misplacement(address, root) {
  const page = new URL(address);
  const app = new URL(root ?? address, address);
  const [here, there] = [page, app].map(({ pathname }) => pathname.replace(/\/+$/, "") || "/");
  if (page.host !== app.host || here === there) return "";
  return (
    `This page is at ${here}, but the app believes that it is at ${there}, so nothing here works. ` +
    `Its host can fix that: set GRADIO_ROOT_PATH to ${here} and start the app again.`
  );
}

export function warnIfMisplaced() {
  const notice = document.querySelector("#misplaced");
  if (!(notice instanceof HTMLElement)) return;
  notice.textContent = misplacement(pageAddress(), window.gradio_config?.root);
  notice.hidden = !notice.textContent;
}
