// One report after the other in one window: an outreach worker's device, or a kiosk. Each is sealed at once and
// waits as ciphertext; of what was entered nothing is left, and nothing leads back to it.

import { renewFields } from "./blank.js";
import { closeOffer, offerCode } from "./codeoffer.js";
import { unsaved } from "./gathered.js";
import { startKeeping } from "./keeping.js";
import "./words.js";

// A mode of the file; and `begin`, which makes the page as it was before anybody came, and whether it is so.
export function startGathering(page, { reporting, show }) {
  const button = document.getElementById("seal-and-save");
  const main = document.getElementById("main");
  const take = startKeeping();
  let between = false;

  async function press() {
    button.disabled = true;
    const sealed = await reporting.seal();
    button.disabled = false;
    if (!sealed) return;
    forget();
    take(sealed);
    between = true;
    show("saved");
    offerCode(sealed.code, page.lang);
  }

  function forget() {
    between = false;
    closeOffer();
    reporting.forget();
    renewFields(main);
  }

  function begin() {
    forget();
    show("before");
  }

  button.addEventListener("click", press);
  document.getElementById("another").addEventListener("click", begin);
  // The window stays, with what is sealed in it; all else is gone.
  addEventListener("exit", (event) => {
    event.preventDefault();
    begin();
  });

  return {
    begin,
    forget,
    isBlank: () => !between && !reporting.isTouched(),
    wouldLose: () => unsaved() > 0,
  };
}
