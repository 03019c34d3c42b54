// Shows which answers break a rule. Its words are the page's: this file holds none.

export function showProblems(page, problems) {
  const summary = document.getElementById("problems");
  const list = summary.querySelector("ul");
  const broken = page.form.questions.filter(({ id }) => problems.has(id));
  list.replaceChildren(...broken.map((question) => item(page, question, problems.get(question.id))));
  summary.hidden = problems.size === 0;
  if (problems.size) focus(summary);
}

function item(page, question, rule) {
  const link = document.createElement("a");
  link.href = `#f-${question.id}`;
  link.textContent = question.label[page.lang];
  const element = document.createElement("li");
  element.append(link, ` ${text(page, question, rule)}`);
  return element;
}

function text(page, question, rule) {
  const own = rule === "constraint" && question.constraint_message[page.lang];
  return own || document.getElementById("problem-texts").content.querySelector(`[data-rule="${rule}"]`).textContent;
}

function focus(element) {
  element.tabIndex = -1;
  element.focus();
  element.scrollIntoView();
}
