"""One sketch that somebody uploaded in the user interface."""

import asyncio
from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, datetime
import hashlib
import json
from pathlib import Path
import shutil
from typing import Any, Final

from .. import limits
from ..text import fit_to_show
from .description import declared, inspected, read_description
from .fenced_folder import make_folder, opened
from .folder import FolderSource
from .reasons import Reason
from .release import Catalog, Release, SourceError
from .versions import version_of_file

# In front of the name that a file had stand so many digits of its SHA-256: no upload takes the files of another.
_DIGITS: Final = 16
# A file system takes 255 bytes, which are 63 characters of the longest kind.
_LONGEST_STEM: Final = 40


class UploadedSource:
    """The folder that one board's upload is kept in, as a firmware folder with one sketch.

    It may hold a password, so that it belongs below `.storage`, where Home Assistant keeps its own.
    """

    server: str | None = None

    def __init__(self, directory: Path) -> None:
        self.key: Hashable = ("uploaded", str(directory))
        self._directory = directory
        self._folder = FolderSource(directory, base=directory.parent, settled_after=0)
        self.image, self.signature = self._folder.image, self._folder.signature

    async def store(self, image: bytes, file: str, *, signature: str | None = None, **description: Any) -> Release:
        """Keep an image in the place of the one before, and return what it is offered as.

        `signature` is the text of a minisign signature; all else is what a description beside the file could say, and
        the version that the sketch states beats it. Raises SourceError and SketchRefused.
        """
        await asyncio.to_thread(self._store, image, file, signature, description)
        (release,) = (await self.catalog()).releases
        return release

    async def remove(self) -> None:
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    async def catalog(self) -> Catalog:
        if not await asyncio.to_thread(self._directory.is_dir):
            return Catalog()
        catalog = await self._folder.catalog()
        named = (replace(release, file=release.file[_DIGITS + 1 :]) for release in catalog.releases)
        return replace(catalog, releases=tuple(named))

    def _store(self, image: bytes, file: str, signature: str | None, description: dict[str, Any]) -> None:
        sha256 = hashlib.sha256(image).hexdigest()
        uploaded = datetime.now(UTC).isoformat(timespec="seconds")
        description = {"version": version_of_file(file), "published": uploaded, "sha256": sha256} | {
            name: value for name, value in description.items() if value is not None
        }
        body = json.dumps(description, ensure_ascii=False).encode()
        signed = (signature or "").encode()
        if len(body) > limits.DESCRIPTION or len(signed) > limits.SIGNATURE:
            size, limit = str(len(body) + len(signed)), str(limits.DESCRIPTION)
            raise SourceError(Reason.FILE_TOO_LARGE, file=file, size=size, limit=limit)
        inspected(image, declared(read_description(body, file), file=file, identifier=""))
        stem = fit_to_show(file[:-4] if file.lower().endswith(".bin") else file, _LONGEST_STEM).replace("/", "_")
        name = f"{sha256[:_DIGITS]}-{stem}"
        files = {f"{name}.json": body, f"{name}.bin.minisig": signed, f"{name}.bin": image}
        if signature is None:
            del files[f"{name}.bin.minisig"]
        make_folder(self._directory)
        with opened(self._directory, self._directory.parent) as folder:
            # The image last: until it is there, the upload before is the one that counts, and is complete.
            for each, content in files.items():
                folder.write(each, content)
            folder.keep(files)
