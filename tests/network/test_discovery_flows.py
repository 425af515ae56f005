"""Boards that were heard become discovery flows, one for each address."""

from collections.abc import Iterator

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_ZEROCONF,
)
from homeassistant.const import CONF_HOST, EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.discovery_flow import DiscoveryKey
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.const import DOMAIN
from custom_components.mkr1000_ota.network import adapters, discovery_flows
from custom_components.mkr1000_ota.network.adapters import Reach
from custom_components.mkr1000_ota.network.discovery_flows import MAX_CARDS, DiscoveryFlows
from custom_components.mkr1000_ota.network.mdns import MdnsQuerier, async_get_querier
from tests.support.discovering import service
from tests.support.offering import TEN, Flow, dismiss_cards, hear, hosts, settle

pytestmark = pytest.mark.usefixtures("any_network")


@pytest.fixture(autouse=True)
def flow(hass: HomeAssistant) -> Iterator[type[Flow]]:
    """Stand in for the config flow of the integration, and note what was started."""
    mock_integration(hass, MockModule(DOMAIN))
    mock_platform(hass, f"{DOMAIN}.config_flow")
    Flow.started, Flow.busy = [], set()
    with mock_config_flow(DOMAIN, Flow):
        yield Flow


@pytest.fixture
def querier(hass: HomeAssistant) -> MdnsQuerier:
    """Return the querier, which hears only what a test lets it hear."""
    return async_get_querier(hass)


@pytest.fixture
def flows(hass: HomeAssistant) -> MockConfigEntry:
    """Offer what is heard beside a board that is set up."""
    (board := MockConfigEntry(domain=DOMAIN, data={CONF_HOST: "10.9.9.9"})).add_to_hass(hass)
    DiscoveryFlows(hass)
    return board


async def set_up_the_first(hass: HomeAssistant, querier: MdnsQuerier) -> MockConfigEntry:
    """Set up a board that was offered, in another way than with its card."""
    hear(querier, TEN[0])
    await settle(hass)
    dismiss_cards(hass)
    entry = MockConfigEntry(domain=DOMAIN, data={CONF_HOST: TEN[0]})
    await hass.config_entries.async_add(entry)
    return entry


@pytest.mark.usefixtures("flows")
async def test_ten_boards_of_one_name_are_ten_cards(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]
) -> None:
    hear(querier, *TEN)
    await settle(hass)

    assert hosts(flow) == TEN
    assert flow.started[0] == {"host": TEN[0], "port": 65280, "name": "Arduino", "board": "mkr1000"}
    cards = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert len(cards) == 10
    assert {card["context"]["source"] for card in cards} == {SOURCE_INTEGRATION_DISCOVERY}
    for address in TEN:
        assert DiscoveryKey(domain=DOMAIN, key=address, version=1) in [
            card["context"]["discovery_key"] for card in cards
        ]


@pytest.mark.usefixtures("flows")
async def test_a_board_is_offered_once(hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]) -> None:
    for _ in range(3):
        hear(querier, *TEN[:2])
        hear(querier, *TEN[:2])
        await settle(hass)
    assert hosts(flow) == TEN[:2]


@pytest.mark.usefixtures("flows")
async def test_a_board_with_an_entry_is_not_offered(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]
) -> None:
    MockConfigEntry(domain=DOMAIN, data={CONF_HOST: TEN[0]}).add_to_hass(hass)
    MockConfigEntry(domain="other", data={CONF_HOST: TEN[1]}).add_to_hass(hass)
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="ignored").add_to_hass(hass)
    hear(querier, *TEN[:2])
    await settle(hass)
    assert hosts(flow) == [TEN[1]]


@pytest.mark.usefixtures("flows")
async def test_other_kinds_of_boards_and_nonsense_are_not_offered(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]
) -> None:
    hear(querier, TEN[0], board="esp32")
    hear(querier, "0.0.0.0", "224.0.0.251", "255.255.255.255")
    await settle(hass)
    assert not flow.started


@pytest.mark.usefixtures("flows")
async def test_a_board_that_home_assistant_discovered_by_itself_is_not_offered_twice(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]
) -> None:
    by_dhcp = DhcpServiceInfo(ip=TEN[1], hostname="winc-00-01", macaddress="f8f005000001")
    for source, info in ((SOURCE_ZEROCONF, service(*TEN)), (SOURCE_DHCP, by_dhcp)):
        await hass.config_entries.flow.async_init(DOMAIN, context={"source": source}, data=info)
    hear(querier, *TEN[:3])
    await settle(hass)
    assert hosts(flow) == [TEN[2]]

    dismiss_cards(hass)
    hear(querier, *TEN[:3])
    await settle(hass)
    assert hosts(flow) == [TEN[2], *TEN[:2]]


