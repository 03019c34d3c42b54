// The page after sending, in place of the form, so that the code of the report can be shown to whoever asks.
//
// The code is in this page's memory and nowhere else: not in its address, not in the history, not in what the
// browser stores. When the page is left, it is gone.

import { under } from "./base.js";

const TRIES = 2;
const TIMEOUT = 30_000;

let code = null;
let words = [];

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
  words = [];
  element("the-code")?.replaceChildren();
  if (element("code-typed")) element("code-typed").value = "";
  element("code-live")?.remove();
}

const element = (id) => document.getElementById(id);

// By the same request for everybody: who asks for a code is not seen on the wire.
function loadWords(lang) {
  const script = document.createElement("script");
  script.src = under("/static/words.js");
  script.addEventListener("load", () => offerCode(lang));
  document.head.append(script);
}

function offerCode(lang) {
  if (!code) return;
  words = globalThis.witnessboxWords.toWords(code, lang);
  element("code-live").hidden = false;
  const handlers = { "code-show": show, "code-written": askBack, "code-check": check, "code-again": show, "code-forget": forget };
  for (const [id, handler] of Object.entries(handlers)) element(id).addEventListener("click", handler);
}

function show() {
  element("the-code").replaceChildren(
    ...words.map((word) => {
      const item = document.createElement("li");
      item.textContent = word;
      return item;
    }),
  );
  say("");
  stage("shown");
}

function askBack() {
  // Out of sight, so that it is the paper that is read.
  element("the-code").replaceChildren();
  element("code-typed").value = "";
  stage("back");
  element("code-typed").focus();
}

function check() {
  const typed = split(element("code-typed").value);
  const wrong = words.findIndex((word, place) => !globalThis.witnessboxWords.isWord(typed[place] ?? "", word));
  if (typed.length !== words.length) say("number", { typed: typed.length });
  else if (wrong >= 0) say("wrong", { number: wrong + 1 });
  else finish("right");
}

function forget() {
  finish("forgotten");
}

// There is nothing more to do with the code here.
function finish(outcome) {
  code = null;
  words = [];
  element("the-code").replaceChildren();
  element("code-typed").value = "";
  stage("");
  say(outcome);
}

const split = (text) => globalThis.witnessboxWords.split(text);

function stage(name) {
  element("code-show").hidden = true;
  element("code-shown").hidden = name !== "shown";
  element("code-back").hidden = name !== "back";
  element("code-forget").hidden = name === "";
}

function say(name, values = {}) {
  const status = element("code-status");
  let text = name ? status.dataset[name] : "";
  for (const [key, value] of Object.entries(values)) text = text.replace(`{${key}}`, value);
  status.textContent = text;
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
