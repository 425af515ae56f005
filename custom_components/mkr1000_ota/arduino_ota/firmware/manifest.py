"""Sketches that a manifest on a web server offers."""

import asyncio
from collections.abc import Hashable

import aiohttp
from yarl import URL

from . import schema
from .fetcher import DEFAULT_PATIENCE, Fetcher, Kind, OriginHeaders, Patience, Validators, host, http_url
from .integrity import check_announced
from .manifest_format import read_manifest
from .reasons import Reason
from .release import LARGEST_IMAGE, LARGEST_SIGNATURE, Catalog, Release, SourceError

_LARGEST_MANIFEST = 1024 * 1024


class ManifestSource:
    """A manifest at an http or https address. The address may carry user:password@."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, patience: Patience = DEFAULT_PATIENCE) -> None:
        """Raises SourceError if the address is none."""
        address = http_url(url)
        self.key: Hashable = ("manifest", str(address))
        self.server: str | None = host(address)
        self._url = address.with_user(None).with_fragment(None)
        self._fetcher = Fetcher(session, private=OriginHeaders.of_url(address), patience=patience)
        self._catalog = Catalog()
        self._validators: Validators | None = None

    async def catalog(self) -> Catalog:
        """Ask the server what there is; an unchanged manifest costs it no body. Raises SourceError."""
        answer = await self._fetcher.get(self._url, Kind.JSON, limit=_LARGEST_MANIFEST, known=self._validators)
        if not answer.unchanged:
            # A manifest of the largest size would hold up the event loop noticeably.
            self._catalog = await asyncio.to_thread(_read, answer.body, answer.url)
            self._validators = answer.validators
        return self._catalog

    async def image(self, release: Release) -> bytes:
        """Fetch the image, no more of it than was announced. Raises SourceError."""
        address = URL(release.identifier, encoded=True)
        answer = await self._fetcher.get(address, Kind.IMAGE, limit=release.size or LARGEST_IMAGE)
        check_announced(answer.body, release)
        return answer.body

    async def signature(self, release: Release) -> str | None:
        """Fetch the signature: what the manifest names, else what minisign calls it. Raises SourceError."""
        image = URL(release.identifier, encoded=True)
        address = URL(release.signature, encoded=True) if release.signature else signature_beside(image)
        try:
            answer = await self._fetcher.get(address, Kind.TEXT, limit=LARGEST_SIGNATURE)
        except SourceError as error:
            # Object stores deny access to what is not there.
            if error.reason in (Reason.NOT_FOUND, Reason.ACCESS_DENIED) and not release.signature:
                return None
            raise
        return answer.body.decode(errors="replace")


def _read(body: bytes, url: URL) -> Catalog:
    try:
        return read_manifest(schema.read_json(body), url)
    except schema.Invalid as error:
        raise SourceError(Reason.BAD_MANIFEST, host=host(url), path=error.path, problem=error.problem) from None
    except ValueError:
        raise SourceError(Reason.NOT_JSON, host=host(url)) from None


def signature_beside(image: URL) -> URL:
    """Return where the signature of an image is, if it was put where minisign writes it."""
    return image.with_path(f"{image.raw_path}.minisig", encoded=True, keep_query=True)
