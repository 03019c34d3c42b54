// Shows the code of a report to whoever asks, lets them type it back once, and forgets it. See code-offer.html.
//
// The words are in this page's memory and nowhere else. `witnessboxWords` is what words.js leaves.

let words = [];

const element = (id) => document.getElementById(id);

// `code` are its bytes; `lang` is the language of the list that its words are taken from.
export function offerCode(code, lang) {
  words = globalThis.witnessboxWords.toWords(code, lang);
  element("code-live").hidden = false;
  const handlers = { "code-show": show, "code-written": askBack, "code-check": check, "code-again": show, "code-forget": forget };
  for (const [id, handler] of Object.entries(handlers)) element(id).addEventListener("click", handler);
}

// Takes the words out of the page, and out of memory.
export function forgetOffer() {
  words = [];
  element("the-code")?.replaceChildren();
  if (element("code-typed")) element("code-typed").value = "";
}

// As it was before anybody asked, and out of sight until the next code.
export function closeOffer() {
  forgetOffer();
  stage("");
  say("");
  element("code-show").hidden = false;
  element("code-live").hidden = true;
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
  forgetOffer();
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
