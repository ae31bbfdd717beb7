"""A register that goes on elsewhere: once, whole, and from wherever an import broke off."""

from __future__ import annotations

from datetime import date

import pytest

from settlement.app import connect
from settlement.domain import acts
from settlement.domain.quantity import Quantity
from settlement.errors import InputError
from settlement.flow import migration
from settlement.flow.desk import perform

HELD = {"fund-a": 5_000_000, "fund-b": 2_500_000, "fund-c": 1_000_000}
PERFORMED = 8
"""How many acts an import of these makes one by one; deliveries and admissions go together."""


class Broken(Exception):
    """The process is gone."""


@pytest.fixture
def exited(settlement_network):
    """A bond whose register has closed for good: three holders, one of them frozen, and nominal left to the issuer."""
    network = settlement_network
    network.admit("government", "issuer")
    for holder in HELD:
        network.admit(holder, "investor", provide_gas=False)
    network.create_green_bond(
        "bond",
        "government",
        "HK0FICT20231",
        10_000_000,
        1_000_000,
        500_000,
        40_500,
        date(2023, 2, 16),
        date(2099, 2, 16),
    )
    perform(network.desk, acts.IssueBond(quantity=Quantity(instrument="bond", amount=10_000_000)))
    for holder, nominal in HELD.items():
        quantity = Quantity(instrument="bond", amount=nominal)
        perform(network.desk, acts.Transfer(giver="government", receiver=holder, quantity=quantity))
    perform(network.desk, acts.ChangePartyStatus(party="fund-b", change="freeze"))
    perform(network.desk, acts.ExitBond(instrument="bond"))
    return network


@pytest.fixture
def export(exited):
    found = migration.export_register(exited.desk, "bond")
    # The holders are barred nowhere but on the old platform, which in this test is the same deployment.
    perform(exited.desk, acts.ChangePartyStatus(party="fund-b", change="unfreeze"))
    return found


@pytest.fixture
def elsewhere(settlement_chain):
    """Another platform's orchestrator, with keys of its own."""
    return lambda network, label="elsewhere": connect(
        settlement_chain, deployment=network.ledger.deployment, label=label
    )


def test_an_export_is_the_same_whenever_it_is_read(exited, export):
    exited.admit("somebody", "investor")
    again = migration.export_register(exited.desk, "bond")
    assert again.digest != export.digest, "who is barred is a part of it"
    perform(exited.desk, acts.ChangePartyStatus(party="fund-b", change="freeze"))
    again = migration.export_register(exited.desk, "bond")
    assert again.source.block > export.source.block
    assert again.digest == export.digest


@pytest.mark.parametrize("acts_before", range(PERFORMED))
def test_an_import_that_broke_off_goes_on_and_is_live_once(exited, export, elsewhere, acts_before, monkeypatch):
    done = []

    def breaking(desk, act):
        if len(done) == acts_before:
            raise Broken
        done.append(act)
        return perform(desk, act)

    monkeypatch.setattr(migration, "perform", breaking)
    with pytest.raises(Broken):
        migration.import_register(elsewhere(exited).desk, export)
    monkeypatch.undo()
    there = elsewhere(exited)
    migration.import_register(there.desk, export)
    assert [status for _, status in there.ledger.allocated(export.digest)] == ["live"]
    held = {line.holder: line.nominal for line in there.ledger.register("bond")}
    assert held == HELD | {"government": 1_500_000}
    addresses = {each.holder: each.address for each in export.holdings}
    assert [standing for _, standing in there.ledger.standings([addresses["fund-b"]])] == ["frozen"]
    with pytest.raises(InputError, match="goes on here already"):
        migration.import_register(there.desk, export, is_recorded=True)


def test_the_number_of_acts_is_known(exited, export, elsewhere, monkeypatch):
    done = []
    monkeypatch.setattr(migration, "perform", lambda desk, act: done.append(act) or perform(desk, act))
    migration.import_register(elsewhere(exited).desk, export)
    assert len(done) == PERFORMED


def test_the_same_bond_is_not_taken_from_another_export(exited, export, elsewhere):
    there = elsewhere(exited)
    migration.import_register(there.desk, export)
    perform(there.desk, acts.ExitBond(instrument="bond"))
    perform(there.desk, acts.ChangePartyStatus(party="fund-b", change="unfreeze"))
    onward = migration.export_register(there.desk, "bond")
    migration.import_register(elsewhere(exited, "third").desk, onward)
    with pytest.raises(InputError, match="ISIN HK0FICT20231 is here already"):
        migration.import_register(elsewhere(exited, "fourth").desk, renamed(onward))


def renamed(export):
    """The same bond under another name, as another platform may have exported it."""
    return export.model_copy(update={"bond": export.bond.model_copy(update={"instrument": "bond-2"})})


def test_roles_of_who_is_known_stay(exited, export, elsewhere):
    address = exited.ledger.directory.address_of("fund-a")
    perform(exited.desk, acts.AdmitParty(party="fund-a", address=address, roles=("investor", "corporate")))
    migration.import_register(elsewhere(exited).desk, export)
    assert exited.ledger.standings([address])[0][0] == ("investor", "corporate")


def test_a_holder_barred_here_is_named_before_anything_is_done(exited, export, elsewhere):
    perform(exited.desk, acts.ChangePartyStatus(party="fund-a", change="freeze"))
    before = exited.ledger.head().number
    with pytest.raises(InputError, match=r"fund-a \(0x.*\) is frozen here"):
        migration.import_register(elsewhere(exited).desk, export)
    assert exited.ledger.head().number == before


def test_names_that_clash_or_are_none_are_chosen_anew(exited, export, elsewhere):
    names = ("", "holder-00003", "x y", "government")
    holdings = [each.model_copy(update={"holder": name}) for each, name in zip(export.holdings, names, strict=True)]
    there = elsewhere(exited)
    migration.import_register(there.desk, export.model_copy(update={"holdings": tuple(holdings)}))
    names = [line.holder for line in there.ledger.register("bond")]
    assert len(set(names)) == len(names) == 4
