// The form's page: asks only what applies, and sends nothing that is not sealed.
//
// Nothing is stored: what was typed lives in the page, and a report that could not be sent lives in
// `pending` until the page is closed.

import { clean, isAsked } from "./answers.js";
import { filesVersion, forgetFiles, offerFiles, sealFiles } from "./attached.js";
import { canonical } from "./canonical.js";
import { showProblems } from "./problems.js";
import { drawReceipt } from "./receipt.js";
import { buildReport } from "./report.js";
import { envelope, seal, TooLong } from "./seal.js";
import { sendAll } from "./send.js";

const page = JSON.parse(document.getElementById("witnessbox").textContent);
const button = document.getElementById("seal-and-send");
const status = document.getElementById("status");
const form = button.form;
const outcomes = { refused: "nothingSaved", files: "filesFailed", unknown: "failed" };
let pending = { report: "", bodies: [] };

// As the server gets them, so that the same rules turn them into the same bytes.
function readFields() {
  const raw = new Map();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") raw.set(name, [...(raw.get(name) ?? []), value]);
  }
  return raw;
}

function showWhatApplies() {
  const { answers } = clean(page.form, readFields());
  for (const question of page.form.questions) {
    const element = document.getElementById(`q-${question.id}`);
    if (element) element.hidden = !isAsked(question, answers);
  }
  for (const section of form.querySelectorAll("section")) {
    section.hidden = !section.querySelector("[data-question]:not([hidden])");
  }
}

// "None of these" unticks the rest, and the rest unticks it, where the reporter can see it happen.
function keepExclusive({ target }) {
  const question = page.form.questions.find(({ id }) => id === target.name);
  if (!target.checked || question?.kind !== "select_multiple") return;
  const exclusive = (code) => question.choices.some((choice) => choice.code === code && choice.exclusive);
  for (const box of form.querySelectorAll(`input[name="${question.id}"]:checked`)) {
    if (box !== target && (exclusive(target.value) || exclusive(box.value))) box.checked = false;
  }
}

function say(name) {
  status.textContent = name ? status.dataset[name] : "";
}

// The same answers are the same report: after a lost reply it is sent again, not a second time.
async function sealOnce(answers) {
  const report = `${canonical(answers)} ${await filesVersion()}`;
  if (pending.report !== report) {
    const receipt = drawReceipt();
    const { bodies, named } = await sealFiles(receipt, page.recipients);
    const sealed = await seal(buildReport(page, answers, receipt, named), page.recipients);
    pending = { report, bodies: [...bodies, envelope(receipt.id, sealed)] };
  }
  return pending.bodies;
}

async function sealAndSend() {
  const { answers, problems } = clean(page.form, readFields());
  showProblems(page, problems);
  if (problems.size) return say("");
  say("sealing");
  // Sealing keeps a slow phone busy: let it show the words first.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const bodies = await sealOnce(answers);
  say("sending");
  const outcome = await sendAll(bodies);
  if (outcome !== "sent") return say(outcomes[outcome]);
  // The Back button must not show the answers to whoever holds the phone next.
  form.reset();
  forgetFiles();
  location.assign(`${page.sent}?sealed_by=browser`);
}

async function press() {
  button.disabled = true;
  try {
    await sealAndSend();
  } catch (error) {
    say(error instanceof TooLong && status.dataset.tooLong ? "tooLong" : "nothingSaved");
  } finally {
    button.disabled = false;
  }
}

// No other way out: neither Enter nor another script's submit may post the plain answers.
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", keepExclusive);
form.addEventListener("input", showWhatApplies);
form.addEventListener("change", showWhatApplies);
button.addEventListener("click", press);
showWhatApplies();
offerFiles(page.form.attachments ?? []);
document.getElementById("script-missing").hidden = true;
button.hidden = false;
