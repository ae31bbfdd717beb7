"""Resolves crowds: parties by the thousand, and what they take up."""

from __future__ import annotations

from settlement.domain.acts import AllocateBond
from settlement.domain.instruction import terms_hash
from settlement.domain.quantity import Quantity
from settlement.scenarios.context import Context
from settlement.scenarios.language import Crowd, Party, PlaceStep
from settlement.scenarios.text import Path
from settlement.scenarios.written import CrowdWritten
from settlement.scenarios.written_bonds import PlaceWritten

_MEMBERS_MAX = 20_000
_NAME_MAX = 34
"""So that a member's name, six characters longer, is still a party's."""


def resolve_members(context: Context, written: dict[str, CrowdWritten]) -> None:
    """Adds every crowd's members to the parties.

    Raises:
        InputError: there are too many, a role is there twice, or a name is taken.
    """
    for name, crowd in written.items():
        path: Path = ("crowds", name)
        count = int(crowd.count)
        if not 1 <= count <= _MEMBERS_MAX:
            raise context.error((*path, "count"), f"a crowd of {crowd.count}; allowed: 1 to {_MEMBERS_MAX:,}")
        if len(set(crowd.roles)) != len(crowd.roles):
            raise context.error((*path, "roles"), "a role is there twice")
        if len(name) > _NAME_MAX:
            raise context.error(path, f"a crowd's name has at most {_NAME_MAX} characters")
        members = tuple(f"{name}-{number:05}" for number in range(1, count + 1))
        for member in (name, *members):
            if member in context.parties:
                raise context.error(path, f"{member} is a party already")
        for number, member in enumerate(members, start=1):
            context.parties[member] = Party(
                party=member, name=f"{name} {number:,}", roles=tuple(crowd.roles), crowd=name
            )
        context.crowds[name] = Crowd(name=name, members=members, accounts=())


def resolve_crowds(context: Context, written: dict[str, CrowdWritten]) -> None:
    """Gives every crowd its accounts.

    Raises:
        InputError: an account is in something unknown, or in no deposits.
    """
    for name, crowd in written.items():
        for index, account in enumerate(crowd.accounts):
            context.of_kind(("crowds", name, "accounts", index), account, "tokenized-deposit")
        context.crowds[name] = context.crowds[name].model_copy(update={"accounts": tuple(crowd.accounts)})


def resolve_place(context: Context, path: Path, written: PlaceWritten) -> PlaceStep:
    """Who of a crowd gets how much of an issue.

    Raises:
        InputError: the crowd is unknown, or the issue does not allow these nominals.
    """
    crowd = context.known((*path, "crowd"), "crowd", written.crowd, context.crowds)
    terms = context.bonds[written.bond].terms
    nominals = [
        holding(context, (*path, "nominals", index), written.bond, text) for index, text in enumerate(written.nominals)
    ]
    each = {member: nominals[number % len(nominals)] for number, member in enumerate(crowd.members)}
    total = sum(each.values())
    if total > terms.nominal:
        raise context.error((*path, "nominals"), f"{total:,} is placed in all; the terms allow {terms.nominal:,}")
    return PlaceStep(
        bond=written.bond,
        crowd=written.crowd,
        nominals=each,
        allocation=AllocateBond(
            quantity=Quantity(instrument=written.bond, amount=total),
            allocation_hash=terms_hash(
                {"bond": written.bond, "crowd": written.crowd, "nominals": list(written.nominals)}
            ),
        ),
    )


def holding(context: Context, path: Path, bond: str, text: str) -> int:
    """A nominal that one holder may have.

    Raises:
        InputError: it is below the minimum or between the steps.
    """
    terms = context.bonds[bond].terms
    nominal = context.amount(path, text, 0)
    if nominal % terms.increment or nominal < terms.minimum_denomination:
        raise context.error(
            path,
            f"{text} is no holding of {bond}: {terms.minimum_denomination:,} or more, in steps of {terms.increment:,}",
        )
    return nominal
