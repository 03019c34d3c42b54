// The report's JSON text in bytes, not yet padded. The format is described in intake/forms/report.py.

import { canonical } from "./canonical.js";
import { receiptToJson } from "./receipt.js";

export function buildReport(page, answers, receipt, attachments = []) {
  const report = {
    answers,
    attachments,
    channel: page.channel,
    form: page.form.id,
    form_digest: page.form_digest,
    form_version: page.form.version,
    kind: "report",
    lang: page.lang,
    receipt: receiptToJson(receipt),
    sealed_by: page.sealed_by ?? "browser",
    v: 1,
  };
  return new TextEncoder().encode(canonical(report));
}
