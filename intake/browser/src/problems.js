// Shows which answers break a rule, above the form and beside each question, in the manner of the GOV.UK
// design system. Its words are the page's: this file holds none.

// `problems` is a Map of question ids to the rules that they break. None takes everything away again.
export function showProblems(page, problems) {
  const summary = document.getElementById("problems");
  const broken = page.form.questions.filter(({ id }) => problems.has(id));
  for (const old of document.querySelectorAll(".has-problem")) unmark(old);
  summary.querySelector("ul").replaceChildren(
    ...broken.map(({ id }) => {
      const question = document.getElementById(`q-${id}`);
      const words = text(question, problems.get(id));
      mark(question, id, words);
      return item(question, id, words);
    }),
  );
  summary.hidden = problems.size === 0;
  if (problems.size) focus(summary);
}

// What a link of the summary leads to, or null for any other link.
export function linkedElement(link) {
  return document.getElementById(link.hash.slice(1));
}

function item(question, id, words) {
  const link = document.createElement("a");
  link.href = `#f-${id}`;
  link.textContent = question.querySelector("legend").firstChild.textContent.trim();
  const element = document.createElement("li");
  element.append(link, ` ${words}`);
  return element;
}

function text(question, rule) {
  const own = rule === "constraint" && question.dataset.constraint;
  return own || document.getElementById("problem-texts").content.querySelector(`[data-rule="${rule}"]`).textContent;
}

function mark(question, id, words) {
  const problem = document.createElement("p");
  problem.id = `problem-${id}`;
  problem.className = "problem";
  problem.textContent = words;
  question.querySelector("legend").after(problem);
  question.classList.add("has-problem");
  described(question).setAttribute("aria-describedby", [...descriptions(question), problem.id].join(" "));
}

function unmark(question) {
  const problem = question.querySelector(".problem");
  question.classList.remove("has-problem");
  if (!problem) return;
  const left = descriptions(question).filter((id) => id !== problem.id);
  if (left.length) described(question).setAttribute("aria-describedby", left.join(" "));
  else described(question).removeAttribute("aria-describedby");
  problem.remove();
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
