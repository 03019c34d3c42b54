// Stands in the script for what the library can do and a report never asks of it: keys on the curves of
// NIST, which are a fifth of its weight, and passphrases. `build.js` puts it in their place.

const absent = () => {
  throw new Error("not in this build");
};
// The library asks for these when it is loaded, before anybody wants a key.
const curve = {
  lengths: { secretKey: 32, publicKey: 33, publicKeyUncompressed: 65, seed: 48 },
  Point: { Fn: {} },
  keygen: absent,
  getPublicKey: absent,
  getSharedSecret: absent,
};

export { absent as scrypt, curve as p256, curve as p384 };
