// The boxes of a sheet on the screen, with the fields for its dates, numbers and words: what they hold as codes, and
// the other way round. Which codes there are, ticks.js knows.

import { writeTicks } from "./ticks.js";

const SELECTS = ["select_one", "select_multiple"];
const WORDS = ["text", "long_text"];

export function startBoxes(page, form) {
  const { letters } = page.paper;
  const printed = page.form.questions.filter(({ id }) => letters[id]);
  const words = printed.filter(({ kind }) => WORDS.includes(kind));
  const ticked = printed.filter(({ kind }) => SELECTS.includes(kind));
  // Dates and numbers have a code, and a field of their own.
  const typed = printed.filter((question) => !words.includes(question) && !ticked.includes(question));

  // Anew each time, because the fields are renewed.
  const field = ({ id }) => form.querySelector(`#q-${id} :is(input[type=text], textarea)`);
  const codesOf = (question, raw) => writeTicks({ questions: [question] }, page.paper, raw);

  return {
    printed,
    codesOf,
    wordFields: () => words.map(field),
    isOfWords: (name) => words.some(({ id }) => id === name),
    // The questions that are answered by codes.
    coded: printed.filter((question) => !words.includes(question)),

    words: () => words.map((question) => [question.id, [field(question).value]]),

    show(raw) {
      for (const box of form.querySelectorAll("input[type=radio], input[type=checkbox]")) {
        box.checked = (raw.get(box.name) ?? []).includes(box.value);
      }
      for (const question of typed) field(question).value = codesOf(question, raw).slice(letters[question.id].length);
    },

    // The codes of what is ticked and of what is typed, right or wrong.
    codes() {
      const raw = new Map();
      for (const { id } of ticked) {
        raw.set(id, [...form.querySelectorAll(`input[name="${id}"]:checked`)].map(({ value }) => value));
      }
      const values = typed.map((question) => [letters[question.id], field(question).value.replace(/\s/g, "")]);
      const written = values.filter(([, value]) => value).map((parts) => parts.join(""));
      return [writeTicks(page.form, page.paper, raw), ...written].join(" ");
    },
  };
}
