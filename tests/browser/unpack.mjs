// The browser's reader of batches and of file names as a command, for tests that put it against the Python code.
//
//   node unpack.mjs    {"names": [N ...], "batches": [BASE64 ...]}
//
// The ids that names say, in hexadecimal or null; of each batch its digest and the id and bytes of each member, or null
// for what is no batch.

import { stdin, stdout } from "node:process";
import { batchDigest, fileId, isBatch } from "../../intake/browser/src/filename.js";
import { BrokenBatch, digestOf, unpack } from "../../intake/browser/src/unpack.js";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

async function members(batch) {
  try {
    return await Promise.all(
      (await unpack(batch)).map(async ({ id, blob }) => [hex(id), hex(await blob.arrayBuffer())]),
    );
  } catch (error) {
    if (!(error instanceof BrokenBatch)) throw error;
    return null;
  }
}

async function read(base64) {
  const batch = new Blob([Buffer.from(base64, "base64")]);
  return { digest: await digestOf(batch), members: await members(batch) };
}

const chunks = [];
for await (const chunk of stdin) chunks.push(chunk);
const { names, batches } = JSON.parse(Buffer.concat(chunks).toString());
const ids = names.map((name) => {
  const id = fileId(name);
  return { id: id && hex(id), batch: isBatch(name), digest: batchDigest(name) };
});
stdout.write(JSON.stringify({ names: ids, batches: await Promise.all(batches.map(read)) }));
