// Offers the sealed report as a file, when the server cannot take it. Nothing is kept unless it is asked for.

const ID_LENGTH = 16;
const box = document.getElementById("keep-sealed");
let offered = null;

// `bytes` is what was to be posted; null withdraws the offer.
export function offer(bytes) {
  offered = bytes;
  box.hidden = bytes === null;
}

// The file is a plain age file. Its name is the report's id, under which it is stored later.
function save() {
  const id = [...offered.subarray(0, ID_LENGTH)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([offered.subarray(ID_LENGTH)], { type: "application/octet-stream" }));
  link.download = `${id}.age`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

document.getElementById("save-sealed").addEventListener("click", save);
