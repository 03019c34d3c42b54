// The form as one file, opened from a stick or a folder: seals on this device and saves what it sealed.
//
// It sends nothing and asks nobody for anything; the file's own policy forbids it to. Nothing is stored but
// what the reporter saves.

import "./exit.js";
import { startFilling } from "./filling.js";
import { startGathering } from "./gathering.js";
import { startKiosk } from "./kiosk.js";
import { startPaper } from "./paper.js";
import { startReporting } from "./reporting.js";
import { startSheet } from "./sheet.js";
import { startSpeaking } from "./speaking.js";
import { startWeb } from "./web.js";

// Each gets the page's configuration and {reporting, show, restoreLanguage}, and gives {forget(), wouldLose()}.
const modes = { web: startWeb, outreach: startGathering, paper: startPaper, kiosk: startKiosk };
const views = [...document.querySelectorAll("#main > div")];

const page = globalThis.witnessbox;
const whole = document.getElementById("whole");
const speak = startSpeaking(whole, page.lang);
const ownLanguage = navigator.languages.map((one) => one.split("-")[0]).find((one) => one in page.spoken) ?? page.lang;
setLanguage(ownLanguage);

const reporting = startReporting(page, page.mode === "paper" ? startSheet : startFilling);
document.getElementById("start").addEventListener("click", () => show("filling"));
const mode = modes[page.mode](page, { reporting, show, restoreLanguage });

// Puts one of the parts of the main part, by its id, in the place of the others.
function show(name) {
  for (const view of views) view.hidden = view.id !== name;
  // The code of a report stays in the language in which it was shown.
  document.querySelector(".languages").hidden = name === "saved";
  if (name !== "filling") document.documentElement.classList.remove("later");
  history.replaceState(null, "");
  scrollTo(0, 0);
  document.getElementById("main").focus({ preventScroll: true });
}

function setLanguage(language) {
  const { direction, title, words } = page.spoken[language];
  speak(language, direction);
  document.title = title;
  Object.assign(page, { lang: language, words });
  for (const choice of document.querySelectorAll("[data-speak]")) {
    choice.setAttribute("aria-pressed", String(choice.dataset.speak === language));
  }
}

function restoreLanguage() {
  setLanguage(ownLanguage);
  reporting.respeak();
}

function choose({ currentTarget }) {
  setLanguage(currentTarget.dataset.speak);
  reporting.respeak();
  currentTarget.focus({ preventScroll: true });
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function warn(event) {
  if (mode.wouldLose()) event.preventDefault();
}

for (const choice of document.querySelectorAll("[data-speak]")) choice.addEventListener("click", choose);
// By its address this link would leave an entry in the history.
document.querySelector(".skip:not([data-exit])").addEventListener("click", skip);
addEventListener("beforeunload", warn);
// Who leaves by the button is in a hurry, and is asked nothing.
addEventListener("exit", () => mode.forget());
// Browsers keep a page that was left, to show it again at once: then it is as nobody had been there.
addEventListener("pagehide", () => {
  mode.forget();
  show("before");
});
document.getElementById("unable").hidden = true;
whole.hidden = false;
