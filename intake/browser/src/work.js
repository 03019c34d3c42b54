// Proof of work, as intake/work.py describes it: what a browser does when many reports come in.

import { blake2b } from "@noble/hashes/blake2.js";

const PUZZLES = 16;
const SLICE = 30; // milliseconds, after which the page gets its turn
const LOOKED_AT = 64; // hashes between two looks at the clock

const person = (text) => new TextEncoder().encode(text.padEnd(16, "\0"));
const SEED = person("wbx1-seed");
const WORK = person("wbx1-work");

const rest = () => new Promise((resolve) => setTimeout(resolve));

// The header that lets `body`, bytes or a Blob, in: the challenge and the numbers that solve it. `progress` is told the
// part of the puzzles that is solved; it is not called when there is nothing to solve.
export async function solve(challenge, body, progress = () => {}) {
  const bits = Number(challenge.split(".")[1]);
  if (bits === 0) return challenge;
  const start = seed(challenge, body instanceof Blob ? new Uint8Array(await body.arrayBuffer()) : body);
  const numbers = [];
  let number = 0;
  while (numbers.length < PUZZLES) {
    progress(numbers.length / PUZZLES);
    const until = performance.now() + SLICE;
    while (numbers.length < PUZZLES && performance.now() < until) {
      for (const end = number + LOOKED_AT; number < end && numbers.length < PUZZLES; number += 1) {
        if (zeroBits(hash(start, number)) >= bits) numbers.push(number);
      }
    }
    await rest();
  }
  progress(1);
  return `${challenge} ${numbers.join(",")}`;
}

function seed(challenge, body) {
  const head = new TextEncoder().encode(`${challenge}\n`);
  const message = new Uint8Array(head.length + body.length);
  message.set(head);
  message.set(body, head.length);
  return blake2b(message, { dkLen: 32, personalization: SEED });
}

function hash(start, number) {
  const message = new Uint8Array(40);
  message.set(start);
  new DataView(message.buffer).setBigUint64(32, BigInt(number), true);
  return blake2b(message, { dkLen: 32, personalization: WORK });
}

function zeroBits(bytes) {
  return Math.clz32(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
}
