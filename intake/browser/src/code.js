// A reporter's code in nine words, and typed words back into the code. See intake/crypto/code.py, which
// does the same, and FORMAT.md, section 10.

import { sha256 } from "@noble/hashes/sha2.js";
import { wordlist as english } from "@scure/bip39/wordlists/english.js";
import { wordlist as spanish } from "@scure/bip39/wordlists/spanish.js";

export const WORDS = 9;
const BITS = 11;
const CODE_LENGTH = 12;
const CHECKSUM_BITS = 3;
const ENOUGH = 4; // letters of a word
const NEAR = 2; // changed letters
const LIST_OF = { en: "english", es: "spanish" };
const lists = { english, spanish };

// What is wrong with typed words. `rule` is "number" (with `typed`), "unknown" (with `number`, counted from 1,
// and `nearest`, which may be empty), "mixed" (with `number`) or "checksum".
export class CodeProblem extends Error {
  constructor(rule, details = {}) {
    super(rule);
    Object.assign(this, { rule }, details);
  }
}

// The nine words of a code's 12 bytes, in the list for the language of the page.
export function toWords(code, language) {
  const words = lists[listFor(language)];
  const number = (join(code, 8) << BigInt(CHECKSUM_BITS)) | BigInt(checksum(code));
  return Array.from({ length: WORDS }, (_, place) => {
    const shift = BigInt(BITS * (WORDS - 1 - place));
    return words[Number((number >> shift) & 2047n)].normalize("NFC");
  });
}

// The 12 bytes of what was typed, in any of the lists; a CodeProblem says what is wrong.
export function fromWords(text, language) {
  const typed = split(text);
  if (typed.length !== WORDS) throw new CodeProblem("number", { typed: typed.length });
  const own = listFor(language);
  const names = [own, ...Object.keys(lists).filter((name) => name !== own)];
  const places = names.map((name) => typed.map((word) => placeOf(word, plain(name))));
  const likeliest = mostFound(places);
  for (const [index, word] of typed.entries()) {
    if (places.some((found) => found[index] >= 0)) continue;
    throw new CodeProblem("unknown", { number: index + 1, nearest: nearest(word, names[likeliest]) });
  }
  const whole = places.filter((found) => !found.includes(-1));
  if (!whole.length) throw new CodeProblem("mixed", { number: places[likeliest].indexOf(-1) + 1 });
  for (const found of whole) {
    const code = codeOf(found);
    if (code) return code;
  }
  throw new CodeProblem("checksum");
}

// The words of a text, without accents and in small letters: all that stands between letters parts them.
export function split(text) {
  const letters = text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/\P{L}/gu, " ");
  return letters.toLowerCase().split(" ").filter(Boolean);
}

// Whether what was typed, as `split` gives it, stands for this word.
export function isWord(typed, word) {
  const [whole] = split(word);
  return typed === whole || (typed.length >= ENOUGH && whole.startsWith(typed));
}

function listFor(language) {
  return LIST_OF[language] ?? "english";
}

function codeOf(places) {
  const number = join(places, BITS);
  const value = number >> BigInt(CHECKSUM_BITS);
  const code = Uint8Array.from({ length: CODE_LENGTH }, (_, place) =>
    Number((value >> BigInt(8 * (CODE_LENGTH - 1 - place))) & 255n),
  );
  return Number(number & 7n) === checksum(code) ? code : null;
}

const checksum = (code) => sha256(code)[0] >> (8 - CHECKSUM_BITS);

const join = (parts, bits) => [...parts].reduce((number, part) => (number << BigInt(bits)) | BigInt(part), 0n);

// The place of the word that was typed, or that it begins, or -1.
function placeOf(typed, words) {
  const exact = words.indexOf(typed);
  if (exact >= 0 || [...typed].length < ENOUGH) return exact;
  return words.findIndex((word) => word.startsWith(typed));
}

// The list that most of the words are of; the first when it has as many as another.
function mostFound(places) {
  const counts = places.map((found) => found.filter((place) => place >= 0).length);
  return counts.indexOf(Math.max(...counts));
}

function nearest(typed, name) {
  const words = plain(name);
  const letters = [...typed];
  // What is much longer than any word is near none, and would only take time.
  if (letters.length > Math.max(...words.map((word) => word.length)) + NEAR) return "";
  const distances = words.map((word) => distance(letters, word));
  const least = Math.min(...distances);
  return least <= NEAR ? lists[name][distances.indexOf(least)].normalize("NFC") : "";
}

// Levenshtein's: the fewest letters to add, drop or change.
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (const [index, letter] of one.entries()) {
    const above = row;
    row = [index + 1];
    for (let place = 1; place <= other.length; place += 1) {
      const changed = above[place - 1] + (letter === other[place - 1] ? 0 : 1);
      row.push(Math.min(above[place] + 1, row[place - 1] + 1, changed));
    }
  }
  return row[other.length];
}

const plainLists = {};

function plain(name) {
  plainLists[name] ??= lists[name].map((word) => split(word)[0]);
  return plainLists[name];
}
