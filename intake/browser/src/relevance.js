// Evaluates the conditions of a compiled form. The tree is described in intake/forms/relevance.py.

const order = {
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
  ">": (one, other) => one > other,
  ">=": (one, other) => one >= other,
};

// `answers` is a Map of question ids, as answers.js builds it.
export function applies([sign, ...parts], answers) {
  const [left, right] = parts;
  switch (sign) {
    case "and":
      return parts.every((part) => applies(part, answers));
    case "or":
      return parts.some((part) => applies(part, answers));
    case "not":
      return !applies(left, answers);
    case "selected":
      return [answers.get(left)].flat().includes(right);
    case "=":
      return operand(left, answers) === operand(right, answers);
    case "!=":
      return operand(left, answers) !== operand(right, answers);
    default:
      return order[sign](number(operand(left, answers)), number(operand(right, answers)));
  }
}

function operand(part, answers) {
  if (!Array.isArray(part)) return part;
  const [name, question] = part;
  const value = answers.get(question) ?? "";
  // Spread, because a text's length is counted in characters, as in Python, and not in UTF-16 units.
  return name === "answer" ? value : [...value].length;
}

// Blank is neither less nor more than any number.
const number = (value) => (value === "" ? NaN : value);
