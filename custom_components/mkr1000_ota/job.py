"""A sketch that is to be installed on a board."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from .archive import ImageLost
from .arduino_ota.errors import SketchRefused
from .arduino_ota.firmware.minisign import PublicKey, SignatureRefused
from .arduino_ota.firmware.release import Release, SourceError
from .arduino_ota.firmware.versions import VERSION, version_of_file
from .arduino_ota.sketch.sketch import Sketch
from .const import CONF_PUBLIC_KEY
from .coordinator import BoardCoordinator
from .files import Fetched
from .problems import mistake, problem, refusal, signature_refusal, source_problem
from .store import Awaited, PastFlash


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A sketch to install; `file` is what it is called when something is wrong with it.

    `password` is what the sketch will want afterwards, as far as somebody says so. `waits_until`, in seconds since the
    epoch, is set if it was waiting for its board already when the entry was stopped.
    """

    version: str
    file: str
    load: Callable[[], Awaitable[Sketch]]
    signature: Callable[[], Awaitable[str | None]]
    password: str | None = field(default=None, repr=False)
    waits_until: float | None = None

    async def judge(self, board: BoardCoordinator) -> Judged:
        """Fetch the sketch and hold it against everything that is known and wanted.

        Raises a translated HomeAssistantError with the reason when it must not be flashed.
        """
        try:
            sketch = await self.load()
            signature = await self.signature()
        except SourceError as err:
            raise source_problem(err) from err
        except SketchRefused as err:
            raise refusal(err, self.file) from err
        except ImageLost as err:
            raise problem("image_lost", board=board.name, version=self.version) from err
        if pinned := board.config_entry.options.get(CONF_PUBLIC_KEY):
            if signature is None:
                raise mistake("signature_missing", file=self.file)
            try:
                await board.hass.async_add_executor_job(PublicKey.parse(pinned).verify, sketch.image, signature)
            except SignatureRefused as err:
                raise signature_refusal(err, self.file) from err
        return Judged(sketch, signature)


@dataclass(frozen=True, slots=True)
class Judged:
    """A sketch that may be flashed, with the text of its signature if it has one."""

    sketch: Sketch
    signature: str | None


async def async_job_for_version(board: BoardCoordinator, version: str) -> Job | None:
    """Return the job of installing a version that can still be had: from the source, else from the archive.

    Raises a translated HomeAssistantError if only the source can know, and that could not be asked since the start.
    """
    confirmed = await board.catalog.async_confirm()
    for release in board.releases if confirmed else ():
        if release.version == version:
            return job_for_release(board, release)
    for flash in board.archived:
        if flash.version == version:
            return job_for_archived(board, flash)
    if not confirmed and (error := board.catalog.failing.error) is not None:
        raise source_problem(error) from error
    return None


def job_for_release(board: BoardCoordinator, release: Release) -> Job:
    """Return the job of installing a release of the board's source."""
    password = release.password
    if password is None:
        password = board.record.next_passwords.get(release.version)
    return Job(
        version=release.version,
        file=release.label,
        load=lambda: board.catalog.sketch(release, board.storage_size),
        signature=lambda: board.catalog.source.signature(release),
        password=password,
    )


def sketch_before(board: BoardCoordinator) -> PastFlash | None:
    """Return the sketch to go back to from the one that was flashed last: the one before that has not failed itself.

    None if it is not in the archive, or if nobody knows what the board ran: it may have been nothing from here.
    """
    failed = board.record.history[0]
    if failed.previous is None:
        return None
    distrusted = {failed.version, *board.record.failed_versions}
    before = (flash for flash in board.archived if flash.sha256 != failed.sha256 and flash.version not in distrusted)
    return next(before, None)


async def async_running_sketch(board: BoardCoordinator) -> Sketch | None:
    """Return the sketch that the board runs, None if that is not known or its image is not at hand."""
    if board.record.installed_version is None or not board.record.history:
        return None
    try:
        return await _archived(board, board.record.history[0].sha256, allow_without_ota=True)()
    except ImageLost, SketchRefused:
        return None


def job_for_archived(board: BoardCoordinator, flash: PastFlash) -> Job:
    """Return the job of going back to a sketch that the board ran before, with the password that it took then."""
    return Job(
        version=flash.version,
        file=flash.version,
        load=_archived(board, flash.sha256),
        signature=_known(flash.signature),
        password=flash.password,
    )


def job_for_awaited(board: BoardCoordinator, awaited: Awaited) -> Job:
    """Return the job that was waiting for its board when the entry was stopped."""
    return Job(
        version=awaited.version,
        file=awaited.file,
        load=_archived(board, awaited.sha256, allow_without_ota=awaited.without_ota),
        signature=_known(awaited.signature),
        password=awaited.password,
        waits_until=awaited.until,
    )


async def async_job_for_file(
    board: BoardCoordinator, fetched: Fetched, *, version: str | None, password: str | None, allow_without_ota: bool
) -> Job:
    """Return the job of flashing a sketch that an action names.

    The version that the sketch states beats the given one, which beats the one in its name; without any of them, the
    beginning of its SHA-256 tells it from others. Raises a translated error when it must not be flashed.
    """
    if version is not None and not VERSION.fullmatch(version):
        raise mistake("source_bad_version", version=version)
    try:
        sketch = await board.shared.sketches.inspect(
            fetched.image, board.storage_size, allow_without_ota=allow_without_ota
        )
    except SketchRefused as err:
        raise refusal(err, fetched.name) from err

    async def load() -> Sketch:
        return sketch

    return Job(
        version=sketch.version or version or version_of_file(fetched.name) or sketch.sha256[:8],
        file=fetched.name,
        load=load,
        signature=_known(fetched.signature),
        password=password,
    )


def _archived(
    board: BoardCoordinator, sha256: str, *, allow_without_ota: bool = False
) -> Callable[[], Awaitable[Sketch]]:
    async def load() -> Sketch:
        image = await board.archive.load(sha256)
        return await board.shared.sketches.inspect(image, board.storage_size, allow_without_ota=allow_without_ota)

    return load


def _known(signature: str | None) -> Callable[[], Awaitable[str | None]]:
    async def known() -> str | None:
        return signature

    return known
