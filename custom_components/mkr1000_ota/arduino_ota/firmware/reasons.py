"""Why a source, or one file of it, offers nothing: stable codes, each with its English sentence."""

from enum import StrEnum


class Reason(StrEnum):
    """Code of a refusal; also its translation key. The fields of its sentence are its placeholders."""

    # The source as a whole
    FOLDER_UNREADABLE = "folder_unreadable"
    FOLDER_UNWRITABLE = "folder_unwritable"
    BAD_URL = "bad_url"
    BAD_REPOSITORY = "bad_repository"
    UNREACHABLE = "unreachable"
    BAD_CERTIFICATE = "bad_certificate"
    TIMED_OUT = "timed_out"
    NOT_HTTP = "not_http"
    ANSWER_CUT = "answer_cut"
    ANSWER_TOO_LARGE = "answer_too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REDIRECT_REFUSED = "redirect_refused"
    HTTP_STATUS = "http_status"
    NOT_FOUND = "not_found"
    ACCESS_DENIED = "access_denied"
    RATE_LIMITED = "rate_limited"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    NOT_JSON = "not_json"
    BAD_MANIFEST = "bad_manifest"
    BAD_ANSWER = "bad_answer"

    # One file or one release
    FILE_GONE = "file_gone"
    FILE_UNREADABLE = "file_unreadable"
    FILE_TOO_LARGE = "file_too_large"
    LINK_OUTSIDE = "link_outside"
    NO_MATCHING_ASSET = "no_matching_asset"
    TOO_MANY_FILES = "too_many_files"
    BAD_SIDECAR = "bad_sidecar"
    NO_IMAGE = "no_image"
    INSECURE_IMAGE = "insecure_image"
    BAD_VERSION = "bad_version"
    NO_VERSION = "no_version"
    DUPLICATE_VERSION = "duplicate_version"
    DECLARED_FOR_OTHER_BOARD = "declared_for_other_board"
    SIZE_MISMATCH = "size_mismatch"
    SHA256_MISMATCH = "sha256_mismatch"
    MD5_MISMATCH = "md5_mismatch"

    # A signature
    BAD_PUBLIC_KEY = "bad_public_key"
    BAD_SIGNATURE_FILE = "bad_signature_file"
    LEGACY_SIGNATURE = "legacy_signature"
    OTHER_KEY = "other_key"
    WRONG_SIGNATURE = "wrong_signature"
    WRONG_TRUSTED_COMMENT = "wrong_trusted_comment"


# What may be over by itself: a server that is down, busy, or behind a network that is.
PASSING = frozenset({Reason.UNREACHABLE, Reason.TIMED_OUT, Reason.ANSWER_CUT, Reason.HTTP_STATUS, Reason.RATE_LIMITED})

SENTENCES = {
    Reason.FOLDER_UNREADABLE: "The firmware folder {folder} cannot be read: {error}",
    Reason.FOLDER_UNWRITABLE: "The folder {folder} cannot be written to: {error}",
    Reason.BAD_URL: "This is not an http or https address of a host",
    Reason.BAD_REPOSITORY: "{repository} is not a repository of the form owner/name",
    Reason.UNREACHABLE: "{host} cannot be reached: {error}",
    Reason.BAD_CERTIFICATE: "The certificate of {host} cannot be trusted: {error}",
    Reason.TIMED_OUT: "{host} did not answer within {seconds} seconds",
    Reason.NOT_HTTP: "{host} answered with something that is not HTTP",
    Reason.ANSWER_CUT: "{host} ended the connection in the middle of its answer",
    Reason.ANSWER_TOO_LARGE: "{host} sent more than the {limit} bytes that are allowed here",
    Reason.TOO_MANY_REDIRECTS: "{host} redirected more than {limit} times",
    Reason.REDIRECT_REFUSED: "{host} redirected to an address that is not followed: only https may follow https",
    Reason.HTTP_STATUS: "{host} answered with the error {status}",
    Reason.NOT_FOUND: "{host} has nothing at this address (status {status})",
    Reason.ACCESS_DENIED: "{host} denied access (status {status})",
    Reason.RATE_LIMITED: "{host} wants no further requests before {until}",
    Reason.WRONG_CONTENT_TYPE: "{host} sent {content_type} instead of {expected}",
    Reason.NOT_JSON: "{host} sent something that is not JSON",
    Reason.BAD_MANIFEST: "The manifest of {host} is not valid at {path}: {problem}",
    Reason.BAD_ANSWER: "The answer of {host} is not what was expected at {path}: {problem}",
    Reason.FILE_GONE: "{file} is no longer there, or has changed since it was offered",
    Reason.FILE_UNREADABLE: "{file} cannot be read: {error}",
    Reason.FILE_TOO_LARGE: "{file} has {size} bytes, more than the {limit} that are allowed",
    Reason.LINK_OUTSIDE: "{file} is a link that leads out of its folder",
    Reason.NO_MATCHING_ASSET: "No release of {file} has an asset whose name matches {pattern}",
    Reason.TOO_MANY_FILES: "{file} holds more than {limit} sketches; the rest is not looked at",
    Reason.BAD_SIDECAR: "{file} is not valid at {path}: {problem}",
    Reason.NO_IMAGE: "{file} names no file, or several files, as its sketch",
    Reason.INSECURE_IMAGE: "{file} would be fetched without TLS, and no sha256 protects it",
    Reason.BAD_VERSION: "{version} cannot be a version: only letters, digits and . + _ - are allowed",
    Reason.NO_VERSION: "{file} has no version: neither its content, nor a description, nor its name gives one",
    Reason.DUPLICATE_VERSION: "{file} and {other} are both version {version}",
    Reason.DECLARED_FOR_OTHER_BOARD: "{file} is declared to be for the board {board}",
    Reason.SIZE_MISMATCH: "{file} has {actual} bytes, but {expected} are announced",
    Reason.SHA256_MISMATCH: "{file} is not the announced file: its SHA-256 is {actual}, announced is {expected}",
    Reason.MD5_MISMATCH: "{file} is not the announced file: its MD5 is {actual}, announced is {expected}",
    Reason.BAD_PUBLIC_KEY: "This is not a minisign public key",
    Reason.BAD_SIGNATURE_FILE: "This is not a minisign signature",
    Reason.LEGACY_SIGNATURE: "The signature has the old format of minisign -l; sign the file again without it",
    Reason.OTHER_KEY: "The signature was made with the key {actual}, not with the trusted key {expected}",
    Reason.WRONG_SIGNATURE: "The signature does not belong to this file",
    Reason.WRONG_TRUSTED_COMMENT: "The trusted comment of the signature was changed",
}


def sentence(reason: Reason, placeholders: dict[str, str]) -> str:
    """What a person reads in logs, in English."""
    return SENTENCES[reason].format_map(placeholders)
