// Fetches one bucket of the box, and opens in it what is for a code. The server learns no more of the code than
// the few bits that name the bucket, and many have the same.

import { bucketOf, openBuckets, readHeaders } from "./box.js";

const TRIES = 3;
const TIMEOUT = 60_000; // Tor is slow
const CONFLICT = 409;
const BUSY = [428, 429, 503];

// Nothing came, or nothing that is of use; `name` is that of the words for it.
export class NotNow extends Error {
  constructor(name) {
    super(name);
    this.name = name;
  }
}

// What the code of a receipt finds now.
export async function look(receipt, { fetch = globalThis.fetch } = {}) {
  for (let left = TRIES; left > 0; left -= 1) {
    const headers = readHeaders(await (await get("/box", fetch)).json());
    const { bits, number } = bucketOf(receipt.box, headers);
    const answer = await get(`/box/${bits}/${number}`, fetch);
    // Another box came in between: its headers first.
    if (answer.status === CONFLICT) continue;
    return openBuckets(receipt, headers, new Uint8Array(await answer.arrayBuffer()));
  }
  throw new NotNow("busy");
}

async function get(path, fetch) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT);
  let answer;
  try {
    answer = await fetch(path, {
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: abort.signal,
    });
    // All of it, while the clock runs: a line can break in the middle of a body.
    answer = new Response(await answer.arrayBuffer(), { status: answer.status });
  } catch {
    throw new NotNow("offline");
  } finally {
    clearTimeout(timer);
  }
  if (BUSY.includes(answer.status)) throw new NotNow("busy");
  if (!answer.ok && answer.status !== CONFLICT) throw new NotNow("broken");
  return answer;
}
