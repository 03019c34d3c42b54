// The file on a device that stands somewhere for everybody: it clears itself when nobody is there, and fills the
// screen. Who looks after it finds the batch behind a link at the foot of the page.

import { startGathering } from "./gathering.js";
import { watchIdle } from "./idle.js";

export function startKiosk(page, parts) {
  const gathering = startGathering(page, parts);
  const { restoreLanguage } = parts;
  const [notice, left, stay, wide, keeper] = ["idle", "idle-left", "idle-stay", "full-screen", "keeper"].map((id) =>
    document.getElementById(id),
  );

  function warn(seconds) {
    notice.hidden = seconds === null;
    left.textContent = seconds ?? "";
  }

  function clear() {
    keeper.open = false;
    warn(null);
    restoreLanguage();
    gathering.begin();
  }

  // Where it stands already, or where the device cannot.
  function offerWide() {
    wide.hidden = !document.fullscreenEnabled || document.fullscreenElement !== null;
  }

  wide.addEventListener("click", () => document.documentElement.requestFullscreen());
  addEventListener("fullscreenchange", offerWide);
  addEventListener("exit", clear);
  document.getElementById("another").addEventListener("click", clear);
  offerWide();
  const rest = watchIdle({ isBlank: () => gathering.isBlank() && !keeper.open && atStart(), warn, clear });
  stay.addEventListener("click", rest);
  return gathering;
}

const atStart = () => !document.getElementById("before").hidden;
