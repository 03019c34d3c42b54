// The form's page: asks only what applies, and sends nothing that is not sealed.
//
// Nothing is stored: what was typed lives in the page, and a report that could not be sent lives in
// `pending`, until the page is left.

import { filesVersion, forgetFiles, offerFiles, sealFiles } from "./attached.js";
import { canonical } from "./canonical.js";
import { startFilling } from "./filling.js";
import { offer } from "./keep.js";
import { drawCode, receiptFromCode } from "./receipt.js";
import { buildReport } from "./report.js";
import { envelope, seal, TooLong } from "./seal.js";
import { send, sendAll } from "./send.js";
import { fetchSent, forgetCode, showSent } from "./sent.js";

// The page's own script leaves its rules here. When it did not arrive nothing of this file runs, so that the
// form stays as it is without script, and the page says that a part is missing.
const page = globalThis.witnessbox;
if (!page) throw new Error("the rules of this form are missing");
const button = document.getElementById("seal-and-send");
const status = document.getElementById("status");
const form = button.form;
let pending = startAnew();
let sent = false;
const here = location.pathname;

function showWork(part) {
  const bar = document.getElementById("work");
  if (bar.hidden) say("working");
  bar.hidden = false;
  bar.value = part;
}

function say(name) {
  document.getElementById("work").hidden = true;
  status.textContent = name ? page.words.status[name] : "";
}

function startAnew() {
  return { version: null, files: [], named: [], code: null, receipt: null, answers: "", bytes: null, lost: false };
}

// One page is one report. The same answers are the same bytes, and changed ones keep their id: whatever
// was lost on the way, the server keeps one.
async function sealOnce(answers) {
  const text = canonical(answers);
  const version = await filesVersion();
  if (pending.version !== version) {
    // What was sent of other files is held under their ids, so these need others, and a report with them.
    const code = drawCode();
    const receipt = receiptFromCode(code);
    pending = { ...startAnew(), version, code, receipt, ...(await sealFiles(receipt, page.recipients)) };
  }
  if (pending.answers !== text) {
    const sealed = await seal(buildReport(page, answers, pending.receipt, pending.named), page.recipients);
    pending = { ...pending, answers: text, bytes: envelope(pending.receipt.id, sealed) };
  }
}

// Seals and sends; the outcome is the name of its words.
async function deliver(answers) {
  if (pending.lost && pending.version !== (await filesVersion())) {
    // It may have arrived with the files that it had. With others it would be a second report.
    say("sending");
    const outcome = await send(pending.bytes, { lost: true, progress: showWork });
    return outcome === "sent" ? "arrived" : outcome;
  }
  await sealOnce(answers);
  say("sending");
  return sendAll(pending.files, pending.bytes, { lost: pending.lost, progress: showWork });
}

// What is said when files of the report came through before: they stay, and "nothing" would not be true.
const WITH_FILES = { nothingSaved: "filesKept", outdated: "outdatedFilesKept" };

function inWords(outcome) {
  const filesKept = pending.named.length > pending.files.length;
  return (filesKept && WITH_FILES[outcome]) || outcome;
}

// Whether the report was sent; the page says what else came of it.
async function sealAndSend() {
  offer(null);
  const answers = filling.check();
  say(answers ? "sealing" : "");
  if (!answers) return false;
  // Sealing keeps a slow phone busy: let it show the words first.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const outcome = await deliver(answers);
  // Once an answer was lost, nobody may be told that nothing was saved.
  pending.lost = outcome === "failed" || outcome === "arrived";
  if (outcome !== "sent") say(inWords(outcome));
  // A file to send another way holds the report alone, so it is offered once nothing else is missing.
  if (outcome !== "sent" && outcome !== "arrived" && !pending.files.length) offer(pending.bytes);
  return outcome === "sent";
}

async function press() {
  button.disabled = true;
  let kept = false;
  try {
    kept = await sealAndSend();
  } catch (error) {
    say(error instanceof TooLong ? "tooLong" : pending.lost ? "failed" : inWords("nothingSaved"));
  }
  // The button stays disabled while the next page is on its way: there is nothing left to send.
  button.disabled = kept;
  if (kept) await goOn(`${page.sent}?sealed_by=browser`);
}

// To the sent page, in place of the form, with the code; where that fails, without it.
async function goOn(address) {
  const { code } = pending;
  const next = await fetchSent(address);
  if (!next) return location.assign(address);
  forgetForm();
  sent = true;
  showSent(next, address, code, page.lang);
}

// Browsers keep a page that was left, to show it again at once. The Back button must not show the
// answers to whoever holds the phone next.
function forget() {
  if (sent) forgetCode();
  else forgetForm();
}

function forgetForm() {
  forgetFiles();
  pending = startAnew();
  offer(null);
  say("");
  filling.forget();
  button.disabled = false;
}

addEventListener("pagehide", forget);
// The form and the sent page share one document: from one to the other leads a new page, with nothing in it.
addEventListener("popstate", () => {
  if (sent === (location.pathname === here)) location.reload();
});
form.addEventListener("input", () => offer(null));
button.addEventListener("click", press);
const filling = startFilling(page, form);
filling.steps.stayWith(document.activeElement);
offerFiles(page.form.attachments ?? [], page.words.files);
document.getElementById("script-missing").hidden = true;
button.hidden = false;
