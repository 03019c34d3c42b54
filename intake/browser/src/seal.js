// Pads a report to its size class and seals it as an age file. See intake/crypto/padding.py and FORMAT.md.

import { Encrypter } from "age-encryption";

const SIZE_CLASSES = [16 * 1024, 64 * 1024];
const SPACE = 0x20;

export class TooLong extends Error {}

export function pad(body) {
  const size = SIZE_CLASSES.find((length) => body.length <= length);
  if (size === undefined) throw new TooLong();
  const plaintext = new Uint8Array(size).fill(SPACE);
  plaintext.set(body);
  return plaintext;
}

export async function seal(body, recipients) {
  return encrypterTo(recipients).encrypt(pad(body));
}

// The age file of a stream, in parts.
export async function sealStream(stream, recipients) {
  const reader = (await encrypterTo(recipients).encrypt(stream)).getReader();
  const parts = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value);
  return parts;
}

function encrypterTo(recipients) {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return encrypter;
}

// What is posted: the id that the report is stored under, then the age file.
export function envelope(id, sealed) {
  const bytes = new Uint8Array(id.length + sealed.length);
  bytes.set(id);
  bytes.set(sealed, id.length);
  return bytes;
}
