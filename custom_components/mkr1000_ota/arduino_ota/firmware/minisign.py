"""Minisign signatures of images, in the pre-hashed format that minisign makes by default.

The format is documented at https://jedisct1.github.io/minisign/: an Ed25519 signature of the BLAKE2b-512 hash of
the file, and a second one over that signature and the trusted comment.
"""

import base64
from dataclasses import dataclass
import hashlib
from typing import Final, Self, override

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .. import limits
from ..sketch import Sketch
from .reasons import Reason, ReasonedError
from .versions import bare

# Two letters, the number of the key in eight bytes, then the key of 32 or the signature of 64.
_KEY: Final = b"Ed"
_PREHASHED: Final = b"ED"
_LEGACY: Final = b"Ed"

_UNTRUSTED: Final = "untrusted comment:"
_TRUSTED: Final = "trusted comment: "

# Edwards25519 (RFC 8032): the prime of its field, and the y of its points of order 1, 2, 4 and 8. For such a key
# signatures can be made without a secret.
_PRIME: Final = 2**255 - 19
_Y8: Final = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER: Final = frozenset({0, 1, _PRIME - 1, _Y8, _PRIME - _Y8})


class SignatureRefused(ReasonedError):
    """A signature does not prove what it should, or a text is no key that could prove anything."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked against."""

    key_id: bytes
    point: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a public key: the base64 text alone, or the whole of a minisign.pub file. Raises SignatureRefused."""
        lines = [line for line in _lines(text, Reason.BAD_PUBLIC_KEY) if not line.startswith(_UNTRUSTED)]
        if len(lines) != 1:
            raise SignatureRefused(Reason.BAD_PUBLIC_KEY)
        raw = _decode(lines[0], 2 + 8 + 32, Reason.BAD_PUBLIC_KEY)
        if not raw.startswith(_KEY):
            raise SignatureRefused(Reason.BAD_PUBLIC_KEY)
        # The highest bit is the sign of x.
        if int.from_bytes(raw[10:], "little") % 2**255 % _PRIME in _SMALL_ORDER:
            raise SignatureRefused(Reason.WEAK_PUBLIC_KEY)
        return cls(raw[2:10], raw[10:])

    @override
    def __str__(self) -> str:
        """Return the base64 text, as minisign prints it and takes it with -P."""
        return base64.b64encode(_KEY + self.key_id + self.point).decode()

    @property
    def name(self) -> str:
        """The key's number in the notation of minisign's comments."""
        return _name(self.key_id)

    def verify(self, image: bytes, signature_text: str) -> str:
        """Return the trusted comment if the signature is this key's and of this image. Raises SignatureRefused."""
        lines = _lines(signature_text, Reason.BAD_SIGNATURE_FILE)
        if len(lines) != 4 or not lines[0].startswith(_UNTRUSTED) or not lines[2].startswith(_TRUSTED):
            raise SignatureRefused(Reason.BAD_SIGNATURE_FILE)
        _, signature, trusted, global_signature = lines
        raw = _decode(signature, 2 + 8 + 64, Reason.BAD_SIGNATURE_FILE)
        over_comment = _decode(global_signature, 64, Reason.BAD_SIGNATURE_FILE)
        algorithm, key_id, over_image = raw[:2], raw[2:10], raw[10:]
        if algorithm == _LEGACY:
            raise SignatureRefused(Reason.LEGACY_SIGNATURE)
        if algorithm != _PREHASHED:
            raise SignatureRefused(Reason.BAD_SIGNATURE_FILE)
        if key_id != self.key_id:
            raise SignatureRefused(Reason.OTHER_KEY, expected=self.name, actual=_name(key_id))
        comment = trusted.removeprefix(_TRUSTED)
        self._check(over_image, hashlib.blake2b(image).digest(), Reason.WRONG_SIGNATURE)
        self._check(over_comment, over_image + comment.encode(errors="surrogatepass"), Reason.WRONG_TRUSTED_COMMENT)
        return comment

    def _check(self, signature: bytes, message: bytes, refusal: Reason) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.point).verify(signature, message)
        except InvalidSignature:
            raise SignatureRefused(refusal) from None


def verify_release(key: PublicKey, sketch: Sketch, signature: str, *, version: str | None, board: str) -> str:
    """Return the trusted comment if a signed sketch is what it is offered as, and for whom. Raises SignatureRefused.

    What the source says is not signed, what the image says is: the version that is shown must be the one in the
    image (None if what is shown is none), and the name in it, if it has one, that of the board, in any case.
    """
    comment = key.verify(sketch.image, signature)
    stated = bare(sketch.version) if sketch.version else "?"
    if version is not None and version != stated:
        raise SignatureRefused(Reason.OTHER_VERSION, actual=stated, expected=version)
    if sketch.name is not None and sketch.name.casefold() != board.casefold():
        raise SignatureRefused(Reason.OTHER_NAME, actual=sketch.name, expected=board)
    return comment


def _lines(text: str, refusal: Reason) -> list[str]:
    if len(text) > limits.SIGNATURE:
        raise SignatureRefused(refusal)
    # Only the ends of lines: str.splitlines() would also split a comment at exotic characters.
    return [line.rstrip("\r") for line in text.strip().split("\n")]


def _decode(text: str, size: int, refusal: Reason) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise SignatureRefused(refusal) from None
    if len(raw) != size:
        raise SignatureRefused(refusal)
    return raw


def _name(key_id: bytes) -> str:
    return f"{int.from_bytes(key_id, 'little'):X}"
