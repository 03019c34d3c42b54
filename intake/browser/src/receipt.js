// The keys that follow from a reporter's code. The derivation is described in intake/crypto/receipt.py.

import { blake2b } from "@noble/hashes/blake2.js";

const CODE_LENGTH = 12;
const lengths = { id: 16, box: 16, reply: 32, withdraw: 32, attachment: 16, message: 16 };

export const draw = (length) => crypto.getRandomValues(new Uint8Array(length));

// A new code. It lives in the page's memory until the page is left, and is shown to those alone who ask.
export const drawCode = () => draw(CODE_LENGTH);

export function receiptFromCode(code) {
  const withdraw = derive(code, "withdraw");
  return {
    id: derive(withdraw, "id"),
    box: derive(code, "box"),
    reply: derive(code, "reply"),
    withdraw,
  };
}

// The name that attachment `number`, counted from 1, is stored under.
export function attachmentId(receipt, number) {
  return derive(new Uint8Array([...receipt.withdraw, number]), "attachment");
}

// The name that a follow-up or a withdrawal with this nonce is stored under.
export function messageId(receipt, nonce) {
  return derive(new Uint8Array([...receipt.withdraw, ...nonce]), "message");
}

// The values in hexadecimal, as they stand in a report.
export function receiptToJson(receipt) {
  return Object.fromEntries(Object.entries(receipt).map(([name, bytes]) => [name, hex(bytes)]));
}

function derive(bytes, purpose) {
  const personalization = new Uint8Array(16);
  personalization.set(new TextEncoder().encode(`wbx1-${purpose}`));
  return blake2b(bytes, { dkLen: lengths[purpose], personalization });
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
