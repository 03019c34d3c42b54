// Offers the sealed report as a file, when the server cannot take it. Nothing is kept unless it is asked for.

import { saveFile } from "./download.js";
import { hex } from "./receipt.js";

const ID_LENGTH = 16;
const box = document.getElementById("keep-sealed");
let offered = null;

// `bytes` is what was to be posted; null withdraws the offer.
export function offer(bytes) {
  offered = bytes;
  box.hidden = bytes === null;
}

const save = () => saveFile(hex(offered.subarray(0, ID_LENGTH)), offered.subarray(ID_LENGTH));

document.getElementById("save-sealed").addEventListener("click", save);
