// What a reporter sends after a report: a follow-up, or a withdrawal. See FORMAT.md, section 12.

import { canonical } from "./canonical.js";
import { draw, hex, messageId, receiptToJson } from "./receipt.js";
import { envelope, seal } from "./seal.js";

const NONCE_LENGTH = 16;

// What is posted. `text` is that of a follow-up, and null for a withdrawal; `nonce` is the same for what is the same message.
export async function sealMessage(page, receipt, nonce, text) {
  const body = new TextEncoder().encode(messageText(page, receipt, nonce, text));
  return envelope(messageId(receipt, nonce), await seal(body, page.recipients));
}

export function messageText(page, receipt, nonce, text) {
  return canonical({
    channel: page.channel,
    kind: text === null ? "withdrawal" : "followup",
    lang: page.lang,
    nonce: hex(nonce),
    receipt: receiptToJson(receipt),
    sealed_by: "browser",
    ...(text === null ? {} : { text }),
    v: 1,
  });
}

export const drawNonce = () => draw(NONCE_LENGTH);
