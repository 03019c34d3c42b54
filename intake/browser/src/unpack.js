// Takes a batch apart: sealed files in a tar of the one form that is allowed. See intake/unpack.py, which does the
// same on the server, and intake/crypto/shard.py. Nothing of the members is read here.

import { sha256 } from "@noble/hashes/sha2.js";
import { MOST } from "./batch.js";
import { hex } from "./receipt.js";
import { BLOCK, header } from "./ustar.js";

const MOST_BYTES = 64 * 1024 * 1024;
const LEAST_MEMBER = 200;
const END = 2 * BLOCK;
const PIECE = 1024 * 1024;
const NAME = /^\d{4}-W(?:0[1-9]|[1-4]\d|5[0-3])\/([0-9a-f]{32})\.age$/;

export class BrokenBatch extends Error {}

// The members of a Blob in their order: the id of each, and a Blob with what is sealed.
export async function unpack(batch) {
  const members = [];
  if (batch.size > MOST_BYTES) throw new BrokenBatch("too large");
  let place = 0;
  let last = "";
  while (place < batch.size - END) {
    const { name, size } = readHeader(await bytesOf(batch, place, BLOCK));
    const from = place + BLOCK;
    place = from + size + (await checkFill(batch, from + size));
    if (members.length === MOST || name <= last) throw new BrokenBatch("too many members, or not in order");
    last = name;
    members.push({ id: idOf(name), blob: batch.slice(from, from + size) });
  }
  const end = await bytesOf(batch, place, END + 1);
  if (!members.length || end.length !== END || end.some(Boolean)) throw new BrokenBatch("no end");
  return members;
}

// The SHA-256 of a Blob in hexadecimal.
export async function digestOf(blob) {
  const digest = sha256.create();
  for (let at = 0; at < blob.size; at += PIECE) digest.update(await bytesOf(blob, at, PIECE));
  return hex(digest.digest());
}

async function bytesOf(blob, from, length) {
  return new Uint8Array(await blob.slice(from, from + length).arrayBuffer());
}

// How many zeros follow a member that ends there.
async function checkFill(batch, end) {
  const length = -end & (BLOCK - 1);
  const fill = await bytesOf(batch, end, length);
  if (fill.length !== length || fill.some(Boolean)) throw new BrokenBatch("not filled with zeros");
  return length;
}

const idOf = (name) => Uint8Array.from(NAME.exec(name)[1].match(/../g), (pair) => Number.parseInt(pair, 16));

// Built anew from name and size, so that nothing but a plain member of ours passes.
function readHeader(block) {
  const name = String.fromCharCode(...block.subarray(0, Math.max(0, block.indexOf(0))));
  const digits = String.fromCharCode(...block.subarray(124, 135));
  const size = /^[0-7]{11}$/.test(digits) ? Number.parseInt(digits, 8) : 0;
  if (!NAME.test(name) || size < LEAST_MEMBER || size > MOST_BYTES) throw new BrokenBatch("no member of ours");
  const built = header(name, size);
  if (block.some((byte, at) => byte !== built[at])) throw new BrokenBatch("a header of another form");
  return { name, size };
}
