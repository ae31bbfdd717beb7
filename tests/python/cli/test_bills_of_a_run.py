"""Bills of lading of a run on the chain that is up, as a command would ask for them."""

from __future__ import annotations

import json

import pytest

from settlement.app.bills import chain_of, open_bill
from settlement.durable.chains import ChainStore
from settlement.errors import InputError
from settlement.scenarios.load import LIBRARY

SAMPLES = LIBRARY.parent / "samples"


def started(command):
    """The command in a folder where a chain is up, after a run with bills."""
    command.ok("up")
    command.ok("run", "ebl-amend-and-switch")
    return command


@pytest.fixture
def ran(settle):
    yield started(settle)
    settle("down", "--forget")


@pytest.fixture(scope="module")
def untouched(settle_in, tmp_path_factory):
    """The same for commands that change nothing."""
    with settle_in(tmp_path_factory.mktemp("untouched")) as command:
        yield started(command)
        command("down", "--forget")


def test_a_bill_by_its_name_and_its_chain(untouched):
    store = ChainStore(untouched.home)
    view = open_bill("OCLN20251113021/2", store=store)
    assert (view.record.instrument, view.bill.status) == ("ocean-bills", "SURRENDERED_FOR_AMENDMENT")
    entries = [(entry.action, entry.actor) for entry in chain_of(view)]
    assert entries[0] == ("ISSUE", "ocean-line")
    assert entries[-1] == ("SACC", "ocean-line")
    assert open_bill("OCLN20251113021", run=1, store=store).bill.replaced_by == "OCLN20251113021/2"
    with pytest.raises(InputError, match="no bill 'OCLN1' was issued in this run; registers of bills: ocean-bills"):
        open_bill("OCLN1", store=store)


def test_a_bill_is_shown_with_its_chain(untouched):
    shown = untouched.json("ebl", "show", "OCLN20251113021/2")
    assert shown["transportDocumentStatus"] == "SURRENDERED_FOR_AMENDMENT"
    assert (shown["replaces"], shown["possession"]) == ("OCLN20251113021", None)
    assert [entry["actionCode"] for entry in shown["chain"]][:: len(shown["chain"]) - 1] == ["ISSUE", "SACC"]
    assert "ocean-line" in untouched.ok("ebl", "show", "OCLN20251113021").out
    unknown = untouched("ebl", "show", "OCLN1")
    assert (unknown.code, "no bill 'OCLN1' was issued" in unknown.err) == (2, True)


def sample(tmp_path, **changes):
    """The sample transport document with changes, in a file."""
    document = json.loads((SAMPLES / "transport-document.json").read_text("utf-8")) | changes
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def test_a_bill_s_whole_life_by_command(ran, tmp_path):
    file = sample(tmp_path)
    issued = ran.json("ebl", "issue", "ocean-bills", file, "--to", "exporter", "--endorsee", "importer")
    reference = issued["transportDocumentReference"]
    assert (issued["kind"], issued["possession"], issued["endorsee"]) == ("straight", "exporter", "importer")
    assert ran.json("ebl", "verify", file, "--bill", reference)["matches"] is True
    changed = ran("ebl", "verify", sample(tmp_path, issueDate="2026-03-03"), "--bill", reference, "--json")
    assert (changed.code, changed.document["matches"]) == (1, False)
    for changes, name in (({}, "DocumentHasLiveRecord"), ({"issueDate": "2026-03-03"}, "ReferenceTaken")):
        other = sample(tmp_path, **changes)
        again = ran("ebl", "issue", "ocean-bills", other, "--to", "exporter", "--endorsee", "importer")
        assert (again.code, f"ControlTracking_{name}" in again.err) == (1, True), again.err

    def act(*arguments):
        return ran("ebl", "act", reference, *arguments, "--json")

    signed = act("SIGN", "--by", "exporter", "--statement", "Shipped in good order.")
    assert signed.document["chain"][-1]["actionCode"] == "SIGN"
    stranger = act("SURRENDER_FOR_DELIVERY", "--by", "importer")
    assert (stranger.code, "BillOfLading_NotInControl" in stranger.err) == (1, True)
    pending = act("SURRENDER_FOR_DELIVERY", "--by", "exporter").document
    assert (pending["transportDocumentStatus"], pending["possession"]) == (
        "PENDING_SURRENDER_FOR_DELIVERY", "ocean-line",
    )  # fmt: skip
    assert act("SREJ", "--by", "ocean-line").document["possession"] == "exporter"
    act("SURRENDER_FOR_DELIVERY", "--by", "exporter")
    assert act("SACC", "--by", "ocean-line").document["transportDocumentStatus"] == "SURRENDERED_FOR_DELIVERY"
    late = act("SIGN", "--by", "exporter", "--statement", "too late")
    assert (late.code, "BillOfLading_UnexpectedStatus" in late.err) == (1, True)


