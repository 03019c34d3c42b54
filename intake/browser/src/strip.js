// Takes out of a JPEG all that a camera or a program wrote about it, and leaves the picture's own bytes.
//
// For browsers that let no page read a canvas (Tor Browser), where a picture cannot be drawn anew.
//
//   file    = SOI *(segment / scan) EOI          ; what stands after EOI, such as a film, is dropped
//   segment = %xFF marker length(2) *OCTET       ; APP0 to APP15 and COM are dropped
//
// Source: ITU-T T.81, Annex B.

const [START, END, SCAN, ADOBE, COMMENT] = [0xd8, 0xd9, 0xda, 0xee, 0xfe];
// The one application segment that a picture needs: it tells how its colours are written.
const ADOBE_LENGTH = 16;

// The parts of the file that may stay, in their order; null when it is no whole JPEG.
export function stripJpeg(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== START) return null;
  const kept = [bytes.subarray(0, 2)];
  let at = 2;
  while (bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === END) return [...kept, bytes.subarray(at, at + 2)];
    let end = at + 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
    if (marker === SCAN) end = scanEnd(bytes, end);
    if (isNeeded(marker, end - at)) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return null;
}

function isNeeded(marker, length) {
  if (marker === ADOBE) return length === ADOBE_LENGTH;
  return !(marker >= 0xe0 && marker <= 0xef) && marker !== COMMENT;
}

// In a scan %xFF stands before 0 when it is data, and before %xD0 to %xD7 when the scan goes on.
function scanEnd(bytes, start) {
  let at = start;
  while (at < bytes.length) {
    const next = bytes[at + 1];
    if (bytes[at] === 0xff && next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) break;
    at += 1;
  }
  return at;
}
