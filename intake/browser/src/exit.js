// Leaves at once: by any link marked data-exit, or by the Shift key pressed three times within five
// seconds, as the GOV.UK design system has it. Every page loads this file, and it works on its own.

const PRESSES = 3;
const WITHIN = 5_000;

const cover = document.getElementById("leaving");
const told = document.getElementById("presses");
const links = document.querySelectorAll("[data-exit]");
let pressed = [];

function leave(event) {
  event?.preventDefault();
  // The page goes blank before anything else, since the next one can take a while to come.
  cover.hidden = false;
  cover.textContent = cover.dataset.words;
  // A field could be called "reset".
  for (const form of document.forms) HTMLFormElement.prototype.reset.call(form);
  // A page may have more to forget, or be the only one that its device shows.
  cover.hidden = !dispatchEvent(new Event("exit", { cancelable: true }));
  if (cover.hidden) return;
  // This page's place in the history is given to the next one. Without a network that would be the browser's
  // own page of failure, which names what it could not open.
  location.replace(navigator.onLine ? links[0].href : "about:blank");
}

function countShift(event) {
  if (event.repeat) return;
  // With any other key in between, somebody is writing a capital letter.
  pressed = event.key === "Shift" ? [...pressed, event.timeStamp].filter((time) => event.timeStamp - time < WITHIN) : [];
  if (pressed.length === PRESSES) leave();
  tell();
  setTimeout(forget, WITHIN);
}

function tell() {
  told.textContent = pressed.length ? (told.dataset[`left-${PRESSES - pressed.length}`] ?? "") : "";
}

function forget() {
  if (pressed.length && performance.now() - pressed[0] >= WITHIN) pressed = [];
  tell();
}

// A page that the browser kept is shown again as it was left: blank.
addEventListener("pageshow", () => {
  cover.hidden = true;
});
for (const link of links) link.addEventListener("click", leave);
addEventListener("keydown", countShift);
