"""Telling a person once about sketches that are not offered, and why."""

from collections.abc import Iterable
import hashlib

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN, LOGGER
from .firmware.release import Finding, FirmwareSource

_PREFIX = "finding"


@callback
def async_report_findings(hass: HomeAssistant, source: FirmwareSource, findings: Iterable[Finding]) -> None:
    """Show what is wrong in a source as repair issues, and take back those that are not true any more."""
    prefix = f"{_PREFIX}_{_digest(repr(source.key))}"
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


def _digest(text: str) -> str:
    # A repair issue's id is stored and shown in logs; a source's key may hold a token.
    return hashlib.sha256(text.encode()).hexdigest()[:12]
