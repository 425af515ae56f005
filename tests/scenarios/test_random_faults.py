"""Whatever happens to a flash, what is said of it is what happened. `random_faults` plays more of them on request."""

import pytest

from custom_components.mkr1000_ota.arduino_ota.flash.verdict import Verdict
from tests.scenarios.random_faults import campaign, described

SEED = 1
COUNT = 200


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_what_is_said_of_a_flash_is_what_happened(loopback: None) -> None:
    """No wrong password is stored, nothing is flashed twice, no journal stays open, no sketch is said to run in vain."""
    results = await campaign(SEED, range(COUNT), lambda _: None)
    assert [described(result) for result in results if result.wrong] == []
    verdicts = {result.verdict for result in results}
    assert verdicts >= {Verdict.FLASHED, Verdict.NOT_APPLIED, Verdict.UNCERTAIN, Verdict.LOCKED}
    behind_a_200 = [result for result in results if result.case.kind == "power_lost_behind_200"]
    documented = [result for result in results if result.documented]
    assert 0 < len(documented) < len(behind_a_200), "one password and one library"
