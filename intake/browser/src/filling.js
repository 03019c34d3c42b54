// What is ticked and typed in a form: asks only what applies, goes by steps, and marks what is to be mended.
//
// It neither seals nor sends, and it holds nothing: what was typed lives in the page's fields.

import { clean, isAsked, shown } from "./answers.js";
import { linkedElement, showProblems } from "./problems.js";
import { startSteps } from "./steps.js";

// `page` has the rules of the form and the words for what is wrong; `form` is its element.
export function startFilling(page, form) {
  let broken = new Map();

  // As the server gets them, so that the same rules turn them into the same bytes.
  function readFields() {
    const raw = new Map();
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string") raw.set(name, [...(raw.get(name) ?? []), value]);
    }
    return raw;
  }

  function showWhatApplies() {
    const raw = readFields();
    const { answers } = clean(page.form, raw);
    const had = new Set(shown(page.form, raw));
    for (const question of page.form.questions) {
      const element = document.getElementById(`q-${question.id}`);
      if (element) element.hidden = !had.has(question) || !isAsked(question, answers);
    }
    steps.update();
  }

  // Whether a step may be left behind; what is wrong in it is shown.
  function checkStep(section) {
    const { problems } = clean(page.form, readFields());
    for (const id of problems.keys()) {
      if (!section.querySelector(`#q-${id}`)) problems.delete(id);
    }
    mark(problems);
    return problems.size === 0;
  }

  function mark(problems) {
    broken = problems;
    showProblems(page, problems);
  }

  function followProblem(event) {
    const target = event.target.closest("a") && linkedElement(event.target.closest("a"));
    if (!target) return;
    event.preventDefault();
    steps.reveal(target);
    target.focus();
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

  form.addEventListener("change", keepExclusive);
  form.addEventListener("input", showWhatApplies);
  form.addEventListener("change", showWhatApplies);
  document.getElementById("problems").addEventListener("click", followProblem);
  const steps = startSteps(form, checkStep, { inHistory: (page.mode ?? "web") === "web" });
  showWhatApplies();

  return {
    steps,
    // The answers; or null, and what is wrong with them is shown.
    check() {
      const { answers, problems } = clean(page.form, readFields());
      mark(problems);
      return problems.size ? null : answers;
    },
    // Empty, at its first step. (A question could be called "reset".)
    forget() {
      HTMLFormElement.prototype.reset.call(form);
      mark(new Map());
      steps.restart();
      showWhatApplies();
    },
    // After the words of the page changed their language.
    respeak() {
      showProblems(page, broken);
      steps.update();
    },
    // Whether anything is ticked or typed that a blank form has not. The first option of a list is the blank one.
    isTouched: () => [...form.elements].some(isChanged),
  };
}

function isChanged({ type, checked, defaultChecked, selectedIndex, value, defaultValue }) {
  if (["radio", "checkbox"].includes(type)) return checked !== defaultChecked;
  if (type === "select-one") return selectedIndex > 0;
  return ["text", "textarea"].includes(type) && value !== defaultValue;
}
