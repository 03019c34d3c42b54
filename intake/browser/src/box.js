// Opens what a desk left for a code: the bucket of the box, read as FORMAT.md, section 11, says.

import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { canonical } from "./canonical.js";

const MARKER = 8;
const NONCE = 24;
const MESSAGE = 2048;
const SEALED = NONCE + 16 + MESSAGE;
const MOST_TEXT = 1800;
const MOST_TEXT_IN_PAGE = 2000;
const MOST_BITS = 20;
const PERSON = new TextEncoder().encode("wbx1-collected".padEnd(16, "\0"));

const week = /^[0-9]{4}-W(?:0[1-9]|[1-4][0-9]|5[0-3])$/;
const isWeek = (value) => typeof value === "string" && week.test(value);
// Not blank, with no control character but LF; as long as fits a place, and a page where signs of HTML take five bytes.
function isText(value) {
  if (typeof value !== "string" || !/\S/.test(value) || /[\0-\x09\x0b-\x1f\x7f-\x9f]/.test(value)) return false;
  const length = new TextEncoder().encode(value).length;
  return length <= MOST_TEXT && length + 4 * value.replace(/[^&<>"']/g, "").length <= MOST_TEXT_IN_PAGE;
}

const matches = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const members = {
  at: isWeek,
  until: isWeek,
  kind: () => true,
  n: (value) => Number.isInteger(value) && value >= 1 && value <= 1e9,
  v: (value) => value === 1,
  text: isText,
  release: matches(/^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$/),
  tracker: matches(/^[0-9A-Za-z-]{1,64}$/),
};
const COMMON = ["at", "kind", "n", "until", "v"];
const kinds = new Map([
  ["reply", ["text"]],
  ["notice", ["text"]],
  ["counted", ["release", "tracker"]],
  ["withdrawn", []],
]);

// The server sent what is no box.
export class BrokenBox extends Error {}

// Which bucket to ask for: the number of bits, the greatest of all boxes, and the bucket of the tag.
export function bucketOf(tag, headers) {
  const bits = Math.max(0, ...headers.map(({ bits }) => bits));
  const start = (tag[0] << 16) | (tag[1] << 8) | tag[2];
  return { bits, number: start >>> (24 - bits) };
}

// The headers, as GET /box gives them.
export function readHeaders(value) {
  const whole = (number, least, most) => Number.isInteger(number) && number >= least && number <= most;
  const isHeader = (header) =>
    whole(header?.bits, 0, MOST_BITS) &&
    whole(header.markers, 64, 65_536) &&
    whole(header.replies, 4, 1024) &&
    /^[0-9a-f]{32}$/.test(header.epoch) &&
    isWeek(header.week);
  if (!Array.isArray(value) || !value.every(isHeader)) throw new BrokenBox();
  return value;
}

// What a code finds: the newest week of a box that has its report, or "", and the messages, the oldest first.
// Every place of every bucket is tried, so that the time that it takes tells nothing.
export function openBuckets(receipt, headers, bytes) {
  const lengths = headers.map(({ markers, replies }) => MARKER * markers + SEALED * replies);
  if (bytes.length !== lengths.reduce((sum, length) => sum + length, 0)) throw new BrokenBox();
  const found = { collected: "", messages: [] };
  let start = 0;
  for (const [index, header] of headers.entries()) {
    const bucket = bytes.subarray(start, start + lengths[index]);
    start += lengths[index];
    if (isCollected(receipt.box, header, bucket) && header.week > found.collected) found.collected = header.week;
    for (let place = 0; place < header.replies; place += 1) {
      const at = MARKER * header.markers + SEALED * place;
      const message = openMessage(receipt.reply, bucket.subarray(at, at + SEALED));
      if (message) found.messages.push(message);
    }
  }
  found.messages.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : one.n - other.n));
  return found;
}

function isCollected(tag, { epoch, markers }, bucket) {
  const own = blake2b(new Uint8Array([...tag, ...fromHex(epoch)]), { dkLen: MARKER, personalization: PERSON });
  let found = false;
  for (let place = 0; place < markers; place += 1) {
    let other = 0;
    for (let byte = 0; byte < MARKER; byte += 1) other |= bucket[MARKER * place + byte] ^ own[byte];
    found ||= other === 0;
  }
  return found;
}

// The message in a place, or null when it is not for this key, or of a kind that is not known here.
function openMessage(key, sealed) {
  let plaintext;
  try {
    plaintext = xsalsa20poly1305(key, sealed.subarray(0, NONCE)).decrypt(sealed.subarray(NONCE));
  } catch {
    return null;
  }
  return parseMessage(plaintext);
}

// One text for each message: what is in another form is none.
export function parseMessage(plaintext) {
  if (plaintext.length !== MESSAGE) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plaintext);
    const message = JSON.parse(text);
    const names = [...COMMON, ...kinds.get(message.kind)].sort();
    const right =
      Object.keys(message).join() === names.join() &&
      names.every((name) => members[name](message[name])) &&
      canonical(message).padEnd(text.length) === text;
    return right ? message : null;
  } catch {
    return null;
  }
}

const fromHex = (text) => text.match(/../g).map((pair) => parseInt(pair, 16));
