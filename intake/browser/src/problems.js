// Shows which answers break a rule, above the form and beside each question, in the manner of the GOV.UK
// design system. Its words come with the page: this file holds none.

let prefixed = "";

// `problems` is a Map of question ids to the rules that they break. None takes everything away again.
export function showProblems(page, problems) {
  const summary = document.getElementById("problems");
  const broken = page.form.questions.filter(({ id }) => problems.has(id));
  for (const old of document.querySelectorAll(".has-problem")) unmark(old);
  summary.querySelector("ul").replaceChildren(
    ...broken.map(({ id }) => {
      const question = document.getElementById(`q-${id}`);
      const words = text(page, question, problems.get(id));
      mark(question, id, words);
      return item(question, id, words);
    }),
  );
  summary.hidden = problems.size === 0;
  showInTitle(problems.size ? page.words.error : "");
  if (problems.size) focus(summary);
}

// What a link of the summary leads to, or null for any other link.
export function linkedElement(link) {
  return document.getElementById(link.hash.slice(1));
}

// Whoever hears the title first hears that something is to be mended.
function showInTitle(prefix) {
  const { title } = document;
  const plain = title.startsWith(prefixed) ? title.slice(prefixed.length) : title;
  prefixed = prefix && `${prefix} `;
  document.title = prefixed + plain;
}

function item(question, id, words) {
  const link = document.createElement("a");
  link.href = `#f-${id}`;
  const legend = question.querySelector("legend").cloneNode(true);
  legend.querySelector(".needed")?.remove();
  link.textContent = legend.textContent.trim();
  const element = document.createElement("li");
  element.append(link, ` ${words}`);
  return element;
}

function text(page, question, rule) {
  return (rule === "constraint" && question.dataset.constraint) || page.words.problems[rule];
}

function mark(question, id, words) {
  const problem = document.createElement("p");
  problem.id = `problem-${id}`;
  problem.className = "problem";
  problem.textContent = words;
  // Where the server puts it too: after all that leads up to the answer.
  [...question.querySelectorAll(":scope > :is(legend, .hint:not(.alone), .notice)")].pop().after(problem);
  for (const field of fields(question)) field.setAttribute("aria-invalid", "true");
  question.classList.add("has-problem");
  described(question).setAttribute("aria-describedby", [...descriptions(question), problem.id].join(" "));
}

function unmark(question) {
  const problem = question.querySelector(".problem");
  question.classList.remove("has-problem");
  for (const field of fields(question)) field.removeAttribute("aria-invalid");
  if (!problem) return;
  const left = descriptions(question).filter((id) => id !== problem.id);
  if (left.length) described(question).setAttribute("aria-describedby", left.join(" "));
  else described(question).removeAttribute("aria-describedby");
  problem.remove();
}

// What can be called invalid one by one. A choice of several cannot: its group is described instead.
function fields(question) {
  return question.querySelectorAll("textarea, select, input[type=text]");
}

// A single field is described itself; a group of them by its fieldset.
function described(question) {
  return question.querySelector("textarea, input[type=text]") ?? question;
}

function descriptions(question) {
  return (described(question).getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
}

function focus(element) {
  element.focus();
  element.scrollIntoView();
}
