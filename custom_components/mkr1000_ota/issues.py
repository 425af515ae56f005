"""Telling a person once about sketches that are not offered, and why."""

from collections.abc import Iterable
import hashlib
from pathlib import Path

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .arduino_ota.firmware.release import Finding, FirmwareSource
from .const import DOMAIN, LOGGER

_PREFIX = "finding"


@callback
def async_report_findings(hass: HomeAssistant, source: FirmwareSource, findings: Iterable[Finding]) -> None:
    """Show what is wrong in a source as repair issues, and take back those that are not true any more."""
    prefix = f"{_PREFIX}_{source_id(source)}"
    issues = ir.async_get(hass)
    wanted = {f"{prefix}_{_digest(finding.file + finding.reason)}": finding for finding in findings}
    for domain, issue_id in list(issues.issues):
        if domain == DOMAIN and issue_id.startswith(prefix) and issue_id not in wanted:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, finding in wanted.items():
        if issues.async_get_issue(DOMAIN, issue_id) is None:
            LOGGER.warning("%s is not offered: %s", finding.file, finding.message)
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=f"finding_{finding.reason}",
            translation_placeholders={**finding.placeholders, "file": finding.file},
        )


@callback
def async_report_folder(hass: HomeAssistant, folder: Path) -> None:
    """Tell that a firmware folder cannot be used."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _folder_issue(folder),
        data={"folder": str(folder)},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="folder_unusable",
        translation_placeholders={"folder": str(folder)},
    )


@callback
def async_forgive_folder(hass: HomeAssistant, folder: Path) -> None:
    """Take that back."""
    ir.async_delete_issue(hass, DOMAIN, _folder_issue(folder))


def source_id(source: FirmwareSource) -> str:
    """Return what may be stored and shown in logs instead of the key of a source, which may hold a token."""
    return _digest(repr(source.key))


def _folder_issue(folder: Path) -> str:
    return f"folder_unusable_{_digest(str(folder))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
