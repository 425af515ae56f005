"""A minisign of our own, to sign sketches with."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signer:
    """A pair of keys."""

    def __init__(self, key_id: bytes = bytes(range(8))) -> None:
        """Make the keys."""
        self._id = key_id
        self._secret = Ed25519PrivateKey.generate()
        self.public_key = base64.b64encode(b"Ed" + key_id + self._secret.public_key().public_bytes_raw()).decode()

    def sign(self, image: bytes, comment: str = "for tests") -> str:
        """Return the content of a .minisig file."""
        signature = self._secret.sign(hashlib.blake2b(image).digest())
        over_comment = self._secret.sign(signature + comment.encode())
        lines = (
            "untrusted comment: signature",
            base64.b64encode(b"ED" + self._id + signature).decode(),
            f"trusted comment: {comment}",
            base64.b64encode(over_comment).decode(),
        )
        return "\n".join(lines) + "\n"
