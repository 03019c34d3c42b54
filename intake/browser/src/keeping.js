// The batch in sight: how many sealed reports wait in this window, and the way to save them. See batch.html.

import { saveAs } from "./download.js";
import { gather, lastBatch, nextBatch, unsaved } from "./gathered.js";

const REMIND = 20;

const element = (name) => document.getElementById(`batch-${name}`);

// What comes back takes a sealed report.
export function startKeeping() {
  element("save").addEventListener("click", () => put(nextBatch()));
  element("again").addEventListener("click", () => put(lastBatch()));
  show();
  return (sealed) => {
    gather(sealed);
    show();
  };
}

function put({ name, bytes }) {
  saveAs(name, bytes);
  show();
}

function show() {
  const last = lastBatch();
  for (const place of document.querySelectorAll("[data-waiting]")) place.textContent = unsaved();
  for (const reminder of document.querySelectorAll("[data-reminder]")) reminder.hidden = unsaved() < REMIND;
  element("save").disabled = !unsaved();
  element("saved").hidden = !last;
  element("name").textContent = last?.name ?? "";
  element("reports").textContent = last?.reports ?? "";
}
