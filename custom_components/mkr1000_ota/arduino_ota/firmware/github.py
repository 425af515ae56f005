"""Sketches that are attached to the releases of a GitHub repository.

The API is documented at https://docs.github.com/en/rest/releases and, for its rate limits, at
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

import asyncio
from collections.abc import Hashable
from dataclasses import replace
import re

import aiohttp

from . import schema
from .checksums import find_sha256
from .fetcher import DEFAULT_PATIENCE, Answer, Fetcher, Kind, OriginHeaders, Patience, Validators, host, http_url
from .github_releases import Offer, Selection, read_page
from .integrity import check_announced
from .reasons import Reason
from .release import LARGEST_IMAGE, LARGEST_SIGNATURE, Catalog, Finding, Release, SourceError

API = "https://api.github.com"

_API_VERSION = "2022-11-28"
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}", re.ASCII)
# A page counts as one request, of which GitHub allows 60 an hour without a token.
_RELEASES_A_PAGE = 30
_MOST_PAGES = 3
_LARGEST_PAGE = 4 * 1024 * 1024
_LARGEST_CHECKSUMS = 64 * 1024


class GitHubSource:
    """The releases of `owner/name`, with the file of each that matches a pattern."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        repository: str,
        asset: str = "*.bin",
        *,
        prereleases: bool = False,
        token: str | None = None,
        base_url: str = API,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        """Raises SourceError if the repository or the address of the API cannot be one.

        The token goes to the API and nowhere else, not even where the API redirects to.
        """
        if not _REPOSITORY.fullmatch(repository):
            raise SourceError(Reason.BAD_REPOSITORY, repository=repository)
        api = http_url(base_url).with_user(None)
        self.key: Hashable = ("github", str(api), repository.casefold(), asset, prereleases, token)
        self.server: str | None = repository
        self._repository = repository
        self._releases = api.joinpath("repos", *repository.split("/"), "releases")
        self._selection = Selection(asset, prereleases)
        headers = {"X-GitHub-Api-Version": _API_VERSION}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._fetcher = Fetcher(session, private=OriginHeaders(api.origin(), headers), patience=patience)
        self._catalog = Catalog()
        self._checksums: dict[str, int] = {}
        self._validators: Validators | None = None

    async def catalog(self) -> Catalog:
        """List the releases, newest 90 at most; an unchanged first page costs no more. Raises SourceError."""
        first = await self._page(1, self._validators)
        if first.unchanged:
            return self._catalog
        found, answer, page = await self._read(first), first, 1
        while 'rel="next"' in answer.headers.get("Link", "") and page < _MOST_PAGES:
            page += 1
            answer = await self._page(page)
            found += await self._read(answer)
        findings = [each for each in found if isinstance(each, Finding)]
        offers = [each for each in found if isinstance(each, Offer)]
        if not found:
            findings.append(Finding.of(self._repository, Reason.NO_MATCHING_ASSET, pattern=self._selection.asset))
        self._checksums = {offer.release.identifier: offer.checksums for offer in offers if offer.checksums is not None}
        self._catalog = Catalog.of((offer.release for offer in offers), findings)
        self._validators = first.validators
        return self._catalog

    async def image(self, release: Release) -> bytes:
        """Download the file, and check it against the sum that is published with it. Raises SourceError."""
        checksums = self._checksums.get(release.identifier)
        if release.sha256 is None and checksums is not None:
            listed = await self._asset(str(checksums), Kind.TEXT, _LARGEST_CHECKSUMS)
            release = replace(release, sha256=find_sha256(listed.body.decode(errors="replace"), release.file))
        answer = await self._asset(release.identifier, Kind.IMAGE, release.size or LARGEST_IMAGE)
        check_announced(answer.body, release)
        return answer.body

    async def signature(self, release: Release) -> str | None:
        """Download the file of the same name with .minisig added. Raises SourceError."""
        if release.signature is None:
            return None
        answer = await self._asset(release.signature, Kind.TEXT, LARGEST_SIGNATURE)
        return answer.body.decode(errors="replace")

    async def _page(self, number: int, known: Validators | None = None) -> Answer:
        address = self._releases.with_query(per_page=_RELEASES_A_PAGE, page=number)
        return await self._fetcher.get(address, Kind.JSON, limit=_LARGEST_PAGE, known=known)

    async def _asset(self, identifier: str, kind: Kind, limit: int) -> Answer:
        return await self._fetcher.get(self._releases / "assets" / identifier, kind, limit=limit)

    async def _read(self, answer: Answer) -> list[Offer | Finding]:
        try:
            return await asyncio.to_thread(read_page, answer.body, self._selection)
        except schema.Invalid as error:
            raise SourceError(
                Reason.BAD_ANSWER, host=host(answer.url), path=error.path, problem=error.problem
            ) from None
        except ValueError:
            raise SourceError(Reason.NOT_JSON, host=host(answer.url)) from None
