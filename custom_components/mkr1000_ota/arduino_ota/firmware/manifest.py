"""Sketches that a manifest on a web server offers.

A manifest is a JSON object of one release, or of several:

    {"name": "Garden", "board": "mkr1000", "password": "…", "releases": [{"version": "1.2.3", "path": "garden.bin"}, …]}

A release has a `path`, the address of its image, absolute or relative to the manifest. All else is optional: `version`
(else that in the name of the image), `name` or `title`, `board` (the id or the name of a model, or an FQBN), `password`
(that the sketch will want), `notes` (Markdown), `url` (of a page about it), `size`, `sha256`, `published` (ISO 8601) and
`signature` (the address of the .minisig file, else that of the image with .minisig added). Of several releases, `name`,
`board` and `password` can stand once, beside `releases`. No other key is taken.
"""

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Any, Final, override

import aiohttp
from yarl import URL

from .. import limits
from ..hardware import model_named
from . import schema
from .description import FIELDS, Description, declared
from .destination import host
from .fetcher import Fetcher, credentials_of, http_url, is_downgrade, joined
from .reasons import Reason
from .release import Catalog, Finding, Release, SourceError
from .server import ServerSource

_RELEASE: Final = FIELDS | {"path": schema.address, "signature": schema.address}
_SEVERAL: Final = {name: FIELDS[name] for name in ("name", "board", "password")} | {"releases": schema.items}


class ManifestSource(ServerSource):
    """A manifest at an http or https address. The address may carry user:password@."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Raises SourceError if the address is none."""
        address = http_url(url)
        self.key: Hashable = ("manifest", str(address))
        self.server: str | None = host(address)
        self._url = address.with_user(None).with_fragment(None)
        super().__init__(Fetcher(session, address, credentials_of(address)))

    async def catalog(self) -> Catalog:
        return await self._read(self._url, limits.MANIFEST, read_manifest)

    @override
    async def signature(self, release: Release) -> str | None:
        """Fetch what the manifest names, else what minisign calls it."""
        address = release.signature or str(signature_beside(URL(release.identifier, encoded=True)))
        try:
            return await super().signature(replace(release, signature=address))
        except SourceError as error:
            # Object stores deny access to what is not there.
            if error.reason in (Reason.NOT_FOUND, Reason.ACCESS_DENIED) and not release.signature:
                return None
            raise


def read_manifest(body: bytes, url: URL) -> Catalog:
    """Return what a manifest offers; `url` is where it came from. Raises SourceError."""
    try:
        document = schema.read_json(body)
        if not isinstance(document, dict) or "releases" not in document:
            return Catalog.of([_release(schema.read(document, _RELEASE), url, host(url))])
        manifest = schema.read(document, _SEVERAL)
    except schema.Invalid as error:
        raise SourceError(Reason.BAD_MANIFEST, host=host(url), path=error.path, problem=error.problem) from None
    entries = manifest.pop("releases", [])
    return Catalog.of(_releases(entries, manifest, url))


def signature_beside(image: URL) -> URL:
    """Return where the signature of an image is, if it was put where minisign writes it."""
    return image.with_path(f"{image.raw_path}.minisig", encoded=True, keep_query=True)


def _releases(entries: list[Any], common: Description, url: URL) -> Iterator[Release | Finding]:
    if len(entries) > limits.SKETCHES:
        count, limit = str(len(entries)), str(limits.SKETCHES)
        yield Finding.of(host(url), Reason.TOO_MANY, count=count, limit=limit)
    for number, entry in enumerate(entries[: limits.SKETCHES]):
        where = f"releases[{number}]"
        try:
            yield _release(common | schema.read(entry, _RELEASE, where=where), url, where)
        except schema.Invalid as error:
            yield Finding.of(where, Reason.BAD_SIDECAR, path=error.path, problem=error.problem)


def _release(description: Description, url: URL, where: str) -> Release | Finding:
    path, signature = description.pop("path", None), description.pop("signature", None)
    label = " ".join(filter(None, (description.get("name"), description.get("version")))) or where
    try:
        if not path or (image := joined(url, path)) is None or (signature and joined(url, signature) is None):
            raise SourceError(Reason.NO_IMAGE, file=label)
        if is_downgrade(url, image) and "sha256" not in description:
            raise SourceError(Reason.INSECURE_IMAGE, file=label)
        if (size := description.get("size", 0)) > limits.IMAGE:
            raise SourceError(Reason.FILE_TOO_LARGE, file=label, size=str(size), limit=str(limits.IMAGE))
        signed = signature and str(joined(url, signature))
        return declared(description, file=image.name or host(image), identifier=str(image), signature=signed)
    except SourceError as error:
        model = model_named(description.get("board", ""))
        return Finding.from_error(label, error, model=model.id if model else None)
