// One report after the other, in a page that has no server: what was filled in is sealed, and forgotten.
//
// Whatever a mode of the file does, it gets sealed reports from here and has nothing else to show for them.

import { drawCode, hex, receiptFromCode } from "./receipt.js";
import { buildReport } from "./report.js";
import { seal, TooLong } from "./seal.js";

const EARLIEST_YEAR = 2026;
const YEARS_BACK = 15;

// `page` is the file's configuration; `startFilling` is that of filling.js, or what stands in its place.
export function startReporting(page, startFilling) {
  const status = document.getElementById("status");
  const form = document.getElementById("report");
  let said = "";
  let turn = 0;

  addYears(form);
  const filling = startFilling(page, form);

  function say(name) {
    said = name;
    status.textContent = name ? page.words.status[name] : "";
  }

  return {
    say,
    // What was filled in as a sealed report: {id: its id in hexadecimal, bytes: the age file, code: the receipt's
    // code}. It is null when something is to be mended, or when it could not be sealed: the page says which. And when
    // the page was left in between: a browser may bring it back for somebody else, and go on where it was.
    async seal() {
      const mine = turn;
      const answers = filling.check();
      say(answers ? "sealing" : "");
      if (!answers) return null;
      // Sealing keeps a slow phone busy: let it show the words first.
      await new Promise((resolve) => setTimeout(resolve, 50));
      try {
        const code = drawCode();
        const receipt = receiptFromCode(code);
        const bytes = await seal(buildReport(page, answers, receipt), page.recipients);
        if (turn !== mine) return null;
        say("");
        return { id: hex(receipt.id), bytes, code };
      } catch (error) {
        if (turn === mine) say(error instanceof TooLong ? "tooLong" : "failed");
        return null;
      }
    },
    // The form is as it was when the page was opened: nothing ticked, nothing typed, its first step in sight.
    forget() {
      turn += 1;
      say("");
      filling.forget();
    },
    isTouched: filling.isTouched,
    // After the words of the page changed their language.
    respeak() {
      filling.respeak();
      say(said);
    },
  };
}

// The file itself knows no day, so that it is the same bytes whenever it was made. A device whose clock was never
// set stands years back.
function addYears(form) {
  const year = Math.max(new Date().getFullYear(), EARLIEST_YEAR);
  for (const list of form.querySelectorAll('select[name$=".year"]')) {
    for (let back = 0; back < YEARS_BACK; back += 1) list.add(new Option(String(year - back)));
  }
}