def test_a_bill_is_amended_goes_to_paper_and_comes_back_by_command(ran, tmp_path):
    file = sample(tmp_path)
    parties = ("--to", "exporter", "--endorsee", "importer", "--json")
    reference = ran.json("ebl", "issue", "ocean-bills", file, *parties[:-1])["transportDocumentReference"]

    def act(bill, *arguments):
        return ran.ok("ebl", "act", bill, *arguments)

    amended = sample(tmp_path, issueDate="2026-03-03")
    early = ran("ebl", "reissue", reference, amended, *parties)
    assert (early.code, "BillOfLading_UnexpectedStatus" in early.err) == (1, True), early.err
    act(reference, "SURRENDER_FOR_AMENDMENT", "--by", "exporter", "--reason", "COD")
    act(reference, "SACC", "--by", "ocean-line")
    other = ran("ebl", "reissue", reference, amended, "--to", "importer", "--endorsee", "importer", "--json")
    assert (other.code, "BillOfLading_NotSurrenderedBy" in other.err) == (1, True), other.err
    second = ran.json("ebl", "reissue", reference, amended, *parties[:-1])
    assert (second["replaces"], second["transportDocumentSubReference"]) == (reference, "2")
    assert ran.json("ebl", "show", reference)["replaced_by"] == f"{reference}/2"

    act(f"{reference}/2", "SURRENDER_FOR_AMENDMENT", "--by", "exporter", "--reason", "SWTP")
    act(f"{reference}/2", "SACC", "--by", "ocean-line", "--statement", "Printed as paper bill 7.")
    paper = ("ebl", "paper", "ocean-bills", amended, *parties, "--statement", "Paper bill 7 cancelled.")
    back = ran(*paper, "--replaces", f"{reference}/2").document
    assert (back["replaces"], back["transportDocumentSubReference"]) == (f"{reference}/2", "3")
    assert back["chain"][0]["statement_hash"] is not None
    assert ran("ebl", "show", f"{reference}/3", "--json").document["possession"] == "exporter"


def test_a_pledge_by_command(ran, tmp_path):
    reference = ran.json("ebl", "issue", "ocean-bills", sample(tmp_path), "--to", "exporter", "--endorsee", "importer")[
        "transportDocumentReference"
    ]
    terms = ("--realisable-from", "2027-01-01T00:00:00+08:00")

    def act(*arguments):
        return ran("ebl", "act", reference, *arguments, "--json")

    def entrusted(ran):
        return [(each["accepted"], each["realisable_from"]) for each in ran.document["entrustments"]]

    carrier = act("ENTRUST", "--by", "importer", "--to", "ocean-line")
    assert (carrier.code, "BillOfLading_InvalidEntrustment" in carrier.err) == (1, True), carrier.err
    assert entrusted(act("ENTRUST", "--by", "importer", "--to", "bank-jade", *terms)) == [
        (False, "2026-12-31T16:00:00Z")
    ]
    other = act("ACCEPT_ENTRUSTMENT", "--by", "bank-jade", "--from", "importer")
    assert (other.code, "BillOfLading_UnknownEntrustment" in other.err) == (1, True), other.err
    agreed = act("ACCEPT_ENTRUSTMENT", "--by", "bank-jade", "--from", "importer", *terms)
    assert entrusted(agreed) == [(True, "2026-12-31T16:00:00Z")]
    shown = ran.ok("ebl", "show", reference).out
    assert "by importer to bank-jade, accepted, may be realised from 2026-12-31T16:00:00Z on" in shown
    assert entrusted(act("RENOUNCE_ENTRUSTMENT", "--by", "bank-jade", "--from", "importer"))[0][0] is False
    assert entrusted(act("REVOKE_ENTRUSTMENT", "--by", "importer", "--to", "bank-jade")) == []


