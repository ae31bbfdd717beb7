"""Bills' endorsement chains, from the chain that is up in DCSA's shape: `settle ebl export`, `settle ebl chain REF`."""

from __future__ import annotations

import json

import pytest

from settlement.app.bills import open_bill
from settlement.app.chain import chain_down, chain_up
from settlement.app.ebl import chains_in
from settlement.app.endorsement import chains_on_ledger, import_chain
from settlement.app.json_files import json_text, write_new
from settlement.app.running import UP, run_scenario
from settlement.domain.bills import BillNumber
from settlement.durable.chains import ChainStore
from settlement.errors import InputError
from settlement.scenarios.load import LIBRARY, load_scenario

SCENARIOS = sorted(path.stem for path in LIBRARY.glob("ebl-*.yaml"))
LEFT_OUT = {
    "OCLN20251113041": ("exporter had it handed over", "exporter had it handed over"),
    "OCLN20251113042": ("title passed to its carrier", "its carrier voided it"),
    "OCLN20251113046": ("it was issued blank",),
    "OCLN20251113052": ("importer signed at",),
}
"""What DCSA has no word for, by bill."""


@pytest.fixture(scope="module", params=SCENARIOS)
def ran(request, tmp_path_factory):
    """Where the chain is remembered that is up after a run with bills, and the bills that were issued in it."""
    scenario = load_scenario(request.param)
    store = ChainStore(tmp_path_factory.mktemp("ran"))
    chain_up(store=store)
    try:
        run_scenario(scenario, UP, store=store)
        yield store, [name for name in scenario.titles if "/" not in name and is_issued(name, store)]
    finally:
        chain_down(store, forget=True)


def is_issued(name, store):
    """Whether there is a bill of this name: scenarios name some that are refused."""
    try:
        open_bill(name, store=store)
    except InputError:
        return False
    return True


def test_every_bill_of_the_shipped_scenarios_passes_dcsa_s_rules(ran, tmp_path):
    store, names = ran
    assert names
    for name in names:
        found = chains_on_ledger(name, store=store)
        expected = LEFT_OUT.get(name, ())
        assert len(found.notes) == len(expected), found.notes
        assert all(part in note for part, note in zip(expected, found.notes, strict=True)), found.notes
        for shape in ("end", "pint"):
            file = tmp_path / f"{name}-{shape}.json"
            write_new(json_text(found.document(shape)), file)
            assert [view.chain for view in chains_in(file)] == [view.chain for view in found.views]
        versions = range(len(found.views), 0, -1)
        assert [view.chain.transport_document_sub_reference for view in found.views] == [
            f"v{version}" for version in versions
        ]
        bills = [open_bill(BillNumber(name, version).name, store=store).bill for version in versions]
        assert [view.state.status for view in found.views] == [bill.status for bill in bills]


def test_and_is_the_same_when_it_is_imported_elsewhere(ran, tmp_path):
    store, names = ran
    for name in names:
        found = chains_on_ledger(name, store=store)
        file = tmp_path / "chain.json"
        file.write_text(json.dumps(found.document()), "utf-8")
        first = min(view.chain.endorsement_chain[0].time for view in found.views)
        elsewhere = ChainStore(tmp_path / name)
        chain_up(store=elsewhere, start=int(first.timestamp()) - 3600)
        try:
            assert import_chain(file, store=elsewhere).differences == ()
            assert chains_on_ledger(name, store=elsewhere).document() == found.document()
        finally:
            chain_down(elsewhere, forget=True)


@pytest.fixture
def sold(settle):
    """A chain that is up, where a bill was sold and delivered."""
    settle.ok("up")
    settle.ok("run", "ebl-dvp")
    yield settle
    settle("down", "--forget")


def test_a_sale_is_an_endorsement_and_a_transfer_at_the_same_second(sold):
    (chain,) = json.loads(sold.ok("ebl", "export", "OCLN20251113001").out)
    codes = [entry["actionCode"] for entry in chain["endorsementChain"]]
    assert codes == ["SURRENDERED", "SURRENDER_FOR_DELIVERY", "TRANSFER", "ENDORSE_TO_ORDER", "ISSUE"]
    transfer, endorsement = chain["endorsementChain"][2:4]
    assert {key: transfer[key] for key in ("actionDateTime", "actor", "recipient")} == {
        key: endorsement[key] for key in ("actionDateTime", "actor", "recipient")
    }
    assert chain["endorsementChain"][-1]["recipient"] == {
        "partyName": "Lotus Textiles Ltd (fictitious)",
        "eblPlatform": "TEST",
        "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "exporter"}],
    }
    assert "carrierSCACCode" not in chain
    entries = [entry["actionCode"] for entry in sold.json("ebl", "show", "OCLN20251113001")["chain"]]
    assert "TRANSFER_WITH_TITLE" in entries


def test_pint_has_the_oldest_first_and_the_codes_that_are_given(sold):
    options = ("--as", "pint", "--platform", "IQAX", "--scac", "OCLN")
    (chain,) = json.loads(sold.ok("ebl", "export", "OCLN20251113001", *options).out)
    codes = [entry["actionCode"] for entry in chain["transactions"]]
    assert codes == ["ISSUE", "ENDORSE_TO_ORDER", "TRANSFER", "SURRENDER_FOR_DELIVERY", "SACC"]
    assert (chain["carrierSCACCode"], chain["transactions"][0]["actor"]["eblPlatform"]) == ("OCLN", "IQAX")
    wrong = sold("ebl", "export", "OCLN20251113001", "--platform", "TOO LONG")
    assert (wrong.code, "DCSA would not take this chain" in wrong.sentence) == (2, True)


def test_a_file_that_is_there_is_left_as_it_is(sold, tmp_path):
    file = tmp_path / "kept.json"
    file.write_text("mine", "utf-8")
    refused = sold("ebl", "export", "OCLN20251113001", file)
    assert (refused.code, "there is such a file already; name another" in refused.sentence) == (2, True)
    assert file.read_text("utf-8") == "mine"
    assert "cannot be written" in sold("ebl", "export", "OCLN20251113001", tmp_path / "no" / "folder").sentence


def test_a_chain_is_shown_by_file_or_by_reference(sold, tmp_path):
    told = sold.ok("ebl", "chain", "OCLN20251113001").out
    assert "SURRENDERED_FOR_DELIVERY" in told
    neither = sold("ebl", "chain", "OCLN1")
    assert (neither.code, "OCLN1: there is no such file, and no such bill: no bill 'OCLN1'" in neither.sentence) == (
        2, True,
    )  # fmt: skip
    kind = sold("ebl", "chain", "OCLN20251113001", "--kind", "blank")
    assert (kind.code, "whose contract says the kind" in kind.sentence) == (2, True)
    file = tmp_path / "chain.json"
    sold.ok("ebl", "export", "OCLN20251113001", file)
    numbered = sold("ebl", "chain", file, "--run", "1")
    assert (numbered.code, "--run is for a bill" in numbered.sentence) == (2, True)
