// What the names of sealed files say, as intake/filename.py reads them.

const SEALED = /^([0-9a-f]{32})(?:[ (_.-].{0,60})?\.age$/isu;
const BATCH = /^witnessbox-batch-([0-9a-f]{16})/;

// The 16 bytes of the id that a sealed file's name begins with, or null where it has none.
export function fileId(name) {
  const digits = SEALED.exec(name)?.[1];
  return digits ? Uint8Array.from(digits.match(/../g), (pair) => Number.parseInt(pair, 16)) : null;
}

export const isBatch = (name) => name.toLowerCase().endsWith(".tar");

// What the name of a batch says its SHA-256 begins with, or null where it does not say.
export const batchDigest = (name) => BATCH.exec(name)?.[1] ?? null;
