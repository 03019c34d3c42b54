// Makes the fields of a part of the page new, so that the next person finds nothing of the last: not even by "undo".

// They were emptied before, and nothing listens to a single one of them.
export function renewFields(part) {
  for (const field of part.querySelectorAll("input[type=text], textarea")) field.replaceWith(field.cloneNode(true));
  for (const opened of part.querySelectorAll("details[open]")) opened.open = false;
}
