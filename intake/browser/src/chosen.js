// Looks at the files that were chosen to be handed in, before anything of them leaves: what each has that can be
// sent, or why it has nothing. So nobody sends unsealed words by mistake.

import { batchDigest, fileId, isBatch } from "./filename.js";
import { BrokenBatch, digestOf, unpack } from "./unpack.js";

const MOST_FILES = 500;
const START = "age-encryption.org/v1\n-> ";
const ZIP = "PK\u0003\u0004";

// For each file its name, whether it is a batch, the sealed `members` that can be sent, and a Map of the reasons
// for which others cannot, by their names in intake/arriving.py, to how many they are.
export async function lookAt(files, { lengths, large }) {
  const entries = [];
  for (const file of files) {
    const entry = { name: file.name, batch: isBatch(file.name), members: [], refused: new Map(), flaw: "" };
    entries.push(entry);
    if (entries.length > MOST_FILES) refuse(entry, "many");
    else await lookAtOne(file, entry, lengths, large);
  }
  return entries;
}

// What is posted of a member: the bytes of a report, a Blob of what is large. Fails when the file is not there any more.
export async function bodyOf({ id, blob, isLarge }) {
  const body = new Blob([id, blob]);
  return isLarge ? body : new Uint8Array(await body.arrayBuffer());
}

async function lookAtOne(file, entry, lengths, large) {
  try {
    await (entry.batch ? lookAtBatch : lookAtFile)(file, entry, lengths, large);
  } catch (error) {
    // A file that the device does not give: it lies elsewhere, or is gone.
    if (!(error instanceof DOMException)) throw error;
    entry.members = [];
    if (entry.batch) entry.flaw = "unread";
    else refuse(entry, "unread");
  }
}

export function refuse(entry, reason) {
  entry.refused.set(reason, (entry.refused.get(reason) ?? 0) + 1);
}

async function lookAtBatch(file, entry, lengths, large) {
  try {
    const said = batchDigest(file.name);
    if (said && !(await digestOf(file)).startsWith(said)) throw new BrokenBatch("another digest");
    for (const member of await unpack(file)) await add(entry, member, lengths, large);
  } catch (error) {
    if (!(error instanceof BrokenBatch)) throw error;
    entry.members = [];
    entry.flaw = "batch";
  }
}

async function lookAtFile(file, entry, lengths, large) {
  const id = fileId(file.name);
  if (id) return add(entry, { id, blob: file }, lengths, large);
  return refuse(entry, guess(await front(file)) ?? "name");
}

async function add(entry, { id, blob }, lengths, large) {
  const reason = guess(await front(blob));
  const isLarge = large.includes(blob.size);
  if (reason || !(isLarge || lengths.includes(blob.size))) return refuse(entry, reason ?? "other");
  return entry.members.push({ id, isLarge, blob });
}

const front = (blob) => blob.slice(0, START.length).text();

// What a file seems to be that does not begin as a sealed one does; null for one that does.
function guess(start) {
  if (start === START) return null;
  return start.startsWith(ZIP) ? "zip" : "plain";
}
