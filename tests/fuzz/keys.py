"""Keys of tests, the same every time, so that an input that was found once is the same input later."""

from analysis.identity import HybridIdentity, X25519Identity
from intake.crypto.signing import SigningKey

HYBRID = HybridIdentity(bytes(range(32)))
X25519 = X25519Identity(bytes(range(1, 33)))
SIGNER = SigningKey(bytes(range(2, 34)))
CODE = bytes(range(12))
