"""One sketch that somebody uploaded in the user interface."""

import asyncio
from collections.abc import Hashable
import hashlib
import json
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

import voluptuous as vol

from ..hardware import Storage
from . import schema
from .description import Description, describe
from .directory import read_inside
from .integrity import check_announced
from .reasons import Reason
from .release import LARGEST_IMAGE, Catalog, Release, SourceError
from .versions import VERSION, bare

_CARD = "upload.json"
_LARGEST_CARD = 256 * 1024

_SCHEMA = vol.Schema(
    {
        vol.Required("version"): schema.version,
        vol.Required("identifier"): schema.sha256,
        vol.Required("file"): schema.line,
        vol.Required("size"): schema.size,
        vol.Required("board"): vol.Maybe(schema.line),
        vol.Required("notes"): vol.Maybe(schema.notes),
        vol.Required("password"): vol.Maybe(schema.password),
        vol.Required("signature"): vol.Maybe(schema.notes),
    }
)


class UploadedSource:
    """The folder that one board's upload is kept in: the image under its own SHA-256, and a card that describes it.

    The card may hold a password, so that the folder belongs below `.storage`, where Home Assistant keeps its own.
    """

    def __init__(self, directory: Path, storage: Storage | None = None) -> None:
        """Take the folder, which need not exist yet, and the largest sketch that is accepted, in bytes."""
        self.key: Hashable = ("uploaded", str(directory), storage)
        self.server: str | None = None
        self._directory = directory
        self._storage = storage

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
        Raises SourceError, above all NO_VERSION and BAD_VERSION, and SketchRefused.
        """
        if version is not None and not VERSION.fullmatch(version):
            raise SourceError(Reason.BAD_VERSION, version=version)
        given = {"version": version and bare(version), "notes": notes, "password": password}
        description = {name: value for name, value in given.items() if value is not None}
        return await asyncio.to_thread(self._store, image, file, description, signature)

    async def remove(self) -> None:
        """Forget the upload."""
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    async def catalog(self) -> Catalog:
        """Return the uploaded sketch, if there is one. Raises SourceError."""
        return await asyncio.to_thread(self._make_catalog)

    async def image(self, release: Release) -> bytes:
        """Read the image. Raises SourceError."""
        file = f"{release.identifier}.bin"
        image, _ = await asyncio.to_thread(read_inside, self._directory, file, limit=LARGEST_IMAGE)
        check_announced(image, release)
        return image

    async def signature(self, release: Release) -> str | None:
        """Return the signature that was uploaded with the image. Raises SourceError."""
        card = await asyncio.to_thread(self._read_card)
        return card["signature"] if card and card["identifier"] == release.identifier else None

    def _store(self, image: bytes, file: str, description: Description, signature: str | None) -> Release:
        described = describe(image, file, description, storage=self._storage)
        sha256 = hashlib.sha256(image).hexdigest()
        card = {
            "version": described.version,
            "identifier": sha256,
            "file": file,
            "size": len(image),
            "board": described.board,
            "notes": described.notes,
            "password": described.password,
            "signature": signature,
        }
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The card last: until it is there, the upload before is the one that counts, and is complete.
            _write(self._directory / f"{sha256}.bin", image)
            _write(self._directory / _CARD, json.dumps(card).encode())
            for old in self._directory.glob("*.bin"):
                if old.stem != sha256:
                    old.unlink(missing_ok=True)
        except OSError as error:
            raise SourceError(
                Reason.FOLDER_UNWRITABLE, folder=str(self._directory), error=error.strerror or type(error).__name__
            ) from error
        return _release(card)

    def _make_catalog(self) -> Catalog:
        card = self._read_card()
        return Catalog((_release(card),)) if card else Catalog()

    def _read_card(self) -> dict[str, Any] | None:
        try:
            body, _ = read_inside(self._directory, _CARD, limit=_LARGEST_CARD)
            card: dict[str, Any] = schema.validate(_SCHEMA, schema.read_json(body))
        except SourceError as error:
            if error.reason is Reason.FILE_GONE:
                return None
            raise
        except (schema.Invalid, ValueError) as error:
            raise SourceError(Reason.FILE_UNREADABLE, file=_CARD, error=str(error)) from None
        return card


def _release(card: dict[str, Any]) -> Release:
    known = ("version", "identifier", "file", "size", "board", "notes", "password")
    return Release(**{name: card[name] for name in known}, sha256=card["identifier"])


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once, readable by nobody else."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
