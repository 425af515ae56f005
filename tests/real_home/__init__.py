"""A real Home Assistant, run as a process of its own with the integration in it, and what talks to it."""

from .client import CommandFailed, HomeClient
from .edition import NEWEST, PINNED, Edition
from .eventually import eventually
from .flow import Flow
from .home import NotStarted, RealHome
from .known_board import DOMAIN, KnownBoard, Refused
from .network import HomeNetwork, enter_home_network, home_network
from .onboarding import Login

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