def test_a_bill_is_handed_over_by_command_and_shown_where_it_is(ran):
    ran.ok("run", "ebl-disputes")
    reference = "OCLN20251113043"
    assert ran.json("ebl", "show", reference)["register"] == "ocean-bills"
    to = ("--to", "ocean-bills-harbour")
    handed = ran.json("ebl", "act", reference, "HAND_OVER", "--by", "importer", *to)
    shown = ran.json("ebl", "show", reference)
    assert (shown["register"], shown["possession"], shown["transportDocumentStatus"]) == (
        "ocean-bills-harbour", "importer", "ISSUED",
    )  # fmt: skip
    assert shown == handed
    assert [entry["register"] for entry in shown["chain"][-2:]] == ["ocean-bills", "ocean-bills-harbour"]
    assert shown["chain"][-2]["is_digest_right"]
    assert "ocean-bills-harbour, says the control tracking registry" in ran.ok("ebl", "show", reference).out
    again = ran("ebl", "act", reference, "HAND_OVER", "--by", "importer", *to)
    assert (again.code, "ControlTracking_InvalidTarget" in again.err) == (1, True), again.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ENTRUST", "--by", "exporter"), "ENTRUST needs --to"),
        (("ACCEPT_ENTRUSTMENT", "--by", "exporter"), "ACCEPT_ENTRUSTMENT needs --from"),
        (("SIGN", "--by", "exporter", "--statement", "x", "--from", "importer"), "SIGN takes no --from"),
        (
            ("ENTRUST", "--by", "exporter", "--to", "importer", "--realisable-from", "2027-01-01T00:00:00"),
            "no time with its offset from UTC",
        ),
        (("ENTRUST", "--by", "exporter", "--to", "nobody"), "party 'nobody' is unknown"),
        (("ENDROSE", "--by", "exporter"), "is no action of this command; allowed: ENDORSE, "),
        (("TRANSFER", "--by", "exporter"), "possession moves by a settlement"),
        (("ENDORSE", "--by", "exporter"), "ENDORSE needs --to"),
        (("HAND_OVER", "--by", "exporter"), "HAND_OVER needs --to"),
        (("HAND_OVER", "--by", "exporter", "--to", "importer"), "instrument 'importer' is unknown"),
        (("SIGN", "--by", "exporter", "--to", "importer"), "SIGN takes no --to"),
        (("SURRENDER_FOR_AMENDMENT", "--by", "exporter", "--reason", "XXX"), "allowed: COD, SWI, SWTP"),
        (("SIGN", "--by", "nobody", "--statement", "x"), "party 'nobody' is unknown"),
    ],
)
def test_what_cannot_be_asked_for_is_bad_input(untouched, arguments, says):
    ran = untouched("ebl", "act", "OCLN20251113021/2", *arguments)
    assert (ran.code, says in ran.err) == (2, True), ran.err


NO_TEXT = "\udcff"
"""How Python has a byte of a command that is no UTF-8."""
BILL = "OCLN20251113021/3"


def test_words_that_name_nothing_and_references_that_no_bill_can_have_are_bad_input(untouched, tmp_path):
    def issue(reference, holder="exporter"):
        folder = tmp_path / reference.replace("/", "-")
        folder.mkdir()
        file = sample(folder, transportDocumentReference=reference)
        return "issue", "ocean-bills", file, "--to", holder, "--endorsee", "importer"

    for arguments, problem in (
        (("show", NO_TEXT), "the bill's reference is no text in UTF-8"),
        (("act", BILL, "ENDORSE", "--by", "exporter", "--to", "The Bank"), "party 'The Bank' is unknown"),
        (("act", BILL, "SIGN", "--by", "exporter", "--statement", NO_TEXT), "--statement is no text in UTF-8"),
        (issue("OCLN1", holder="The Bank"), "party 'The Bank' is unknown"),
        (issue("OCLN/2"), "is what a reissued bill is called"),
        (issue("雪" * 7), "takes 21 bytes in UTF-8"),
    ):
        ran = untouched("ebl", *arguments)
        assert (ran.code, problem in ran.sentence) == (2, True), ran.err
