// Fetches one bucket of the box, and opens in it what is for a code. The server learns no more of the code than
// the few bits that name the bucket, and many have the same.

import { under } from "./base.js";
import { bucketOf, openBuckets, readHeaders } from "./box.js";
import { solve } from "./work.js";

const TRIES = 3;
const WORK_TRIES = 8;
const TIMEOUT = 60_000; // Tor is slow
const CONFLICT = 409;
const WORK_NEEDED = 428;
const BUSY = [429, 503];
const BOXES = "Witnessbox-Boxes";
const CHALLENGE = "Witnessbox-Challenge";
const WORK = "Witnessbox-Work";

// Nothing came, or nothing that is of use; `words` is the name of what the page says of it.
export class NotNow extends Error {
  constructor(words) {
    super(words);
    this.words = words;
  }
}

// What the code of a receipt finds now. `progress` is told how far the work is that the server may ask for.
export async function look(receipt, { fetch = globalThis.fetch, progress } = {}) {
  for (let left = TRIES; left > 0; left -= 1) {
    const first = await get("/box", fetch);
    const headers = readHeaders(JSON.parse(new TextDecoder().decode(first.bytes)));
    if (!headers.length) return { collected: "", messages: [] };
    const { bits, number } = bucketOf(receipt.box, headers);
    const second = await getWithWork(`/box/${bits}/${number}`, fetch, progress);
    // Another box may come in between: then its headers first.
    if (second.status !== CONFLICT && second.boxes === first.boxes) return openBuckets(receipt, headers, second.bytes);
  }
  throw new NotNow("busy");
}

// The work is bound to the address.
async function getWithWork(path, fetch, progress) {
  let work = "";
  for (let left = WORK_TRIES; left > 0; left -= 1) {
    const answer = await get(path, fetch, work);
    if (answer.status !== WORK_NEEDED || !answer.challenge) return answer;
    work = await solve(answer.challenge, new TextEncoder().encode(path), progress);
  }
  throw new NotNow("busy");
}

async function get(path, fetch, work = "") {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT);
  let answer;
  try {
    const response = await fetch(under(path), {
      headers: work ? { [WORK]: work } : {},
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: abort.signal,
    });
    const [boxes, challenge] = [BOXES, CHALLENGE].map((name) => response.headers.get(name));
    // All of it, while the clock runs: a line can break in the middle of a body.
    answer = { status: response.status, boxes, challenge, bytes: new Uint8Array(await response.arrayBuffer()) };
  } catch {
    throw new NotNow("offline");
  } finally {
    clearTimeout(timer);
  }
  if (BUSY.includes(answer.status)) throw new NotNow("busy");
  if (![200, CONFLICT, WORK_NEEDED].includes(answer.status)) throw new NotNow("broken");
  return answer;
}
