// Tick codes of a paper sheet, read from what was typed and written from what is ticked. What stands on the sheet
// comes from intake/forms/ticks.py.
//
//   typed  = *( entry separator )            ; separators are blanks, commas and semicolons
//   entry  = letters value / letters / value ; "D7 12" is D7 and D12: a value alone is of the letters before it
//   value  = number / month / "?"            ; "?" is the box "not sure" of a month
//   month  = year / year "-" number / number "-" year       ; or "/" or "." in between
//
// Capitals or not, and the order, do not matter. `paper` is {"branch": question or null, "letters": {question:
// letters}, "sheets": {answer to the branching question, or "": [question ...]}}.

const MONTH = /^((?:19|20)\d\d)(?:[-/.](0?[1-9]|1[0-2]))?$/;
const MONTH_FIRST = /^(0?[1-9]|1[0-2])[-/.]((?:19|20)\d\d)$/;
const NUMBER = /^\d{1,9}$/;
const ENTRY = /^([A-Z]*)([\d/.?-]*)$/;
const NOT_SURE = "not_sure";
const LONGEST = 12;

class BrokenRule extends Error {}

// The raw fields that the codes stand for, a Map as `clean` takes it, and the codes that break a rule, with its name:
//   "unreadable"  no code                  "no_letters"  a number with no letters before it, or letters alone
//   "unknown"     no question has these letters          "other_sheet"  the sheet does not ask this question
//   "no_box"      the question has no such box           "words"        its answer is words, which are no codes
//   "twice"       the code stands there already          "one_only"     the question takes one answer
//   "alone"       this answer goes with no other of its question        "bad_month", "bad_number"
export function readTicks(form, paper, typed) {
  const entries = split(typed);
  const questions = new Map(form.questions.map((question) => [paper.letters[question.id], question]));
  const found = { raw: new Map(), problems: [] };
  // The sheet is known from its own code, wherever that stands.
  const branch = entries.find((entry) => entry.letters === paper.letters[paper.branch]);
  const rest = entries.filter((entry) => entry !== branch);
  for (const entry of branch ? [branch, ...rest] : rest) {
    try {
      take(entry, questions.get(entry.letters), paper, found.raw);
    } catch (error) {
      if (!(error instanceof BrokenRule)) throw error;
      found.problems.push({ code: (entry.letters + entry.value).slice(0, LONGEST), rule: error.message });
    }
  }
  return found;
}

// The codes of raw fields, in the order of the sheet.
export function writeTicks(form, paper, raw) {
  const asked = form.questions.filter(({ id }) => paper.letters[id]);
  const codes = (question) => valuesOf(question, raw).map((value) => paper.letters[question.id] + value);
  return asked.flatMap(codes).join(" ");
}

function split(typed) {
  let letters = "";
  let open = false;
  const entries = [];
  const close = () => open && entries.push({ letters, value: "" });
  for (const word of typed.normalize("NFKC").toUpperCase().split(/[\s,;]+/).filter(Boolean)) {
    const parts = ENTRY.exec(word);
    if (!parts || parts[1]) close();
    if (parts?.[1]) letters = parts[1];
    open = parts !== null && !parts[2];
    if (!parts) entries.push({ letters: word, value: "", broken: true });
    else if (parts[2]) entries.push({ letters, value: parts[2] });
  }
  close();
  return entries;
}

function take({ letters, value, broken }, question, paper, raw) {
  if (broken) throw new BrokenRule("unreadable");
  if (letters && !question) throw new BrokenRule("unknown");
  if (!letters || (!value && !takesWords(question))) throw new BrokenRule("no_letters");
  const [answer] = (paper.branch && raw.get(paper.branch)) ?? [];
  const sheet = paper.sheets[answer ?? ""];
  if (question.id !== paper.branch && sheet && !sheet.includes(question.id)) throw new BrokenRule("other_sheet");
  takers[question.kind](question, value, raw);
}

const takesWords = ({ kind }) => kind === "text" || kind === "long_text";

const takers = {
  select_one(question, value, raw) {
    const code = choiceOf(question, value);
    once(raw, question.id, code);
  },

  select_multiple(question, value, raw) {
    const code = choiceOf(question, value);
    const ticked = raw.get(question.id) ?? [];
    if (ticked.includes(code)) throw new BrokenRule("twice");
    const alone = question.choices.filter(({ exclusive }) => exclusive).map((choice) => choice.code);
    if (ticked.length && [code, ...ticked].some((one) => alone.includes(one))) throw new BrokenRule("alone");
    raw.set(question.id, [...ticked, code]);
  },

  month({ id }, value, raw) {
    const date = MONTH.exec(value) ?? swapped(MONTH_FIRST.exec(value)) ?? [];
    const [, year, number] = value === "?" ? [value, NOT_SURE] : date;
    if (!year) throw new BrokenRule("bad_month");
    once(raw, `${id}.year`, year);
    if (number) raw.set(`${id}.month`, [String(Number(number))]);
  },

  integer({ id }, value, raw) {
    if (!NUMBER.test(value)) throw new BrokenRule("bad_number");
    once(raw, id, value);
  },

  text: refuseWords,
  long_text: refuseWords,
};

function refuseWords() {
  throw new BrokenRule("words");
}

const swapped = (found) => found && [found[0], found[2], found[1]];

function choiceOf({ choices }, value) {
  const choice = NUMBER.test(value) && choices[Number(value) - 1];
  if (!choice) throw new BrokenRule("no_box");
  return choice.code;
}

function once(raw, name, value) {
  if (raw.has(name)) throw new BrokenRule(raw.get(name)[0] === value ? "twice" : "one_only");
  raw.set(name, [value]);
}

function valuesOf({ id, kind, choices }, raw) {
  const typed = (name) => (raw.get(name) ?? []).filter(Boolean);
  if (kind === "month") {
    const [year] = typed(`${id}.year`);
    const [number] = typed(`${id}.month`);
    if (year === NOT_SURE) return ["?"];
    return year ? [number ? `${year}-${number.padStart(2, "0")}` : year] : [];
  }
  if (kind === "integer") return typed(id);
  return choices.flatMap(({ code }, place) => (typed(id).includes(code) ? [place + 1] : []));
}
