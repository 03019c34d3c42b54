// Runs the CCTV age testkit against age-encryption and prints what came of each file, as JSON.
//
// A file is read as a stream, so that what came out before an error is known too.

import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { armor, Decrypter } from "../../intake/browser/node_modules/age-encryption/dist/index.js";
import * as testkit from "../../intake/browser/node_modules/cctv-age/index.js";

const SEPARATOR = "\n\n";

function readVector(bytes) {
  const end = Buffer.from(bytes).indexOf(SEPARATOR);
  const lines = Buffer.from(bytes.subarray(0, end)).toString().split("\n");
  const fields = lines.map((line) => line.split(": "));
  const all = (name) => fields.filter(([key]) => key === name).map(([, value]) => value);
  const body = bytes.subarray(end + SEPARATOR.length);
  return { all, file: all("compressed").includes("zlib") ? inflateSync(body) : body };
}

async function run(bytes) {
  const { all, file } = readVector(bytes);
  const [expect] = all("expect");
  const [payload = null] = all("payload");
  const hash = createHash("sha256");
  let error = null;
  try {
    await decrypt(all, file, hash);
  } catch (caught) {
    error = caught.message;
  }
  return { expect, payload, error, hash: hash.digest("hex") };
}

async function decrypt(all, file, hash) {
  const decrypter = new Decrypter();
  for (const identity of all("identity")) decrypter.addIdentity(identity);
  for (const passphrase of all("passphrase")) decrypter.addPassphrase(passphrase);
  const data = all("armored").includes("yes") ? armor.decode(Buffer.from(file).toString("latin1")) : file;
  const stream = await decrypter.decrypt(new Blob([data]).stream());
  for await (const chunk of stream) hash.update(chunk);
}

const results = {};
for (const [name, bytes] of Object.entries(testkit)) results[name] = await run(bytes);
process.stdout.write(JSON.stringify(results));
