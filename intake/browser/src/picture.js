// Draws a picture anew as a JPEG, so that place, time and owner that a camera wrote into it are gone.

import { stripJpeg } from "./strip.js";

export const JPEG = "image/jpeg";
const LONGEST_EDGE = 3000;
const QUALITY = 0.85;
// Some browsers blur each colour a little; those that forbid reading give quite other ones.
const TOLERANCE = 8;

// The first bytes of JPEG, PNG, GIF, TIFF, WebP, HEIF and AVIF, one sign a byte, as intake/pictures.py has them.
const FRONT = 12;
const PICTURE = /^(?:\xff\xd8\xff|\x89PNG|GIF8|II\*\0|MM\0\*|RIFF[^]{4}WEBP|[^]{4}ftyp(?:hei|hev|mif1|msf1|avi[fs]))/;

// Whether a file is a picture, whatever it is called: a renamed photo tells as much as any.
export async function isPicture(file) {
  if (file.type.startsWith("image/")) return true;
  const front = new Uint8Array(await file.slice(0, FRONT).arrayBuffer());
  return PICTURE.test(String.fromCharCode(...front));
}

// The name of the rule that a file breaks is its message.
export class FileProblem extends Error {}

export async function cleanPicture(file) {
  if (isReadable()) return redraw(file);
  const parts = stripJpeg(new Uint8Array(await file.arrayBuffer()));
  if (!parts) throw new FileProblem("canvas_blocked");
  return new Blob(parts, { type: JPEG });
}

async function redraw(file) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new FileProblem("file_unreadable");
  });
  const scale = Math.min(1, LONGEST_EDGE / Math.max(bitmap.width, bitmap.height));
  const [canvas, context] = blank(Math.round(bitmap.width * scale) || 1, Math.round(bitmap.height * scale) || 1);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, JPEG, QUALITY));
  if (!blob || blob.type !== JPEG) throw new FileProblem("file_unreadable");
  return blob;
}

// Whether what is drawn can be read: otherwise noise would be sent in place of the picture.
function isReadable() {
  const [, context] = blank(2, 1);
  const colours = [32, 64, 96, 255, 192, 128, 64, 255];
  for (const place of [0, 1]) {
    context.fillStyle = `rgb(${colours.slice(4 * place, 4 * place + 3).join()})`;
    context.fillRect(place, 0, 1, 1);
  }
  const found = context.getImageData(0, 0, 2, 1).data;
  return colours.every((colour, place) => Math.abs(colour - found[place]) <= TOLERANCE);
}

function blank(width, height) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  return [canvas, canvas.getContext("2d")];
}
