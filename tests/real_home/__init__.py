"""A real Home Assistant, run as a process of its own with the integration in it, and what talks to it."""

from tests.real_home.client import CommandFailed, HomeClient
from tests.real_home.eventually import eventually
from tests.real_home.flow import Flow
from tests.real_home.home import NotStarted, RealHome
from tests.real_home.known_board import DOMAIN, KnownBoard
from tests.real_home.network import HomeNetwork, enter_home_network
from tests.real_home.onboarding import PASSWORD, USERNAME

__all__ = [
    "DOMAIN",
    "PASSWORD",
    "USERNAME",
    "CommandFailed",
    "Flow",
    "HomeClient",
    "HomeNetwork",
    "KnownBoard",
    "NotStarted",
    "RealHome",
    "enter_home_network",
    "eventually",
]