@pytest.mark.usefixtures("flows")
async def test_a_board_whose_entry_was_removed_is_offered_again(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]
) -> None:
    entry = await set_up_the_first(hass, querier)
    hear(querier, TEN[0])
    await settle(hass)
    assert hosts(flow) == TEN[:1]

    await hass.config_entries.async_remove(entry.entry_id)
    hear(querier, TEN[0])
    await settle(hass)
    assert hosts(flow) == [TEN[0], TEN[0]]


@pytest.mark.usefixtures("flows")
async def test_a_board_that_is_not_ignored_anymore_is_offered_again(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]
) -> None:
    hear(querier, TEN[0])
    await settle(hass)
    [card] = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    dismiss_cards(hass)
    keys = {DOMAIN: (card["context"]["discovery_key"],)}
    ignored = MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="ignored", discovery_keys=keys)
    ignored.add_to_hass(hass)
    await hass.config_entries.async_remove(ignored.entry_id)
    hear(querier, TEN[0])
    await settle(hass)
    assert hosts(flow) == [TEN[0], TEN[0]]


@pytest.mark.usefixtures("flows")
async def test_an_address_that_an_entry_left_is_offered(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]
) -> None:
    entry = await set_up_the_first(hass, querier)
    hass.config_entries.async_update_entry(entry, data={CONF_HOST: TEN[1]})
    hear(querier, *TEN[:2])
    await settle(hass)
    assert hosts(flow) == [TEN[0], TEN[0]]


@pytest.mark.usefixtures("flows")
async def test_entries_of_others_change_nothing(hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]) -> None:
    flow.busy.add(TEN[0])
    hear(querier, TEN[0])
    await settle(hass)
    mock_integration(hass, MockModule("other"))
    await hass.config_entries.async_add(MockConfigEntry(domain="other", data={CONF_HOST: TEN[0]}))
    hear(querier, TEN[0])
    await settle(hass)
    assert hosts(flow) == TEN[:1]


@pytest.mark.usefixtures("flows")
async def test_a_board_that_was_busy_is_offered_again_later(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow], monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.busy.add(TEN[0])
    hear(querier, TEN[0])
    await settle(hass)
    hear(querier, TEN[0])
    await settle(hass)
    assert hosts(flow) == TEN[:1]

    flow.busy.clear()
    monkeypatch.setattr(discovery_flows, "OFFER_AGAIN_AFTER", 0)
    for _ in range(2):
        hear(querier, TEN[0])
        await settle(hass)
    assert hosts(flow) == [TEN[0], TEN[0]]


async def test_boards_heard_while_home_assistant_starts_are_offered_then(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow], request: pytest.FixtureRequest
) -> None:
    hass.set_state(CoreState.not_running)
    request.getfixturevalue("flows")
    hear(querier, TEN[0])
    await settle(hass)
    assert not flow.started

    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    hear(querier, TEN[1])
    await settle(hass)
    assert hosts(flow) == TEN[:2]


async def test_nothing_is_offered_unless_a_board_is_set_up(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow], flows: MockConfigEntry
) -> None:
    hear(querier, TEN[0])
    await hass.config_entries.async_remove(flows.entry_id)
    hear(querier, TEN[1])
    await settle(hass)
    assert not flow.started

    MockConfigEntry(domain=DOMAIN, data={CONF_HOST: "10.9.9.9"}).add_to_hass(hass)
    hear(querier, TEN[1])
    await settle(hass)
    assert hosts(flow) == [TEN[1]]


@pytest.mark.usefixtures("flows")
async def test_a_flood_of_boards_is_a_bounded_number_of_cards(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow]
) -> None:
    flood = [f"10.1.{third}.{fourth}" for third in range(4) for fourth in range(1, 255)]
    for _ in range(2):
        hear(querier, *flood)
        await settle(hass)
    assert hosts(flow) == flood[:MAX_CARDS]

    [card, *_] = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    hass.config_entries.flow.async_abort(card["flow_id"])
    hear(querier, *flood)
    await settle(hass)
    assert hosts(flow) == flood[: MAX_CARDS + 1]


@pytest.mark.usefixtures("flows")
async def test_what_is_here_is_offered_before_what_is_elsewhere(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can have announced that."""
    monkeypatch.setattr(adapters, "reach_of", lambda host, *_: Reach.ON_LINK if host == TEN[0] else Reach.ROUTED)
    hear(querier, *(f"203.0.113.{number}" for number in range(MAX_CARDS + 5)), TEN[0])
    await settle(hass)
    assert TEN[0] in hosts(flow)
    assert len(hosts(flow)) == MAX_CARDS


@pytest.mark.usefixtures("flows")
async def test_what_was_offered_is_forgotten_when_it_is_too_much(
    hass: HomeAssistant, querier: MdnsQuerier, flow: type[Flow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGHTINGS", 2)
    flow.busy.update(TEN)
    for address in (*TEN[:3], TEN[2], TEN[0]):
        hear(querier, address)
        await settle(hass)
    assert hosts(flow) == [*TEN[:3], TEN[0]]

    hear(querier, *TEN[3:6])
    await settle(hass)
    assert hosts(flow)[4:] == TEN[3:5]
