// The browser's own modules as a command, for tests that put them against the Python code.
//
//   node parity.mjs clean     {"form": F, "raws": [R ...]}          the answers' text or the problems of each
//   node parity.mjs receipt   {"codes": [HEX ...]}                  the receipt of each
//   node parity.mjs words     {"codes": [{"code": HEX, "lang": L} ...]}        the nine words of each
//   node parity.mjs typed     {"texts": [{"text": T, "lang": L} ...]}          the code of each, or what is wrong with it
//   node parity.mjs box       {"headers": [H ...], "looks": [{"code": HEX, "bytes": HEX} ...]}   bucket, and what each code finds
//   node parity.mjs place     {"plaintexts": [T ...]}                        the message in each, or null
//   node parity.mjs thread    {"messages": [{"typed": T, "code": HEX, "nonce": HEX, "lang": L, "kind": K} ...]}   text and id of each
//   node parity.mjs report    {"form": F, "form_digest": HEX, "lang": L, "channel": C, "raw": R, "code": HEX}
//   node parity.mjs pad       {"lengths": [N ...]}                  the padded length, or null when too long
//   node parity.mjs envelope  {"recipients": [R ...], "code": HEX, "body": HEX}     what is posted, in hexadecimal
//   node parity.mjs batch     {"batches": [{"week": W, "members": [{"id": HEX, "length": N} ...]} ...], "moments": [MS ...]}
//   node parity.mjs ticks     {"form": F, "paper": P, "typed": [T ...]}       the fields and the broken rules of each, and its codes
//   node parity.mjs gather    {"reports": N, "at": MS}                  what a window says and saves, until nothing waits
//   node parity.mjs solve     {"challenge": C, "body": HEX}         the header, the progress told, the seconds it took
//   node parity.mjs send      {"base": URL, "body": HEX}            what the script concludes
//
// Input and output are JSON; F is a compiled form, R an object of raw fields.

import { argv, stdin, stdout } from "node:process";
import { createHash } from "node:crypto";
import { clean, tidy } from "../../intake/browser/src/answers.js";
import { batchName, isoWeek, packBatch } from "../../intake/browser/src/batch.js";
import { canonical } from "../../intake/browser/src/canonical.js";
import { bucketOf, openBuckets, parseMessage, readHeaders } from "../../intake/browser/src/box.js";
import { CodeProblem, fromWords, toWords } from "../../intake/browser/src/code.js";
import { messageText } from "../../intake/browser/src/message.js";
import { hex, messageId, receiptFromCode, receiptToJson } from "../../intake/browser/src/receipt.js";
import { buildReport } from "../../intake/browser/src/report.js";
import { readTicks, writeTicks } from "../../intake/browser/src/ticks.js";
import { gather, lastBatch, nextBatch, unsaved } from "../../intake/browser/src/gathered.js";
import { envelope, pad, seal, TooLong } from "../../intake/browser/src/seal.js";
import { send } from "../../intake/browser/src/send.js";
import { solve } from "../../intake/browser/src/work.js";

const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const fields = (raw) => new Map(Object.entries(raw));

function outcome(form, raw) {
  const { answers, problems } = clean(form, fields(raw));
  return problems.size ? { problems: Object.fromEntries(problems) } : { answers: canonical(answers) };
}

function codeOf({ text, lang }) {
  try {
    return { code: Buffer.from(fromWords(text, lang)).toString("hex") };
  } catch (error) {
    if (!(error instanceof CodeProblem)) throw error;
    return { problem: { ...error } };
  }
}

function found(headers, { code, bytes: bucket }) {
  const receipt = receiptFromCode(bytes(code));
  return { ...bucketOf(receipt.box, headers), ...openBuckets(receipt, headers, bytes(bucket)) };
}

function message({ typed, code, nonce, lang, kind }) {
  const receipt = receiptFromCode(bytes(code));
  const text = kind === "withdrawal" ? null : tidy("long_text", typed);
  const page = { channel: "web", lang };
  return { id: hex(messageId(receipt, bytes(nonce))), text: messageText(page, receipt, bytes(nonce), text) };
}

function paddedLength(length) {
  try {
    return pad(new Uint8Array(length)).length;
  } catch (error) {
    if (error instanceof TooLong) return null;
    throw error;
  }
}

function batch({ week, members }) {
  const filled = members.map(({ id, length }) => ({ id, bytes: filling(length) }));
  const packed = packBatch(filled, week);
  return { sha256: createHash("sha256").update(packed).digest("hex"), file: batchName(packed) };
}

// As tests/vectors/batches.py has it.
const filling = (length) => Uint8Array.from({ length }, (_, place) => (7 * place + length) % 251);

function ticks(form, paper, typed) {
  const { raw, problems } = readTicks(form, paper, typed);
  return { raw: Object.fromEntries(raw), problems, codes: writeTicks(form, paper, raw) };
}

function gatherAll({ reports, at }) {
  const steps = [{ waiting: unsaved(), last: lastBatch() }];
  for (let number = 0; number < reports; number += 1) gather({ id: number.toString(16).padStart(32, "0"), bytes: filling(300) });
  while (unsaved()) {
    const before = unsaved();
    const { name, bytes, reports } = nextBatch(at);
    const again = Buffer.compare(lastBatch().bytes, bytes) === 0 && lastBatch().name === name;
    steps.push({ waiting: before, left: unsaved(), name, reports, again, bytes: Buffer.from(bytes).toString("hex") });
  }
  return steps;
}

const verbs = {
  gather: gatherAll,
  batch: ({ batches, moments }) => ({ batches: batches.map(batch), weeks: moments.map(isoWeek) }),
  ticks: ({ form, paper, typed }) => typed.map((one) => ticks(form, paper, one)),
  clean: ({ form, raws }) => raws.map((raw) => outcome(form, raw)),
  receipt: ({ codes }) => codes.map((code) => receiptToJson(receiptFromCode(bytes(code)))),
  words: ({ codes }) => codes.map(({ code, lang }) => toWords(bytes(code), lang)),
  typed: ({ texts }) => texts.map(codeOf),
  box: ({ headers, looks }) => looks.map((one) => found(readHeaders(headers), one)),
  place: ({ plaintexts }) => plaintexts.map((text) => parseMessage(new TextEncoder().encode(text))),
  thread: ({ messages }) => messages.map(message),
  report: ({ raw, code, ...page }) => {
    const { answers } = clean(page.form, fields(raw));
    return new TextDecoder().decode(buildReport(page, answers, receiptFromCode(bytes(code))));
  },
  pad: ({ lengths }) => lengths.map(paddedLength),
  envelope: async ({ recipients, code, body }) => {
    const sealed = await seal(bytes(body), recipients);
    return Buffer.from(envelope(receiptFromCode(bytes(code)).id, sealed)).toString("hex");
  },
  solve: async ({ challenge, body }) => {
    const parts = [];
    const start = performance.now();
    const header = await solve(challenge, bytes(body), (part) => parts.push(part));
    return { header, parts, seconds: (performance.now() - start) / 1000 };
  },
  send: ({ base, body }) => send(bytes(body), { fetch: (path, options) => fetch(base + path, options), pause: 1 }),
};

const chunks = [];
for await (const chunk of stdin) chunks.push(chunk);
const input = JSON.parse(Buffer.concat(chunks).toString());
stdout.write(JSON.stringify(await verbs[argv[2]](input)));
