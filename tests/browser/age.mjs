// The npm package age-encryption as a command, for tests that put it against the Python code.
//
//   node age.mjs encrypt RECIPIENT... < plaintext > file.age
//   node age.mjs decrypt IDENTITY...  < file.age  > plaintext      exit status 1 when it cannot
//   node age.mjs recipient IDENTITY                              its public half, with no newline

import { argv, exit, stderr, stdin, stdout } from "node:process";
import { Decrypter, Encrypter, identityToRecipient } from "../../intake/browser/node_modules/age-encryption/dist/index.js";

const [verb, ...keys] = argv.slice(2);

async function read() {
  const chunks = [];
  for await (const chunk of stdin) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

async function encrypt(plaintext) {
  const encrypter = new Encrypter();
  for (const recipient of keys) encrypter.addRecipient(recipient);
  return encrypter.encrypt(plaintext);
}

async function decrypt(file) {
  const decrypter = new Decrypter();
  for (const identity of keys) decrypter.addIdentity(identity);
  return decrypter.decrypt(file);
}

const recipient = () => identityToRecipient(keys[0]);

try {
  stdout.write(await { encrypt, decrypt, recipient }[verb](await read()));
} catch (error) {
  stderr.write(`${error.message}\n`);
  exit(1);
}
