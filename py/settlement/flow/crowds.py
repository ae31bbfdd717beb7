"""Parties by the thousand: admitted, given accounts, and an issue delivered to them, many transactions in a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from settlement.domain import acts
from settlement.domain.quantity import Quantity
from settlement.flow.desk import Desk, perform, perform_many

_ELECTED_AT_ONCE = 200
"""How many holders' accounts the operator tells the paying agent of in a transaction."""


def admit_crowd(desk: Desk, members: Sequence[str], roles: Sequence[acts.Role], accounts: Mapping[str, str]) -> None:
    """Admits many parties and opens an account for each.

    Args:
        desk: The ledger and the journal.
        members: The parties.
        roles: What each is admitted as.
        accounts: In which deposits each has its account.

    Raises:
        Refused: a party or an account is there already.
    """
    addresses = desk.ledger.party_addresses(members)
    admissions: list[acts.Act] = [
        acts.AdmitParty(party=member, address=addresses[member], roles=tuple(roles)) for member in members
    ]
    perform_many(desk, admissions)
    perform_many(desk, [acts.OpenAccount(instrument=at, holder=member) for member, at in accounts.items()])


def elect_accounts(desk: Desk, agent: str, operator: str, accounts: Mapping[str, str]) -> None:
    """The paying agent's operator says in which deposits many holders are paid.

    Raises:
        Refused: the operator is another, or no such deposits are admitted.
    """
    holders = list(accounts)
    for first in range(0, len(holders), _ELECTED_AT_ONCE):
        some = {holder: accounts[holder] for holder in holders[first : first + _ELECTED_AT_ONCE]}
        perform(desk, acts.ElectAccounts(agent=agent, by=operator, accounts=some))


def place(desk: Desk, issuer: str, allocation: acts.AllocateBond, nominals: Mapping[str, int]) -> None:
    """Issues what is allocated, and delivers it from the issuer's own account, free of payment.

    Args:
        desk: The ledger and the journal.
        issuer: The bond's issuer.
        allocation: How much in all.
        nominals: How much each gets, in smallest units.

    Raises:
        Refused: the bond is not being placed, or one of them may not hold it; those before it have theirs.
    """
    bond = allocation.quantity.instrument
    perform(desk, acts.IssueBond(quantity=allocation.quantity))
    perform(desk, allocation)
    deliveries: list[acts.Act] = [
        acts.Transfer(giver=issuer, receiver=holder, quantity=Quantity(instrument=bond, amount=nominal))
        for holder, nominal in nominals.items()
    ]
    perform_many(desk, deliveries)
