// The header of a batch's member, which whoever writes one and whoever takes one apart build alike. See
// intake/crypto/shard.py.

export const BLOCK = 512;
const text = new TextEncoder();

// The POSIX ustar header of a plain file with everything that could identify set to zero.
export function header(name, size) {
  const block = new Uint8Array(BLOCK);
  const put = (words, at) => block.set(text.encode(words), at);
  put(name, 0);
  put("0000600", 100);
  for (const at of [108, 116, 329, 337]) put("0000000", at);
  put(size.toString(8).padStart(11, "0"), 124);
  put("00000000000", 136);
  put("0", 156);
  put("ustar\0" + "00", 257);
  // The checksum is the sum of all bytes with its own field full of spaces.
  const sum = block.reduce((all, byte) => all + byte, 8 * 0x20);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
