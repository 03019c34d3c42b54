// The page where a code is used: what was left for it, something to add, or the report taken back.
//
// No word of the code leaves the browser. It is in this page's memory until the page is left or closed, and stands
// in no address, no history and no storage. The page's words come with it: this file holds none.

import { tidy } from "./answers.js";
import { BrokenBox } from "./box.js";
import { CodeProblem, fromWords } from "./code.js";
import { offer } from "./keep.js";
import { look, NotNow } from "./look.js";
import { drawNonce, sealMessage } from "./message.js";
import { receiptFromCode } from "./receipt.js";
import { send, withdraw } from "./send.js";
import { showFound } from "./found.js";

// The page's own script leaves keys and words here. When it did not arrive nothing of this file runs.
const page = globalThis.witnessbox;
if (!page) throw new Error("the words of this page are missing");
const LONGEST = 2000;
// How many words the codes of other programs have (BIP-39).
const OF_WALLETS = [12, 15, 18, 21, 24];
const element = (id) => document.getElementById(id);
const form = element("open");
let thread = startAnew();

function startAnew() {
  return { receipt: null, more: null, back: null, deleted: false };
}

function say(place, name) {
  element("work").hidden = true;
  element(place).textContent = name ? page.words.done[name] : "";
}

function showWork(place) {
  const mine = thread;
  return (part) => {
    if (thread !== mine) return;
    const bar = element("work");
    if (bar.hidden) say(place, "working");
    bar.hidden = false;
    bar.value = part;
  };
}

function complain(problem) {
  const place = element("problem-words");
  place.textContent = problem ? inWords(problem) : "";
  place.hidden = !problem;
  element("q-words").classList.toggle("has-problem", Boolean(problem));
  if (!problem) return element("f-words").removeAttribute("aria-invalid");
  element("f-words").setAttribute("aria-invalid", "true");
  element("f-words").focus();
}

// As problem_in_words in intake/pages.py.
function inWords({ rule, typed = "", number = "", nearest = "" }) {
  const name = rule === "number" && OF_WALLETS.includes(typed) ? "wallet" : rule === "unknown" && nearest ? "near" : rule;
  const values = { typed, number, nearest };
  return page.words.problems[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

// Runs what a button starts, and keeps the button from being pressed meanwhile.
function during(button, work) {
  return async () => {
    button.disabled = true;
    try {
      await work();
    } finally {
      button.disabled = false;
    }
  };
}

async function open() {
  complain(null);
  say("status", "");
  const mine = thread;
  try {
    const receipt = receiptFromCode(fromWords(element("f-words").value, page.lang));
    say("status", "looking");
    const found = await look(receipt, { progress: showWork("status") });
    // Whoever left meanwhile is not to find it here when this page is shown again.
    if (thread !== mine) return;
    element("f-words").value = "";
    say("status", "");
    thread = { ...startAnew(), receipt };
    showFound(page.words, found);
    form.hidden = true;
    element("thread").hidden = false;
    element("thread").focus();
    scrollTo(0, 0);
  } catch (error) {
    if (thread !== mine) return;
    say("status", error instanceof CodeProblem ? "" : error instanceof NotNow ? error.words : "broken");
    if (error instanceof CodeProblem) complain(error);
    else if (!(error instanceof NotNow || error instanceof BrokenBox || error instanceof SyntaxError)) throw error;
  }
}

// What is said of a follow-up, by what came of its sending.
const ADDED = { sent: "added", arrived: "addedArrived", failed: "addedFailed" };

async function add() {
  offer(null);
  const mine = thread;
  const { receipt } = mine;
  const text = tidy("long_text", element("f-more").value);
  if (!text || [...text].length > LONGEST) return say("added", text ? "tooLong" : "empty");
  say("added", "sealing");
  // Sealing keeps a slow phone busy: let it show the words first.
  await new Promise((resolve) => setTimeout(resolve, 50));
  // The same words are the same bytes; while it is not known what arrived, others keep the name of the first.
  const more = mine.more ?? { nonce: drawNonce(), text: null, bytes: null, lost: false };
  if (more.text !== text) Object.assign(more, { text, bytes: await sealMessage(page, receipt, more.nonce, text) });
  mine.more = more;
  if (thread === mine) say("added", "sending");
  const outcome = await send(more.bytes, { lost: more.lost, progress: showWork("added") });
  if (thread !== mine) return;
  more.lost = outcome === "failed";
  if (outcome === "sent" || outcome === "arrived") mine.more = null;
  else offer(more.bytes);
  if (outcome === "sent") element("f-more").value = "";
  say("added", ADDED[outcome] ?? outcome);
}

const TAKEN = { busy: "backNothing", nothingSaved: "backNothing", failed: "backFailed", outdated: "backOutdated" };

// From the server, if it still has the report; and by a sealed request to the organizers whether it has or not, since
// a copy may have left before or come later. Who closes the thread meanwhile has asked for it all the same.
async function takeBack() {
  offer(null);
  const mine = thread;
  say("taken", "sending");
  const progress = showWork("taken");
  let outcome = mine.deleted ? "deleted" : await withdraw(mine.receipt.withdraw, { progress });
  mine.deleted = outcome === "deleted";
  if (mine.deleted || outcome === "gone") outcome = await askBack(mine, progress);
  if (thread !== mine) return;
  const done = outcome === "asked" || outcome === "deleted";
  if (mine.back && !done) offer(mine.back);
  say("taken", TAKEN[outcome] ?? outcome);
  element("sure").hidden = done;
  element("take-back").hidden = true;
}

async function askBack(mine, progress) {
  mine.back ??= await sealMessage(page, mine.receipt, drawNonce(), null);
  const outcome = await send(mine.back, { progress });
  const kept = outcome === "sent" || outcome === "arrived";
  if (mine.deleted) return kept ? "deleted" : "deletedOnly";
  return kept ? "asked" : outcome;
}

function ask(sure) {
  element("sure").hidden = !sure;
  element("take-back").hidden = sure;
  (sure ? element("take-back-now") : element("take-back")).focus();
}

// Browsers keep a page that was left, to show it again at once: without anything of the code.
function forget() {
  thread = startAnew();
  element("f-words").value = "";
  element("f-more").value = "";
  for (const place of ["status", "added", "taken"]) say(place, "");
  showFound(page.words, { collected: "", messages: [] });
  complain(null);
  offer(null);
  element("sure").hidden = true;
  element("take-back").hidden = false;
  element("thread").hidden = true;
  form.hidden = false;
}

for (const [id, work] of [["look", open], ["add", add], ["take-back-now", takeBack]]) {
  element(id).addEventListener("click", during(element(id), work));
}
element("take-back").addEventListener("click", () => ask(true));
element("keep-it").addEventListener("click", () => ask(false));
element("close").addEventListener("click", () => {
  forget();
  element("main").focus();
});
element("f-more").addEventListener("input", () => offer(null));
addEventListener("pagehide", forget);
forget();
element("script-missing").hidden = true;
element("look").hidden = false;
