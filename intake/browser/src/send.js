// Posts what is sealed until the server says that it is durable, and takes back what it still has.

import { under } from "./base.js";
import { solve } from "./work.js";

const TRIES = 3;
const WORK_TRIES = 8;
const TIMEOUT = 60_000; // Tor is slow
const SLOWEST = 16; // bytes a millisecond, on top of that
const PAUSE = 2_000;
const CREATED = 201;
const DELETED = 200;
const NOT_THERE = 404;
const WORK_NEEDED = 428;
const CONFLICT = 409;
const UNAVAILABLE = 503;
const CHALLENGE = "Witnessbox-Challenge";
const WORK = "Witnessbox-Work";

// What came of it, by the name of the words that the page has for it:
//   "sent"
//   "arrived"       other bytes are kept under this id: an earlier try arrived after all
//   "nothingSaved"  the server said each time that it kept nothing, for now
//   "outdated"      the server will never take what this page makes
//   "failed"        an answer was lost, and the report may have arrived
// Posting the same bytes again does no harm: the server keeps an id once. When it asks for work, the
// work is done, and `progress` is told how far it is.
export async function send(bytes, { lost = false, fetch = globalThis.fetch, pause = PAUSE, progress } = {}) {
  let work = "";
  let tries = TRIES;
  for (let left = WORK_TRIES; left > 0 && tries > 0; left -= 1) {
    const { status, challenge } = await post("/sealed", bytes, work, fetch);
    if (status === CREATED) return "sent";
    if (status === CONFLICT) return "arrived";
    if (status === WORK_NEEDED && challenge) {
      // A challenge serves once, and the next may be harder: the load decides.
      work = await solve(challenge, bytes, progress);
      continue;
    }
    if (status >= 400 && status < 500) return lost ? "failed" : "outdated";
    lost ||= status !== UNAVAILABLE;
    work = "";
    tries -= 1;
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return lost ? "failed" : "nothingSaved";
}

// Posts what is left of `files`, and drops from it what was kept; then the report. As `send`, or
//   "filesFailed"   a file did not get through, and the report was not sent
export async function sendAll(files, report, options) {
  for (; files.length; files.shift()) {
    const outcome = await send(files[0], options);
    if (outcome !== "sent") return outcome === "outdated" ? outcome : "filesFailed";
  }
  return send(report, options);
}

// Takes a report back that the server still has. What came of it:
//   "deleted"   it is gone
//   "gone"      the server has no such report to delete, or no longer
//   "busy"      the server said each time that it can do nothing now
//   "failed"    an answer was lost, and it may be gone
export async function withdraw(token, { fetch = globalThis.fetch, pause = PAUSE, progress } = {}) {
  let work = "";
  let lost = false;
  for (let left = WORK_TRIES, tries = TRIES; left > 0 && tries > 0; left -= 1) {
    const { status, challenge } = await post("/withdraw", token, work, fetch);
    if (status === DELETED) return "deleted";
    if (status === NOT_THERE) return "gone";
    if (status === WORK_NEEDED && challenge) {
      work = await solve(challenge, token, progress);
      continue;
    }
    lost ||= status === 0 || (status >= 500 && status !== UNAVAILABLE);
    work = "";
    tries -= 1;
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return lost ? "failed" : "busy";
}

// The status of the server's answer, or 0 when none came, and the challenge it carries, if any.
async function post(path, bytes, work, fetch) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT + (bytes.size ?? bytes.length) / SLOWEST);
  try {
    const response = await fetch(under(path), {
      method: "POST",
      body: bytes,
      headers: { "Content-Type": "application/octet-stream", ...(work && { [WORK]: work }) },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: abort.signal,
    });
    return { status: response.status, challenge: response.headers.get(CHALLENGE) };
  } catch {
    return { status: 0, challenge: null };
  } finally {
    clearTimeout(timer);
  }
}
