"""What went wrong with a board, in words that a person can act on."""

from homeassistant.const import CONF_PASSWORD
from homeassistant.exceptions import ConfigEntryError, HomeAssistantError, ServiceValidationError

from .arduino_ota import errors
from .arduino_ota.firmware.minisign import SignatureRefused
from .arduino_ota.firmware.release import SourceError
from .arduino_ota.flash.pending import Pending
from .arduino_ota.flash.verdict import Outcome
from .arduino_ota.sketch import Caution
from .const import DOMAIN

_KEYS: dict[type[Exception], str] = {
    errors.BoardError: "unexpected",
    errors.BoardUnreachable: "board_unreachable",
    errors.BoardSilent: "board_silent",
    errors.PollsTooRarely: "polls_too_rarely",
    errors.NotABoard: "not_a_board",
    errors.AnotherBoard: "another_board",
    errors.WrongPassword: "wrong_password",
    errors.StorageFailed: "storage_failed",
    errors.SketchTooLarge: "storage_too_small",
    errors.UploadCut: "upload_cut",
    errors.UploadStalled: "upload_stalled",
    errors.UploadRejected: "upload_rejected",
    errors.AnswerLost: "answer_lost",
}

# What a sketch is warned of whose next update may fail.
_RISKY = {Caution.LITTLE_RAM, Caution.WATCHDOG}


class FormError(Exception):
    """What a person entered cannot be taken; `key` is the error that says why, `field` where it is shown if that is known."""

    def __init__(self, key: str, field: str | None = None, **placeholders: str) -> None:
        super().__init__(key)
        self.key = key
        self.field = field
        self.placeholders = placeholders


def flow_error(err: errors.BoardError) -> str:
    """Return the key of a flow's error, or of the reason why it ends."""
    return next(_KEYS[kind] for kind in type(err).__mro__ if kind in _KEYS)


def flow_errors(err: errors.BoardError | FormError, field: str = "base") -> dict[str, str]:
    """Return the errors of a form, shown at a field of it unless the error belongs to another one."""
    match err:
        case FormError():
            return {err.field or field: err.key}
        case errors.WrongPassword():
            return {CONF_PASSWORD: flow_error(err)}
        case _:
            return {field: flow_error(err)}


def board_error(err: errors.BoardError, board: str, host: str) -> HomeAssistantError:
    """Return the translated error for a board of that name at that address."""
    key, placeholders = flow_error(err), {"board": board, "host": host}
    match err:
        case errors.PollsTooRarely():
            placeholders |= {"seconds": f"{err.seconds:.0f}"}
        case errors.UploadCut():
            key = "upload_cut_same_time" if err.same_time else key
            placeholders |= {"taken": str(err.taken), "size": str(err.size)}
        case errors.UploadStalled():
            placeholders |= {"taken": str(err.taken), "size": str(err.size), "seconds": f"{err.seconds:g}"}
        case errors.UploadRejected():
            placeholders |= {"status": str(err.status)}
    return translated_error(key, **placeholders)


def not_applied_error(outcome: Outcome, board: str, host: str) -> HomeAssistantError:
    """Return the translated error for a flash that was not applied, which says of the board what it has shown since."""
    facts = {"board": board, "version": outcome.pending.version}
    if outcome.accepted is None:
        return translated_error("verdict_password_unknown", **facts)
    if outcome.accepted != outcome.pending.old_password:
        return translated_error("verdict_foreign", **facts)
    return (
        board_error(outcome.error, board, host) if outcome.error else translated_error("verdict_not_applied", **facts)
    )


def uncertain_error(pending: Pending, board: str) -> HomeAssistantError:
    """Return the translated error for a board that may run a sketch: whether it can be flashed again is that sketch's."""
    is_risky = not _RISKY.isdisjoint(pending.warnings)
    key = "verdict_uncertain_risky" if is_risky else "verdict_uncertain"
    return translated_error(key, board=board, version=pending.version)


def sketch_error(err: errors.SketchRefused | SignatureRefused, file: str) -> ServiceValidationError:
    """Return the translated error for a sketch that must not be flashed, for itself or for its signature."""
    kind = "signature" if isinstance(err, SignatureRefused) else "sketch"
    return validation_error(f"{kind}_{err.reason}", **{**err.placeholders, "file": file})


def source_error(err: SourceError) -> HomeAssistantError:
    """Return the translated error for a source that does not deliver."""
    return translated_error(f"source_{err.reason}", **err.placeholders)


def translated_error(key: str, **placeholders: str) -> HomeAssistantError:
    """Return a translated error."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)


def setup_error(key: str, **placeholders: str) -> ConfigEntryError:
    """Return a translated error for a board that cannot be set up."""
    return ConfigEntryError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)


def validation_error(key: str, **placeholders: str) -> ServiceValidationError:
    """Return a translated error for something that was asked for and cannot be done."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)
