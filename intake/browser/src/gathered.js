// Sealed reports that wait in this window until somebody saves them as a file. It never holds a word of theirs.

import { batchName, isoWeek, MOST, packBatch } from "./batch.js";

let waiting = [];
let last = null;

// `sealed` is {id: in hexadecimal, bytes: the age file}.
export const gather = ({ id, bytes }) => waiting.push({ id, bytes });

// How many reports are in no file yet.
export const unsaved = () => waiting.length;

// The next file, as {name, bytes, reports: how many}: of all that wait, or of as many as a batch takes. It stays
// here until the one after it, because a browser does not tell whether a file came to be.
export function nextBatch(now = Date.now()) {
  if (!waiting.length) return last;
  const members = waiting.slice(0, MOST);
  const bytes = packBatch(members, isoWeek(now));
  last = { name: batchName(bytes), bytes, reports: members.length };
  waiting = waiting.slice(MOST);
  return last;
}

// The file that was saved last, or null.
export const lastBatch = () => last;
