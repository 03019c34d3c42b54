// Shows what a code found: as text, whatever it says.

const DAY = 86_400_000;

// `found` is as box.js gives it; `words` are the page's.
export function showFound({ thread, dates }, { collected, messages }) {
  const place = document.getElementById("collected");
  const nothing = !collected && !messages.length;
  place.textContent = collected ? thread.collected.replace("{week}", day(collected, dates)) : nothing ? thread.nothing : "";
  if (collected && !messages.length) place.append(` ${thread.noAnswer}`);
  document.getElementById("reasons").hidden = !nothing;
  document.getElementById("messages").replaceChildren(...messages.map((message) => show(message, thread, dates)));
}

function show(message, thread, dates) {
  if (message.until < thisWeek()) return make("p", thread.expired.replace("{week}", day(message.until, dates)));
  const article = make("article", "", "message");
  article.append(make("h3", thread[message.kind].replace("{week}", day(message.at, dates))), body(message, thread));
  return article;
}

function body({ kind, text, release, tracker }, thread) {
  if (kind === "counted") {
    const values = { release, tracker };
    return make("p", thread.tracker.replace(/\{(\w+)\}/g, (_, name) => values[name]));
  }
  return kind === "withdrawn" ? make("p", thread.withdrawnMore) : make("p", text, "words");
}

function make(name, text, kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// The Monday of an ISO week, in words.
function day(week, { months, order }) {
  const date = new Date(monday(week));
  const values = { day: date.getUTCDate(), month: months[date.getUTCMonth()], year: date.getUTCFullYear() };
  return order.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// January 4th is in the first week of its year (ISO 8601).
function monday(week) {
  const [year, number] = week.split("-W").map(Number);
  const fourth = Date.UTC(year, 0, 4);
  return fourth - weekday(fourth) * DAY + (number - 1) * 7 * DAY;
}

const weekday = (time) => (new Date(time).getUTCDay() + 6) % 7;

function thisWeek() {
  const now = Date.now();
  const thursday = now + (3 - weekday(now)) * DAY;
  const year = new Date(thursday).getUTCFullYear();
  const number = Math.floor((thursday - monday(`${year}-W01`)) / (7 * DAY)) + 1;
  return `${year}-W${String(number).padStart(2, "0")}`;
}
