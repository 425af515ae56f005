"""A real Home Assistant, run as a process of its own with the integration in it, and what talks to it."""

from tests.real_home.client import CommandFailed, HomeClient
from tests.real_home.edition import NEWEST, PINNED, Edition
from tests.real_home.eventually import eventually
from tests.real_home.flow import Flow
from tests.real_home.home import NotStarted, RealHome
from tests.real_home.known_board import DOMAIN, KnownBoard, Refused
from tests.real_home.network import HomeNetwork, enter_home_network, home_network
from tests.real_home.onboarding import Login

__all__ = [
    "DOMAIN",
    "NEWEST",
    "PINNED",
    "CommandFailed",
    "Edition",
    "Flow",
    "HomeClient",
    "HomeNetwork",
    "KnownBoard",
    "Login",
    "NotStarted",
    "RealHome",
    "Refused",
    "enter_home_network",
    "eventually",
    "home_network",
]
