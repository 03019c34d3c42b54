// A batch: sealed reports in one file, a shard as intake/crypto/shard.py writes it. See FORMAT.md, sections 7.1
// and 14. It holds ciphertext alone, and nothing that says who came first or on which day.

import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "./receipt.js";

export const MOST = 500;
const BLOCK = 512;
const DAY = 86_400_000;
const NAME_DIGITS = 16;
const text = new TextEncoder();

// The batch of `members`, each {id: in hexadecimal, bytes: the age file}; `week` is that in which it is saved.
export function packBatch(members, week) {
  const files = members.map(({ id, bytes }) => ({ name: `${week}/${id}.age`, bytes }));
  // By their names, and not as they came.
  files.sort((one, other) => (one.name < other.name ? -1 : 1));
  if (!files.length || files.length > MOST) throw new RangeError("a batch has 1 to 500 members");
  if (files.some(({ name }, place) => name === files[place + 1]?.name)) throw new RangeError("a member stands there twice");
  const batch = new Uint8Array(files.reduce((length, { bytes }) => length + BLOCK + filled(bytes.length), 2 * BLOCK));
  let place = 0;
  for (const { name, bytes } of files) {
    batch.set(header(name, bytes.length), place);
    batch.set(bytes, place + BLOCK);
    place += BLOCK + filled(bytes.length);
  }
  return batch;
}

export const batchName = (bytes) => `witnessbox-batch-${hex(sha256(bytes)).slice(0, NAME_DIGITS)}.tar`;

// The ISO 8601 week of a moment in UTC, as 2026-W47: it has the year of its Thursday.
export function isoWeek(now) {
  const day = Math.floor(now / DAY);
  const thursday = new Date((day - ((day + 3) % 7) + 3) * DAY);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * DAY)) + 1;
  return `${year}-W${String(week).padStart(2, "0")}`;
}

const filled = (size) => Math.ceil(size / BLOCK) * BLOCK;

// The POSIX ustar header of a plain file with everything that could identify set to zero.
function header(name, size) {
  const bytes = new Uint8Array(BLOCK);
  const put = (words, place) => bytes.set(text.encode(words), place);
  put(name, 0);
  for (const [words, place] of [["0000600", 100], ["0000000", 108], ["0000000", 116], ["00000000000", 136]]) put(words, place);
  put(size.toString(8).padStart(11, "0"), 124);
  put("0", 156);
  put("ustar\0" + "00", 257);
  for (const place of [329, 337]) put("0000000", place);
  // The checksum is the sum of all bytes with its own field full of spaces.
  const checksum = bytes.reduce((sum, byte) => sum + byte, 8 * 0x20);
  put(`${checksum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}
