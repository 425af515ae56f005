"""Why a source, one file of it or a signature is refused: stable codes, each with its English sentence."""

from enum import StrEnum
from typing import Final, Self

from .. import limits
from ..text import fit_to_show


class Reason(StrEnum):
    """Code of a refusal; also its translation key. The fields of its sentence are its placeholders."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    # The source as a whole
    FOLDER_UNREADABLE = "folder_unreadable", "Cannot read the folder {folder}: {error}"
    FOLDER_UNWRITABLE = "folder_unwritable", "Cannot write to the folder {folder}: {error}"
    FOLDER_SILENT = "folder_silent", "The folder {folder} does not respond"
    BAD_URL = "bad_url", "Invalid URL; enter the full URL, starting with http:// or https://"
    BAD_REPOSITORY = "bad_repository", "{repository} is not a GitHub repository in the format owner/name"
    NO_REPOSITORY = "no_repository", "GitHub shows no repository {repository}: it does not exist or needs a token"
    UNREACHABLE = "unreachable", "Cannot connect to {host}: {error}"
    BAD_CERTIFICATE = "bad_certificate", "The certificate of {host} is not trusted: {error}"
    TIMED_OUT = "timed_out", "{host} did not respond in time"
    NOT_HTTP = "not_http", "{host} did not send a valid HTTP response"
    ANSWER_CUT = "answer_cut", "{host} closed the connection before the transfer was complete"
    ANSWER_TOO_LARGE = "answer_too_large", "The response from {host} is larger than {limit} bytes"
    TOO_MANY_REDIRECTS = "too_many_redirects", "{host} redirected more than {limit} times"
    REDIRECT_REFUSED = "redirect_refused", "{host} redirected to a URL that is not followed"
    LOCAL_ADDRESS = "local_address", "{host} is this system itself, where only a URL entered by a person may lead"
    HTTP_STATUS = "http_status", "{host} returned error {status}"
    NOT_FOUND = "not_found", "{host} does not have this file (error {status})"
    ACCESS_DENIED = "access_denied", "{host} denied access (error {status})"
    RATE_LIMITED = "rate_limited", "{host} does not accept more requests until {until}"
    WRONG_CONTENT_TYPE = "wrong_content_type", "{host} sent a web page instead of the file"
    BAD_MANIFEST = "bad_manifest", "The manifest on {host} is invalid ({path}: {problem})"
    BAD_ANSWER = "bad_answer", "Unexpected response from {host} ({path}: {problem})"

    # One file or one release
    FILE_GONE = "file_gone", "{file} no longer exists or has changed since it was offered"
    FILE_UNREADABLE = "file_unreadable", "Cannot read {file}: {error}"
    FILE_TOO_LARGE = "file_too_large", "{file} is too large ({size} bytes; the limit is {limit})"
    LINK = "link", "{file} is a link, and links are not followed"
    MISPLACED = "misplaced", "{file} is in the wrong folder: only sketches directly in {folder} are offered"
    NOT_A_BIN = "not_a_bin", "{file} is not a .bin file"
    NO_SKETCH = "no_sketch", "{file} belongs to no sketch: there is no {image}"
    NO_RELEASES = "no_releases", "{file} has no published releases"
    ONLY_PRERELEASES = "only_prereleases", "All {count} releases of {file} are pre-releases"
    NO_MATCHING_ASSET = "no_matching_asset", "No release of {file} contains a file that matches {pattern}"
    TOO_MANY = "too_many", "{file} contains {count} entries, of which only {limit} are used"
    MORE_FINDINGS = "more_findings", "{count} more files cannot be offered"
    BAD_SIDECAR = "bad_sidecar", "{file} is invalid ({path}: {problem})"
    NO_IMAGE = "no_image", "The manifest has no valid path to {file}"
    INSECURE_IMAGE = "insecure_image", "{file} would be downloaded over an unencrypted connection without a checksum"
    UNSUPPORTED_BOARD = "unsupported_board", "{file} is marked as a sketch for {board}, which is not supported"
    DECLARED_FOR_OTHER_BOARD = (
        "declared_for_other_board",
        "{file} is marked as a sketch for {board}, but is for {model}",
    )
    SIZE_MISMATCH = "size_mismatch", "{file} is {actual} bytes, but {expected} bytes were expected"
    SHA256_MISMATCH = "sha256_mismatch", "The SHA-256 checksum of {file} is {actual}, but {expected} was expected"

    # A signature
    BAD_PUBLIC_KEY = "bad_public_key", "This is not a minisign public key"
    WEAK_PUBLIC_KEY = "weak_public_key", "This key protects nothing: everybody can sign for it"
    BAD_SIGNATURE_FILE = "bad_signature_file", "This is not a minisign signature"
    LEGACY_SIGNATURE = "legacy_signature", "The signature has the legacy format; sign the file again without -l"
    OTHER_KEY = "other_key", "The signature was made with the key {actual}, not with the trusted key {expected}"
    WRONG_SIGNATURE = "wrong_signature", "The signature does not match this file"
    WRONG_TRUSTED_COMMENT = "wrong_trusted_comment", "The trusted comment of the signature was modified"
    OTHER_VERSION = "other_version", "The signed sketch is version {actual}, not {expected}"
    OTHER_NAME = "other_name", "The signed sketch is for the board {actual}, not for {expected}"


# What may be over by itself: a server that is down, busy, or behind a network that is; a network drive.
PASSING: Final = frozenset(
    {
        Reason.FOLDER_SILENT,
        Reason.UNREACHABLE,
        Reason.TIMED_OUT,
        Reason.ANSWER_CUT,
        Reason.HTTP_STATUS,
        Reason.RATE_LIMITED,
    }
)


class ReasonedError(Exception):
    """Something was refused for a reason; what fills in its sentence is fit to be shown."""

    def __init__(self, reason: Reason, **placeholders: str) -> None:
        self.reason = reason
        self.placeholders = {name: fit_to_show(value, limits.LINE) for name, value in placeholders.items()}
        super().__init__(reason.sentence.format_map(self.placeholders))
