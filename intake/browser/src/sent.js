// The page after sending, in place of the form, so that the code of the report can be shown to whoever asks.
//
// The code is in this page's memory and nowhere else: not in its address, not in the history, not in what the
// browser stores. When the page is left, it is gone.

import { under } from "./base.js";
import { forgetOffer, offerCode } from "./codeoffer.js";

const TRIES = 2;
const TIMEOUT = 30_000;

let code = null;

// Puts that page, which knows nothing of the code, in place of what is shown.
export function showSent(page, address, drawn, lang) {
  const main = element("main");
  main.replaceChildren(...page.getElementById("main").childNodes);
  // To leave for another language would lose the code; and nothing typed is left that a new window would keep.
  for (const other of document.querySelectorAll(".languages, .foot .hint")) other.hidden = true;
  history.pushState(null, "", address);
  document.documentElement.classList.remove("later");
  scrollTo(0, 0);
  main.focus();
  code = drawn;
  loadWords(lang);
}

// Takes the code out of the page, and out of memory.
export function forgetCode() {
  code = null;
  forgetOffer();
  element("code-live")?.remove();
}

const element = (id) => document.getElementById(id);

// By the same request for everybody: who asks for a code is not seen on the wire.
function loadWords(lang) {
  const script = document.createElement("script");
  script.src = under("/static/words.js");
  script.addEventListener("load", () => offerOnce(lang));
  document.head.append(script);
}

function offerOnce(lang) {
  if (code) offerCode(code, lang);
  code = null;
}

// The page of this address, or null when it did not come.
export async function fetchSent(address) {
  for (let left = TRIES; left > 0; left -= 1) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT);
    try {
      const answer = await fetch(address, { credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer", signal: abort.signal });
      if (answer.ok) return new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      // Once more, and then the browser itself may go there.
    } finally {
      clearTimeout(timer);
    }
  }
  return null;
}
