"""The only place where chain, journal, flow and scenarios are put together."""

from settlement.app.description import NetworkDescription
from settlement.app.service import Service
from settlement.app.signing import Keys
from settlement.app.wiring import DEVELOPMENT_CHAIN_ID, connect, deploy_on, describe, open_service, start

__all__ = [
    "DEVELOPMENT_CHAIN_ID",
    "Keys",
    "NetworkDescription",
    "Service",
    "connect",
    "deploy_on",
    "describe",
    "open_service",
    "start",
]
