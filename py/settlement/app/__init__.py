"""The only place where chain, journal, flow and scenarios are put together."""

from settlement.app.wiring import DEVELOPMENT_CHAIN_ID, connect, deploy_on, start

__all__ = ["DEVELOPMENT_CHAIN_ID", "connect", "deploy_on", "start"]
