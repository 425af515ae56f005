"""One sketch that somebody uploaded in the user interface."""

import asyncio
from collections.abc import Hashable
from datetime import UTC, datetime
import hashlib
import json
from pathlib import Path
import shutil
from typing import Final

from ..errors import SketchRefused
from . import limits, schema
from .description import FIELDS, Description, declared, inspected, read_description
from .directory import make_folder, opened
from .reasons import Reason
from .release import Catalog, Finding, Release, SourceError

_CARD: Final = "upload.json"
_FIELDS: Final = FIELDS | {"file": schema.line, "signature": schema.text}


class UploadedSource:
    """The folder that one board's upload is kept in: the image under its own SHA-256, and a card that describes it.

    The card may hold a password, so that the folder belongs below `.storage`, where Home Assistant keeps its own.
    """

    server: str | None = None

    def __init__(self, directory: Path) -> None:
        self.key: Hashable = ("uploaded", str(directory))
        self._directory = directory

    async def store(
        self,
        image: bytes,
        file: str,
        *,
        version: str | None = None,
        notes: str | None = None,
        password: str | None = None,
        signature: str | None = None,
    ) -> Release:
        """Keep an image in the place of the one before, and return what it is offered as.

        The version that the sketch states beats the given one. `signature` is the text of a minisign signature.
        Raises SourceError and SketchRefused.
        """
        card = {"file": file, "version": version, "notes": notes, "password": password, "signature": signature}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return await asyncio.to_thread(self._store, image, card | {"published": now})

    async def remove(self) -> None:
        """Forget the upload."""
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    async def catalog(self) -> Catalog:
        """Return the uploaded sketch, if there is one. Raises SourceError."""
        return await asyncio.to_thread(self._make_catalog)

    async def image(self, release: Release) -> bytes:
        """Read the image. Raises SourceError."""
        image = await asyncio.to_thread(self._read, _image_name(release.identifier), limits.FILE)
        release.verify(image)
        return image

    async def signature(self, release: Release) -> str | None:
        """Return the signature that was uploaded with the image. Raises SourceError."""
        card = await asyncio.to_thread(self._read_card)
        return card.get("signature") if card and card["sha256"] == release.identifier else None

    def _store(self, image: bytes, card: dict[str, str | None]) -> Release:
        body = json.dumps(card | {"sha256": hashlib.sha256(image).hexdigest()}, ensure_ascii=False).encode()
        if len(body) > limits.UPLOAD_CARD:
            raise SourceError(Reason.FILE_TOO_LARGE, file=_CARD, size=str(len(body)), limit=str(limits.UPLOAD_CARD))
        # Read as it will be: what is stored can be offered.
        release = _release(image, read_description(body, _CARD, _FIELDS))
        make_folder(self._directory)
        with opened(self._directory, self._directory.parent) as folder:
            # The card last: until it is there, the upload before is the one that counts, and is complete.
            folder.write(_image_name(release.identifier), image)
            folder.write(_CARD, body)
            folder.keep([_CARD, _image_name(release.identifier)])
        return release

    def _make_catalog(self) -> Catalog:
        if (card := self._read_card()) is None:
            return Catalog()
        try:
            return Catalog.of([_release(self._read(_image_name(card["sha256"]), limits.FILE), card)])
        except (SourceError, SketchRefused) as error:
            return Catalog.of([Finding.from_error(card["file"], error)])

    def _read_card(self) -> Description | None:
        if not (self._directory / _CARD).exists():
            return None
        card = read_description(self._read(_CARD, limits.UPLOAD_CARD), _CARD, _FIELDS)
        if not card.keys() >= {"sha256", "file"}:
            raise SourceError(Reason.BAD_SIDECAR, file=_CARD, path="its beginning", problem="sha256 or file is missing")
        return card

    def _read(self, name: str, limit: int) -> bytes:
        with opened(self._directory, self._directory.parent) as folder:
            return folder.read(name, limit=limit)[0]


def _image_name(sha256: str) -> str:
    return f"{sha256}.bin"


def _release(image: bytes, card: Description) -> Release:
    described = {name: value for name, value in card.items() if name not in ("file", "signature")}
    return inspected(image, declared(described, file=card["file"], identifier=card["sha256"]))
