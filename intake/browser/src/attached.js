// The files that the reporter chose: checked and cleaned at once, shown, and sealed when the report is sent.
//
// Its words come with the page: this file holds none. On a form that takes no files it does nothing.

import { MAX_ATTACHMENT, MOST_ATTACHMENTS, sealAttachment } from "./attachment.js";
import { cleanPicture, FileProblem, isPicture, JPEG } from "./picture.js";

const place = document.getElementById("attach");
const input = document.getElementById("f-attachments");
const list = document.getElementById("attached");
const problem = document.getElementById("problem-attachments");
let words = {};
let files = [];
let changes = 0;
let cleaning = Promise.resolve();

// Shows the way to choose files of these media types; `texts` holds what there is to say of them.
export function offerFiles(types, texts) {
  if (!place) return;
  words = texts;
  place.hidden = false;
  input.addEventListener("change", () => {
    const chosen = [...input.files];
    input.value = "";
    cleaning = cleaning.then(() => takeAll(chosen, types));
  });
}

// Changes with every file that is added or removed; waits for those that are being cleaned.
export async function filesVersion() {
  await cleaning;
  return changes;
}

// What to post of each file, and what the report says of it.
export async function sealFiles(receipt, recipients) {
  const sealed = [];
  for (const [place, { file }] of files.entries()) {
    sealed.push(await sealAttachment(file, place + 1, receipt, recipients));
  }
  return { files: sealed.map(({ body }) => body), named: sealed.map(({ named }) => named) };
}

export function forgetFiles() {
  files = [];
  show();
}

async function takeAll(chosen, types) {
  problem.hidden = true;
  for (const file of chosen) {
    try {
      files.push({ name: file.name, file: await clean(file, types) });
    } catch (error) {
      complain(file, error instanceof FileProblem ? error.message : "file_unreadable");
    }
  }
  show();
}

async function clean(file, types) {
  if (files.length >= MOST_ATTACHMENTS) throw new FileProblem("too_many_files");
  const picture = await isPicture(file);
  if (!types.includes(picture ? JPEG : file.type) || !file.size) throw new FileProblem("file_type");
  const cleaned = picture ? await cleanPicture(file) : file;
  if (cleaned.size > MAX_ATTACHMENT) throw new FileProblem("file_too_large");
  return cleaned;
}

function complain(file, rule) {
  problem.textContent = `${file.name}: ${words[rule]}`;
  problem.hidden = false;
}

function show() {
  changes += 1;
  list?.replaceChildren(...files.map(item));
}

function item(entry) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words.remove;
  button.setAttribute("aria-label", `${words.remove}: ${entry.name}`);
  button.addEventListener("click", () => {
    files = files.filter((other) => other !== entry);
    show();
    input.focus();
  });
  const element = document.createElement("li");
  element.append(entry.name, " ", button);
  return element;
}
