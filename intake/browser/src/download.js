// Saves a sealed report as a file. It is a plain age file; its name is the report's id, which says nothing.

export function saveFile(id, sealed) {
  saveAs(`${id}.age`, sealed);
}

export function saveAs(name, bytes) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
