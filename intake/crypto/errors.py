"""What can be wrong with bytes on the wire, one class per decision a caller takes."""


class CryptoError(Exception):
    """Base of the errors of the wire format; never raised itself."""


class Malformed(CryptoError):
    """The bytes are not the one encoding that the format allows."""


class MixedRecipients(CryptoError):
    """A post-quantum key beside one that is not would only be as strong as the weaker."""


class TooLong(CryptoError):
    """The report does not fit the largest size class."""


class WrongSignature(CryptoError):
    """The signature was not made by this key over these bytes."""
