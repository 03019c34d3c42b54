// The file in one person's hands: one report is sealed, saved as a file, and what to do with it is said.

import { closeOffer, offerCode } from "./codeoffer.js";
import { saveFile } from "./download.js";
import "./words.js";

export function startWeb(page, { reporting, show }) {
  const button = document.getElementById("seal-and-save");
  let sealed = null;

  async function press() {
    button.disabled = true;
    sealed = await reporting.seal();
    button.disabled = false;
    if (!sealed) return;
    reporting.forget();
    document.getElementById("file-name").textContent = `${sealed.id}.age`;
    save();
    show("saved");
    offerCode(sealed.code, page.lang);
    sealed.code = null;
  }

  const save = () => saveFile(sealed.id, sealed.bytes);

  button.addEventListener("click", press);
  document.getElementById("save-again").addEventListener("click", save);
  document.getElementById("another").addEventListener("click", () => {
    forget();
    show("before");
  });

  // All of it: what is sealed, too.
  function forget() {
    sealed = null;
    document.getElementById("file-name").textContent = "";
    closeOffer();
    reporting.forget();
  }

  // A sealed report that was saved is no longer this page's to lose.
  return { forget, wouldLose: reporting.isTouched };
}
