"""Bills of lading of a run on the chain that is up, as a command would ask for them."""

from __future__ import annotations

import pytest

from settlement.app.bills import chain_of, open_bill
from settlement.durable.chains import ChainStore
from settlement.errors import InputError


@pytest.fixture
def store(settle):
    """Where the chain is remembered that is up, after a run with bills."""
    settle.ok("up")
    settle.ok("run", "ebl-amend-and-switch")
    yield ChainStore(settle.home)
    settle("down", "--forget")


def test_a_bill_by_its_name_and_its_chain(store):
    view = open_bill("OCLN20251113021/2", store=store)
    assert (view.record.instrument, view.bill.status) == ("ocean-bills", "SURRENDERED_FOR_AMENDMENT")
    entries = [(entry.action, entry.actor) for entry in chain_of(view)]
    assert entries[0] == ("ISSUE", "ocean-line")
    assert entries[-1] == ("SACC", "ocean-line")
    assert open_bill("OCLN20251113021", run=1, store=store).bill.replaced_by == "OCLN20251113021/2"
    with pytest.raises(InputError, match="no bill 'OCLN1' was issued in this run; registers of bills: ocean-bills"):
        open_bill("OCLN1", store=store)


def test_a_bill_is_shown_with_its_chain(store, settle):
    shown = settle.json("ebl", "show", "OCLN20251113021/2")
    assert shown["transportDocumentStatus"] == "SURRENDERED_FOR_AMENDMENT"
    assert (shown["replaces"], shown["possession"]) == ("OCLN20251113021", None)
    assert [entry["actionCode"] for entry in shown["chain"]][:: len(shown["chain"]) - 1] == ["ISSUE", "SACC"]
    assert "ocean-line" in settle.ok("ebl", "show", "OCLN20251113021").out
    unknown = settle("ebl", "show", "OCLN1")
    assert (unknown.code, "no bill 'OCLN1' was issued" in unknown.err) == (2, True)
