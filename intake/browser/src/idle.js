// Clears a page that nobody has touched for a while, and counts down before it does.

export const IDLE = 90_000;
export const WARNING = 20_000;
const STEP = 500;
// So long the countdown stays in sight after a touch: what moves away under a finger lets it press what lies below.
const CALM = 1_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "input", "wheel", "touchstart"];

// `isBlank` says that there is nothing to clear, `warn` is told the seconds that are left, or null when somebody
// is there, and `clear` is called once nobody is. What comes back ends the countdown at once.
export function watchIdle({ isBlank, warn, clear }) {
  let last = Date.now();
  let warned = false;

  function touch() {
    last = Date.now();
  }

  function look() {
    const since = Date.now() - last;
    if (isBlank()) return rest();
    if (since >= IDLE) {
      rest();
      clear();
    } else if (since >= IDLE - WARNING) {
      warned = true;
      warn(Math.ceil((IDLE - since) / 1000));
    } else if (warned && since >= CALM) rest();
  }

  function rest() {
    touch();
    if (warned) warn(null);
    warned = false;
  }

  for (const sign of SIGNS) addEventListener(sign, touch, { capture: true, passive: true });
  // A machine that slept did not count: what stands on its screen when it wakes is cleared at once.
  addEventListener("visibilitychange", look);
  setInterval(look, STEP);
  return rest;
}
