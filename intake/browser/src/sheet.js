// The screen where a sheet of paper is typed in: its boxes in the paper's order, and one field for their codes. What
// is done in one of the two shows in the other; the codes are what counts.
//
// As filling.js it neither seals nor holds anything: what was typed lives in the page's fields.

import { clean } from "./answers.js";
import { linkedElement, showProblems } from "./problems.js";
import { readTicks, writeTicks } from "./ticks.js";

const DIGITS = 8;
const SELECTS = ["select_one", "select_multiple"];
const WORDS = ["text", "long_text"];

export function startSheet(page, form) {
  const { paper } = page;
  const [wrong, version, versionRight, versionWrong] = ["codes-wrong", "f-version", "version-right", "problem-version"].map(
    (id) => document.getElementById(id),
  );
  const printed = page.form.questions.filter(({ id }) => paper.letters[id]);
  const field = (id) => form.querySelector(`#q-${id} :is(input[type=text], textarea)`);
  const isOf = (kinds) => ({ kind }) => kinds.includes(kind);
  let broken = [];

  const read = (text = form.elements._codes.value) => readTicks(page.form, paper, text);

  // What the codes and the words are, as the form's rules read them.
  function readRaw({ raw } = read()) {
    const words = printed.filter(isOf(WORDS)).map(({ id }) => [id, [field(id).value]]);
    return new Map([...raw, ...words, ["_shown", ["short"]]]);
  }

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
    for (const { id } of printed) {
      const asked = sheet.includes(id) && (answers.has(id) || isTicked(id, raw));
      document.getElementById(`q-${id}`).hidden = id !== paper.branch && !asked;
    }
  }

  function showBoxes(raw) {
    for (const box of form.querySelectorAll("input[type=radio], input[type=checkbox]")) {
      box.checked = (raw.get(box.name) ?? []).includes(box.value);
    }
    for (const question of printed) {
      if (!SELECTS.includes(question.kind) && !WORDS.includes(question.kind)) field(question.id).value = valueOf(question, raw);
    }
  }

  // The boxes follow the codes.
  function fromCodes() {
    const { value } = form.elements._codes;
    showBoxes(read().raw);
    // The code that is being typed is not wrong yet.
    showCodes(read(value.slice(0, value.search(/[^\s,;]*$/))).problems);
    showWhatApplies();
  }

  const valueOf = ({ id }, raw) => writeTicks({ questions: page.form.questions.filter((one) => one.id === id) }, paper, raw).slice(paper.letters[id].length);

  // The codes follow the boxes. What was wrong about the question is mended with it; other wrong codes stay.
  function fromBoxes(name) {
    const raw = new Map();
    for (const { id } of printed.filter(isOf(SELECTS))) {
      raw.set(id, [...form.querySelectorAll(`input[name="${id}"]:checked`)].map(({ value }) => value));
    }
    const typed = printed.filter(({ kind }) => !SELECTS.includes(kind) && !WORDS.includes(kind));
    const values = typed.map(({ id }) => [id, field(id).value.replace(/\s/g, "")]).filter(([, value]) => value);
    const ownLetters = new RegExp(`^${paper.letters[name]}(?![A-Z])`);
    const left = broken.map(({ code }) => code).filter((code) => !ownLetters.test(code));
    // A number that had no letters gets none from what would stand before it.
    left.sort((one, other) => /^[A-Z]/.test(one) - /^[A-Z]/.test(other));
    const text = [...left, writeTicks(page.form, paper, raw), ...values.map(([id, value]) => paper.letters[id] + value)].join(" ");
    const found = read(text);
    const wrongCodes = found.problems.map(({ code }) => code);
    showBoxes(found.raw);
    form.elements._codes.value = [...wrongCodes, writeTicks(page.form, paper, found.raw)].filter(Boolean).join(" ");
    showCodes(found.problems);
    showWhatApplies();
  }

  function onInput({ target }) {
    if (target.name === "_codes") fromCodes();
    else if (WORDS.includes(printed.find(({ id }) => id === target.name)?.kind)) showWhatApplies();
    else if (target.type !== "text") fromBoxes(target.name);
  }

  function onChange({ target }) {
    if (target.name === "_codes") showCodes(read().problems);
    else if (target.type === "text") onLeave(target);
  }

  // A date or a number, once it is whole.
  function onLeave({ name }) {
    if (!WORDS.includes(printed.find(({ id }) => id === name)?.kind)) fromBoxes(name);
  }

  // Ticks of a question that the other answers do not lead to.
  function unasked(raw, answers) {
    const lost = printed.filter(({ id, kind }) => !WORDS.includes(kind) && isTicked(id, raw) && !answers.has(id));
    return lost.map((question) => ({ code: paper.letters[question.id] + valueOf(question, raw).split(" ")[0], rule: "not_asked" }));
  }

  function isRightForm() {
    const typed = version.value.toLowerCase().replace(/\s+$/, "");
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
    if (event.ctrlKey) {
      event.preventDefault();
      button.click();
    } else if (event.target.matches("input[type=text]")) {
      event.preventDefault();
      const fields = [form.elements._codes, ...printed.filter(isOf(WORDS)).map(({ id }) => field(id))].filter((one) => one.offsetParent);
      (fields[fields.indexOf(event.target) + 1] ?? button).focus();
    }
  }

  function followProblem(event) {
    const target = event.target.closest("a") && linkedElement(event.target.closest("a"));
    if (!target) return;
    event.preventDefault();
    target.focus();
  }

  let marked = new Map();
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
    isTouched: () => [...form.elements].some(({ type, checked, value }) => checked || (["text", "textarea"].includes(type) && value)),
  };
}

const isTicked = (id, raw) => [id, `${id}.year`].some((name) => (raw.get(name) ?? []).filter(Boolean).length > 0);
