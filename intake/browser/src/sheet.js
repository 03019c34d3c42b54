// The screen where a sheet of paper is typed in: its boxes in the paper's order, and one field for their codes. What
// is done in one of the two shows in the other; the codes are what counts.
//
// As filling.js it neither seals nor holds anything: what was typed lives in the page's fields.

import { clean } from "./answers.js";
import { startBoxes } from "./boxes.js";
import { linkedElement, showProblems } from "./problems.js";
import { readTicks, writeTicks } from "./ticks.js";

const DIGITS = 8;

export function startSheet(page, form) {
  const { paper } = page;
  const ids = ["codes-wrong", "f-version", "version-right", "problem-version"];
  const [wrong, version, versionRight, versionWrong] = ids.map((id) => document.getElementById(id));
  const boxes = startBoxes(page, form);
  let broken = [];
  let marked = new Map();

  const read = (text = form.elements._codes.value) => readTicks(page.form, paper, text);

  // What the codes and the words are, as the form's rules read them.
  const readRaw = () => new Map([...read().raw, ...boxes.words(), ["_shown", ["short"]]]);

  function showCodes(problems) {
    broken = problems;
    wrong.replaceChildren(
      ...problems.map(({ code, rule }) => {
        const item = document.createElement("p");
        item.textContent = page.words.ticks[rule].replace("{code}", code);
        return item;
      }),
    );
    const input = form.elements._codes;
    if (problems.length) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }

  function showWhatApplies() {
    const raw = readRaw();
    const { answers } = clean(page.form, raw);
    const [answer] = (paper.branch && raw.get(paper.branch)) ?? [""];
    const sheet = paper.sheets[answer] ?? [];
    for (const { id } of boxes.printed) {
      const asked = sheet.includes(id) && (answers.has(id) || isTicked(id, raw));
      document.getElementById(`q-${id}`).hidden = id !== paper.branch && !asked;
    }
  }

  // The boxes follow the codes.
  function fromCodes() {
    const { value } = form.elements._codes;
    boxes.show(read().raw);
    // The code that is being typed is not wrong yet.
    showCodes(read(value.slice(0, value.search(/[^\s,;]*$/))).problems);
    showWhatApplies();
  }

  // The codes follow the boxes. What was wrong about the question is mended with it; other wrong codes stay.
  function fromBoxes(name) {
    const own = new RegExp(`^${paper.letters[name]}(?![A-Z])`);
    const left = broken.map(({ code }) => code).filter((code) => !own.test(code));
    // First those without letters, which would get some from a code before them.
    left.sort((one, other) => /^[A-Z]/.test(one) - /^[A-Z]/.test(other));
    const { raw, problems } = read([...left, boxes.codes()].join(" "));
    const codes = [...problems.map(({ code }) => code), writeTicks(page.form, paper, raw)];
    form.elements._codes.value = codes.filter(Boolean).join(" ");
    boxes.show(raw);
    showCodes(problems);
    showWhatApplies();
  }

  function onInput({ target }) {
    if (target.name === "_codes") fromCodes();
    else if (boxes.isOfWords(target.name)) showWhatApplies();
    else if (target.type !== "text") fromBoxes(target.name);
  }

  // A date or a number is read once it is whole.
  function onChange({ target }) {
    if (target.name === "_codes") showCodes(read().problems);
    else if (target.type === "text" && !boxes.isOfWords(target.name)) fromBoxes(target.name);
  }

  // Ticks of a question that the other answers do not lead to.
  function unasked(raw, answers) {
    const lost = boxes.coded.filter(({ id }) => isTicked(id, raw) && !answers.has(id));
    return lost.map((question) => ({ code: boxes.codesOf(question, raw).split(" ")[0], rule: "not_asked" }));
  }

  function isRightForm() {
    const typed = version.value.toLowerCase().trim();
    const right = typed.endsWith(page.form_digest.slice(0, DIGITS));
    versionRight.hidden = !right;
    versionWrong.hidden = right || typed.length < DIGITS;
    return right;
  }

  function refuse(element) {
    element.focus();
    return null;
  }

  // Enter leads on: from the codes to the words, and from these to the button.
  function onKey(event) {
    if (event.key !== "Enter" || event.isComposing) return;
    const button = document.getElementById("seal-and-save");
    const isField = event.target.matches("input[type=text]");
    if (!isField && !event.ctrlKey) return;
    event.preventDefault();
    if (event.ctrlKey) return button.click();
    const fields = [form.elements._codes, ...boxes.wordFields()].filter((one) => one.offsetParent);
    (fields[fields.indexOf(event.target) + 1] ?? button).focus();
  }

  function followProblem(event) {
    const target = event.target.closest("a") && linkedElement(event.target.closest("a"));
    if (!target) return;
    event.preventDefault();
    target.focus();
  }

  function mark(problems) {
    marked = problems;
    showProblems(page, problems);
  }

  form.addEventListener("input", onInput);
  form.addEventListener("change", onChange);
  form.addEventListener("keydown", onKey);
  version.addEventListener("input", isRightForm);
  document.getElementById("problems").addEventListener("click", followProblem);
  showWhatApplies();

  return {
    // The answers; or null, and what is wrong is shown.
    check() {
      mark(new Map());
      if (!isRightForm()) {
        versionWrong.hidden = false;
        return refuse(version);
      }
      const raw = readRaw();
      const { answers, problems } = clean(page.form, raw);
      showCodes([...read().problems, ...unasked(raw, answers)]);
      if (broken.length) return refuse(form.elements._codes);
      mark(problems);
      return problems.size ? null : answers;
    },
    forget() {
      HTMLFormElement.prototype.reset.call(form);
      mark(new Map());
      showCodes([]);
      showWhatApplies();
    },
    respeak() {
      showProblems(page, marked);
      showCodes(broken);
    },
    isTouched: () => [...form.elements].some(({ type, checked, value }) => checked || (isText(type) && value)),
  };
}

const isText = (type) => type === "text" || type === "textarea";

const isTicked = (id, raw) => [id, `${id}.year`].some((name) => (raw.get(name) ?? []).some(Boolean));
