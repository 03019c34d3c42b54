// Turns what was typed and ticked into answers, by the same rules as intake/forms/answers.py.

import { applies } from "./relevance.js";

const lineEnds = /\r\n?/g;
const surrogates = /[\ud800-\udfff]/gu;
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const blanks = " \t\r\n";
const year = /^(?:19|20)[0-9]{2}$/;
const month = /^(?:0?[1-9]|1[0-2])$/;
const integer = /^[0-9]{1,9}$/;

class BrokenRule extends Error {}

// `raw` is a Map of field names to arrays of texts. What comes back are two Maps by question id: the
// answers, and the names of the rules that some of them break. A question that does not apply is in
// neither.
export function clean(form, raw) {
  const answers = new Map();
  const problems = new Map();
  for (const question of shown(form, raw)) {
    if (question.kind === "note" || !isAsked(question, answers)) continue;
    try {
      answers.set(question.id, cleaners[question.kind](question, raw));
      checkRules(question, answers);
    } catch (error) {
      if (!(error instanceof BrokenRule)) throw error;
      problems.set(question.id, error.message);
      answers.set(question.id, null);
    }
  }
  return { answers, problems };
}

// The page says in the field `_shown` which questions it had: those of the short form, or all.
export function shown(form, raw) {
  const said = (raw.get("_shown") ?? []).filter(Boolean);
  const hasShort = form.questions.some((question) => question.short && question.kind !== "note");
  if (!hasShort || said.length !== 1 || said[0] !== "short") return form.questions;
  return form.questions.filter((question) => question.short || question.required);
}

export function isAsked(question, answers) {
  return question.relevant === null || applies(question.relevant, answers);
}

function checkRules(question, answers) {
  if (answers.get(question.id) === null) {
    if (question.required) throw new BrokenRule("required");
  } else if (question.constraint !== null && !applies(question.constraint, answers)) {
    throw new BrokenRule("constraint");
  }
}

const cleaners = {
  select_one(question, raw) {
    const code = single(raw, question.id);
    if (code && !question.choices.some((choice) => choice.code === code)) throw new BrokenRule("unknown_choice");
    return code || null;
  },

  select_multiple(question, raw) {
    const ticked = new Set((raw.get(question.id) ?? []).filter(Boolean));
    const chosen = question.choices.filter((choice) => ticked.has(choice.code));
    if (chosen.length < ticked.size) throw new BrokenRule("unknown_choice");
    const alone = chosen.find((choice) => choice.exclusive);
    const codes = (alone ? [alone] : chosen).map((choice) => choice.code);
    return codes.length ? codes : null;
  },

  text: cleanText,
  long_text: cleanText,

  month(question, raw) {
    const [y, m] = ["year", "month"].map((part) => strip(single(raw, `${question.id}.${part}`)));
    if (y === "not_sure" || (!y && !m)) return y || null;
    if (!year.test(y) || (m && !month.test(m))) throw new BrokenRule("bad_date");
    return m ? `${y}-${m.padStart(2, "0")}` : y;
  },

  integer(question, raw) {
    const digits = strip(single(raw, question.id));
    if (digits && !integer.test(digits)) throw new BrokenRule("bad_number");
    return digits ? Number(digits) : null;
  },
};

function cleanText(question, raw) {
  const text = tidy(question.kind, single(raw, question.id));
  if ([...text].length > question.max_length) throw new BrokenRule("too_long");
  return text || null;
}

// What was typed, in the one spelling of a "text" or a "long_text"; perhaps empty, or too long.
export function tidy(kind, typed) {
  let text = typed.replace(lineEnds, "\n");
  if (kind === "text") text = text.replace(/[\n\t]/g, " ");
  return strip(text.replace(surrogates, "\ufffd").replace(controls, ""));
}

function single(raw, name) {
  const values = (raw.get(name) ?? []).filter(Boolean);
  if (values.length > 1) throw new BrokenRule("too_many");
  return values[0] ?? "";
}

// By hand: a pattern would try each run of blanks inside a long story anew, at every key.
function strip(text) {
  let start = 0;
  let end = text.length;
  while (start < end && blanks.includes(text[start])) start += 1;
  while (end > start && blanks.includes(text[end - 1])) end -= 1;
  return text.slice(start, end);
}
