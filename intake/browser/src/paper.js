// The file where sheets of paper are typed in, one after the other. Each is sealed at once and waits as ciphertext;
// of what was typed nothing is left.

import { renewFields } from "./blank.js";
import { unsaved } from "./gathered.js";
import { startKeeping } from "./keeping.js";

export function startPaper(page, { reporting, show }) {
  const form = document.getElementById("report");
  const button = document.getElementById("seal-and-save");
  const take = startKeeping();

  async function press() {
    button.disabled = true;
    const sealed = await reporting.seal();
    button.disabled = false;
    if (!sealed) return;
    forget();
    // Whoever wrote on paper is not here, so nobody sees its code.
    take(sealed);
    reporting.say("sheetKept");
    scrollTo(0, 0);
    form.elements._codes.focus();
  }

  function forget() {
    reporting.forget();
    renewFields(form);
  }

  button.addEventListener("click", press);
  document.getElementById("start").addEventListener("click", () => document.getElementById("f-version").focus());
  // The window stays, with what is sealed in it; all else is gone.
  addEventListener("exit", (event) => {
    event.preventDefault();
    forget();
    show("before");
  });

  return { forget, wouldLose: () => unsaved() > 0 || reporting.isTouched() };
}
