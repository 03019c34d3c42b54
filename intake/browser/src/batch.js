// A batch: sealed reports in one file, a shard as intake/crypto/shard.py writes it. See FORMAT.md, sections 7.1
// and 14. It holds ciphertext alone, and nothing that says who came first or on which day.

import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "./receipt.js";
import { BLOCK, header } from "./ustar.js";

export const MOST = 500;
const DAY = 86_400_000;
const NAME_DIGITS = 16;

// The batch of `members`, each {id: in hexadecimal, bytes: the age file}; `week` is that in which it is saved.
export function packBatch(members, week) {
  const files = members.map(({ id, bytes }) => ({ name: `${week}/${id}.age`, bytes }));
  // By their names, and not as they came.
  files.sort((one, other) => (one.name < other.name ? -1 : 1));
  if (!files.length || files.length > MOST) throw new RangeError("a batch has 1 to 500 members");
  if (new Set(files.map(({ name }) => name)).size < files.length) throw new RangeError("a member stands there twice");
  const length = files.reduce((sum, { bytes }) => sum + BLOCK + filled(bytes.length), 2 * BLOCK);
  const batch = new Uint8Array(length);
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
