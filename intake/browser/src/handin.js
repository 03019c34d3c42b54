// The page where sealed files are handed in that were made elsewhere. They are looked at first, and nothing that is
// not sealed leaves the browser; a batch is taken apart here, and each of its files is posted as if it were alone.
//
// Its words come with the page: this file holds none, and nothing is stored.

import { bodyOf, lookAt, refuse } from "./chosen.js";
import { hex } from "./receipt.js";
import { send } from "./send.js";

const page = globalThis.witnessbox;
if (!page) throw new Error("the words of this page are missing");
// So many are on their way at once: over Tor each takes a second or more.
const LANES = 4;
const REASONS = { arrived: "conflict", nothingSaved: "full", outdated: "other", failed: "lost", unread: "unread" };
const element = (id) => document.getElementById(id);
const [input, button, bar, status, result] = ["f-files", "send-files", "work", "status", "result"].map(element);
let entries = [];
// Changes when the page is left or other files are chosen: what is under way then ends.
let turn = {};

const words = (name, values = {}) =>
  Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), page.words[name]);

function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

async function choose() {
  const mine = (turn = {});
  const files = [...input.files];
  entries = [];
  result.hidden = true;
  show();
  say(words("checking"));
  try {
    const found = await lookAt(files, page);
    if (turn !== mine) return;
    entries = found;
  } finally {
    if (turn === mine) say("");
  }
  show();
}

// What was chosen, and what is wrong with it; the button is there when something can be sent.
function show() {
  element("chosen").replaceChildren(...entries.map((entry) => line(entry, chosenWords(entry))));
  button.disabled = !entries.some(({ members }) => members.length);
}

function chosenWords({ batch, members, refused, flaw }) {
  const good = batch ? words("batch", { count: members.length }) : words("locked");
  const bad = whyWords({ batch, refused, flaw });
  return [...(members.length ? [good] : []), ...bad, ...(members.length ? [] : [words("stays")])];
}

function whyWords({ batch, refused, flaw }) {
  const whys = [...refused].map(([reason, count]) =>
    batch ? `${words("refused", { count })} ${page.why[reason]}` : page.why[reason],
  );
  return flaw ? [...whys, page.why[flaw]] : whys;
}

function line({ name }, sentences) {
  const shown = document.createElement("bdi");
  shown.className = "name";
  shown.textContent = name;
  const item = document.createElement("li");
  item.append(shown);
  for (const sentence of sentences) {
    const part = document.createElement("span");
    part.textContent = sentence;
    item.append(" ", part);
  }
  return item;
}

async function press() {
  const mine = turn;
  button.disabled = input.disabled = true;
  for (const entry of entries) Object.assign(entry, { kept: 0, again: 0 });
  try {
    await sendAll(mine);
    if (turn === mine) report();
  } finally {
    if (turn === mine) {
      bar.hidden = true;
      input.disabled = false;
      input.value = "";
      entries = [];
      show();
      say(words("done"));
    }
  }
}

// Attachments first, and then the reports that name them.
async function sendAll(mine) {
  const jobs = entries.flatMap((entry) => entry.members.map((member) => ({ entry, ...member })));
  const told = { done: 0, all: jobs.length, kept: new Set(), stop: "" };
  showProgress(told);
  for (const large of [true, false]) {
    const some = jobs.filter(({ isLarge }) => isLarge === large);
    // No room for the one kind says nothing of the other.
    if (told.stop === "full") told.stop = "";
    await Promise.all(Array.from({ length: LANES }, () => lane(some, told, mine)));
  }
}

async function lane(jobs, told, mine) {
  while (jobs.length && turn === mine) {
    const job = jobs.shift();
    if (told.stop) {
      refuse(job.entry, told.stop === "full" ? "full" : "unsent");
    } else {
      const outcome = await sendOne(job);
      if (turn !== mine) return;
      take(job.entry, hex(job.id), outcome, told);
    }
    told.done += 1;
    showProgress(told);
  }
}

async function sendOne(job) {
  let body;
  try {
    body = await bodyOf(job);
  } catch {
    return "unread";
  }
  return send(body, { progress: () => say(words("working")) });
}

function take(entry, id, outcome, told) {
  if (outcome === "sent") {
    entry[told.kept.has(id) ? "again" : "kept"] += 1;
    told.kept.add(id);
    return;
  }
  const reason = REASONS[outcome];
  refuse(entry, reason);
  // Where the one found no room, or no server, the next would not either; each would wait as long.
  if (reason === "full" || reason === "lost") told.stop = reason;
}

// The words change ten times at most, so that whoever hears them is not told each file.
function showProgress({ done, all }) {
  bar.hidden = false;
  bar.max = all;
  bar.value = done;
  if (done % Math.ceil(all / 10) === 0) say(words("sending", { done, all }));
}

const sum = (name) => entries.reduce((all, entry) => all + entry[name], 0);

// What became of all of it, as upload.html says it where no script runs.
function report() {
  const [kept, again] = [sum("kept"), sum("again")];
  const refused = entries.reduce((all, entry) => all + [...entry.refused.values()].reduce((one, n) => one + n, 0), 0);
  const isBad = (entry) => entry.refused.size > 0 || Boolean(entry.flaw);
  const title = document.createElement("h2");
  title.textContent = kept ? words("kept", { count: kept }) : words("noneKept");
  const parts = [title];
  for (const [name, count] of [["again", again], ["refused", refused]]) {
    if (!count) continue;
    const part = document.createElement("p");
    part.textContent = words(name, { count });
    parts.push(part);
  }
  const list = document.createElement("ul");
  list.className = "files";
  const sorted = [...entries.filter(isBad), ...entries.filter((entry) => !isBad(entry))];
  list.append(...sorted.map((entry) => line(entry, resultWords(entry))));
  result.replaceChildren(...parts, list);
  const bad = entries.some(isBad);
  result.className = bad ? "summary" : "notice";
  result.setAttribute("role", bad ? "alert" : "status");
  result.hidden = false;
  result.focus();
  result.scrollIntoView();
}

function resultWords(entry) {
  const here = entry.kept + entry.again;
  const good = entry.batch ? words("keptHere", { count: here }) : words("one");
  return [...(here ? [good] : []), ...whyWords(entry)];
}

// Browsers keep a page that was left, to show it again at once: without the names of files.
function forget() {
  turn = {};
  entries = [];
  input.value = "";
  input.disabled = false;
  result.hidden = true;
  result.replaceChildren();
  bar.hidden = true;
  show();
  say("");
}

addEventListener("pagehide", forget);
input.addEventListener("change", choose);
button.addEventListener("click", press);
input.value = "";
element("script-missing").hidden = true;
element("choose").hidden = button.hidden = false;
show();
