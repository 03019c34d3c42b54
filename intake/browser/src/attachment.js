// Seals a file as an attachment. The format is described in intake/crypto/attachment.py.

import { sha256 } from "@noble/hashes/sha2.js";
import { canonical } from "./canonical.js";
import { attachmentId, hex } from "./receipt.js";
import { sealStream } from "./seal.js";

export const MOST_ATTACHMENTS = 5;
export const MAX_ATTACHMENT = 25 * 1024 * 1024;
const PIECE = 64 * 1024;
const CLASSES = [256 * 1024, 1024 * 1024, 4 * 1024 * 1024, MAX_ATTACHMENT + PIECE];

// What is posted for the file, and what the report says of it. `number` counts from 1.
export async function sealAttachment(file, number, receipt, recipients) {
  const id = attachmentId(receipt, number);
  const head = new TextEncoder().encode(`${canonical({ id: hex(id), kind: "attachment", type: file.type, v: 1 })}\n`);
  const digest = sha256.create();
  const sealed = await sealStream(streamOf(plaintext(head, file, digest)), recipients);
  return {
    // A blob, because a browser need not hold it in memory.
    body: new Blob([id, ...sealed]),
    named: { bytes: file.size, id: hex(id), sha256: hex(digest.digest()), type: file.type },
  };
}

async function* plaintext(head, file, digest) {
  yield head;
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    digest.update(piece);
    yield piece;
  }
  const length = head.length + file.size;
  const fill = CLASSES.find((size) => length <= size) - length;
  for (let left = fill; left > 0; left -= PIECE) yield new Uint8Array(Math.min(left, PIECE));
}

function streamOf(pieces) {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}
