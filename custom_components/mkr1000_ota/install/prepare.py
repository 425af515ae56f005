"""A build that is to be installed: from its source, the archive, a file or a wait, to an order that may be flashed."""

from collections.abc import Awaitable, Callable

from ..arduino_ota.errors import SketchRefused
from ..arduino_ota.firmware.minisign import PublicKey, SignatureRefused
from ..arduino_ota.firmware.offers import Build, Place
from ..arduino_ota.firmware.release import SourceError
from ..arduino_ota.firmware.versions import VERSION, version_of_file
from ..arduino_ota.flash.flasher import Order
from ..arduino_ota.sketch.sketch import Sketch
from ..const import CONF_PUBLIC_KEY, CONF_STORAGE
from ..coordinator import BoardCoordinator
from ..data import InstallRequest
from ..errors import signature_error, sketch_error, source_error, translated_error, validation_error
from ..sources.sketches import async_inspect
from ..storage.images import ImageLost
from ..storage.records import PastFlash, WaitingOrder
from .action_file import Fetched

type Load = Callable[[], Awaitable[tuple[Sketch, str | None]]]


async def async_request_for_version(board: BoardCoordinator, version: str) -> InstallRequest | None:
    """Return the request for a build that can still be had, by its label: from a source, else from the archive.

    Raises a translated HomeAssistantError if only the source can know, and that has not responded since the start.
    """
    confirmed = await board.sources.chosen.async_confirm()
    if confirmed and board.offers.needs_download is not None:
        await board.sources.chosen.async_look_into(board.offers.needs_download)
    for build in board.offers.builds:
        is_there = build.place is Place.UPLOAD or (
            confirmed and build.place is Place.SOURCE and build.release.identifier
        )
        if build.label == version and is_there:
            return request_for_build(board, build)
    for flash in board.archived:
        if flash.version == version:
            return request_for_archived(board, flash)
    if not confirmed and (error := board.sources.chosen.issues.error) is not None:
        raise source_error(error) from error
    return None


def request_for_build(board: BoardCoordinator, build: Build) -> InstallRequest:
    """Return the request for a build of one of the board's sources."""
    catalog, release = board.sources.catalog_of(build), build.release

    async def load() -> tuple[Sketch, str | None]:
        sketch = await catalog.sketch(release, board.storage_size)
        return sketch, await catalog.source.signature(release)

    return _request(board, build.label, release.label, load, release.password)


def request_for_archived(board: BoardCoordinator, flash: PastFlash) -> InstallRequest:
    """Return the request for a sketch that the board ran before, with the password that it accepted then."""

    async def load() -> tuple[Sketch, str | None]:
        return await _archived(board, flash.sha256, ()), flash.signature

    return _request(board, flash.version, flash.version, load, flash.password)


def request_for_order(board: BoardCoordinator, order: WaitingOrder) -> InstallRequest:
    """Return the request that was waiting for its board when the entry was stopped."""

    async def load() -> tuple[Sketch, str | None]:
        return await _archived(board, order.sha256, order.allow), order.signature

    return _request(board, order.version, order.file, load, order.password, order.allow, until=order.until)


async def async_request_for_file(
    board: BoardCoordinator, fetched: Fetched, *, version: str | None, password: str | None, allow: tuple[str, ...]
) -> InstallRequest:
    """Return the request for a sketch that an action names.

    The version that the sketch states beats the given one, which beats the one in its name; without any of them, the
    beginning of its SHA-256 tells it from others. Raises a translated error when it must not be flashed.
    """
    if version is not None and not VERSION.fullmatch(version):
        raise validation_error("source_bad_version", version=version)
    try:
        sketch = await async_inspect(board.hass, fetched.image, board.storage_size, allow)
    except SketchRefused as err:
        raise sketch_error(err, fetched.name) from err

    async def load() -> tuple[Sketch, str | None]:
        return sketch, fetched.signature

    shown = sketch.version or version or version_of_file(fetched.name) or sketch.sha256[:8]
    return _request(board, shown, fetched.name, load, password, allow)


def _request(
    board: BoardCoordinator,
    version: str,
    file: str,
    load: Load,
    password: str | None,
    allow: tuple[str, ...] = (),
    until: float | None = None,
) -> InstallRequest:
    async def prepare() -> Order:
        try:
            sketch, signature = await load()
        except SourceError as err:
            raise source_error(err) from err
        except SketchRefused as err:
            raise sketch_error(err, file) from err
        except ImageLost as err:
            raise translated_error("image_lost", board=board.name, version=version) from err
        await _verify(board, file, sketch, signature)
        return Order(
            sketch=sketch,
            version=version,
            previous_version=board.record.version,
            password=password,
            signature=signature,
            running=await _running_sketch(board),
            storage=board.config_entry.options[CONF_STORAGE],
        )

    return InstallRequest(version=version, file=file, prepare=prepare, allow=allow, until=until)


async def _verify(board: BoardCoordinator, file: str, sketch: Sketch, signature: str | None) -> None:
    if not (trusted := board.config_entry.options.get(CONF_PUBLIC_KEY)):
        return
    if signature is None:
        raise validation_error("signature_missing", file=file)
    try:
        await board.hass.async_add_executor_job(PublicKey.parse(trusted).verify, sketch.image, signature)
    except SignatureRefused as err:
        raise signature_error(err, file) from err


async def _running_sketch(board: BoardCoordinator) -> Sketch | None:
    """Return the sketch that the board runs, None where its image is not at hand."""
    if (running := board.record.running) is None:
        return None
    try:
        return await _archived(board, running.sha256, ("no_ota",))
    except ImageLost, SketchRefused:
        return None


async def _archived(board: BoardCoordinator, sha256: str, allow: tuple[str, ...]) -> Sketch:
    image = await board.images.load(sha256)
    return await async_inspect(board.hass, image, board.storage_size, allow)
