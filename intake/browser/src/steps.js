// Shows one section of the form at a time, and leads on and back. A section in which nothing applies is no
// step. The browser's own Back button leads one step back, and does not leave the page with what was typed;
// the history holds the number of the step for that, and nothing that was answered. Where several people use one
// page it holds nothing, and the browser's Back button leaves the page.

export function startSteps(form, mayLeave, { inHistory = true } = {}) {
  const sections = [...form.querySelectorAll("section")];
  const [next, back, bar, sending, around, intro] = ["next", "back", "progress", "send", "steps", "intro"].map((id) =>
    document.getElementById(id),
  );
  let current = sections[0];

  const open = () => sections.filter((section) => section.querySelector('[id^="q-"]:not([hidden])'));

  function update() {
    const steps = open();
    const place = Math.max(steps.indexOf(current), 0);
    for (const section of sections) section.hidden = section !== current;
    next.hidden = place === steps.length - 1;
    sending.hidden = !next.hidden;
    back.hidden = place === 0;
    intro.hidden = place > 0;
    bar.max = steps.length;
    bar.value = place + 1;
    const label = current.querySelector(".step");
    label.textContent = label.dataset.words.replace("{n}", place + 1).replace("{m}", steps.length);
  }

  function show(section, { focus = true } = {}) {
    current = section;
    update();
    document.documentElement.classList.toggle("later", section !== sections[0]);
    if (!focus) return;
    section.querySelector("h2").focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  function lead(section) {
    enter(section);
    show(section);
  }

  function enter(section) {
    if (inHistory) history.pushState({ step: open().indexOf(section) }, "");
  }

  function leadBack() {
    const steps = open();
    if (inHistory) history.back();
    else show(steps[Math.max(steps.indexOf(current) - 1, 0)]);
  }

  next.addEventListener("click", () => {
    const steps = open();
    if (mayLeave(current)) lead(steps[steps.indexOf(current) + 1]);
  });
  back.addEventListener("click", leadBack);
  addEventListener("popstate", ({ state }) => {
    // The link that skips to the main part changes the address, and is no way back.
    if (state === null && location.hash) return;
    // Nor is there one behind the form, once something else stands in its place.
    if (form.closest("[hidden]")) return;
    const steps = open();
    show(steps[Math.min(state?.step ?? 0, steps.length - 1)]);
  });
  history.replaceState(null, "");
  around.hidden = bar.hidden = false;

  return {
    update,
    restart() {
      // How many steps there were tells which way somebody went.
      for (const label of form.querySelectorAll(".step")) label.textContent = "";
      show(sections[0], { focus: false });
    },
    // On a slow line somebody may be far down the page already when the steps begin: there it goes on.
    stayWith(element) {
      const section = element.closest("section");
      if (section === current || !open().includes(section)) return;
      enter(section);
      show(section, { focus: false });
      element.scrollIntoView({ block: "center" });
    },
    // Makes the step that holds an element the one in sight.
    reveal(element) {
      const section = element.closest("section");
      if (section && section !== current) lead(section);
      const details = element.closest("details");
      if (details) details.open = true;
    },
  };
}
