// Posts a sealed report until the server says that it is durable.

const TRIES = 3;
const TIMEOUT = 60_000; // Tor is slow
const SLOWEST = 16; // bytes a millisecond, on top of that
const PAUSE = 2_000;
const CREATED = 201;
const UNAVAILABLE = 503;

// "sent"; "refused" when the server said each time that it kept nothing; or "unknown" when an answer
// was lost, and the report may have arrived. Posting the same bytes again does no harm: the server
// keeps an id once.
export async function send(bytes, { fetch = globalThis.fetch, pause = PAUSE } = {}) {
  let lost = false;
  for (let left = TRIES; left > 0; left -= 1) {
    const status = await post(bytes, fetch);
    if (status === CREATED) return "sent";
    const refused = status >= 400 && status < 500;
    lost ||= !refused && status !== UNAVAILABLE;
    if (refused) break;
    if (left > 1) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return lost ? "unknown" : "refused";
}

// Posts what is left of `bodies`, files first and the report last, and drops from it what was kept.
// As `send`, or "files" when a file did not get through, and the report was not sent.
export async function sendAll(bodies, options) {
  while (bodies.length > 1) {
    if ((await send(bodies[0], options)) !== "sent") return "files";
    bodies.shift();
  }
  return send(bodies[0], options);
}

// The status of the server's answer, or 0 when none came.
async function post(bytes, fetch) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT + (bytes.size ?? bytes.length) / SLOWEST);
  try {
    const response = await fetch("/sealed", {
      method: "POST",
      body: bytes,
      headers: { "Content-Type": "application/octet-stream" },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: abort.signal,
    });
    return response.status;
  } catch {
    return 0;
  } finally {
    clearTimeout(timer);
  }
}
