"""Endorsement chains that others made, reproduced on the chain that is up: `settle ebl import`."""

from __future__ import annotations

import json

import pytest
from ebl_chains import chain, entry, hour_before, in_file, party

from settlement.scenarios.load import LIBRARY

SAMPLES = LIBRARY.parent / "samples"

# ---- DCSA's published examples (EBL_END 3.0.4) -----------------------------------------------------------------------

YANG_MING = party("Yang Ming Marine Transport Corporation", code="4bd196da-0d8b-436d-bad4-4cc88f04a035")
BRAZIL = party("Suzano Brazil", code="ee92b6b7-ac27-4537-87df-019c69389346")
CHINA = party("Suzano China", code="0665fefb-7c3f-443b-8ccd-73ced178448f")
PUBLISHED = [
    chain(
        entry("2025-09-09T12:55:31Z", "ISSUE", YANG_MING, BRAZIL),
        entry("2025-09-10T14:35:42Z", "TRANSFER", BRAZIL, CHINA),
        entry("2025-09-12T17:23:12Z", "SURRENDER_FOR_DELIVERY", CHINA, YANG_MING),
        entry("2025-09-12T17:23:12Z", "SURRENDERED", YANG_MING),
        reference="62CD536BA8D34C469AFD",
        version="fc5009a7-25ad-4bb0-9892-4e2dea6bcdd9",
    )
]


def amended(reissued_at):
    """The pair of versions; the published example has the second one issued before the first was surrendered."""
    return [
        chain(
            entry(reissued_at, "ISSUE", YANG_MING, BRAZIL),
            reference="62CD536BA8D34C469AFD",
            version="v2",
        ),
        chain(
            entry("2025-09-09T12:55:31Z", "ISSUE", YANG_MING, BRAZIL),
            entry("2025-09-12T17:23:12Z", "SURRENDER_FOR_AMENDMENT", BRAZIL, YANG_MING),
            entry("2025-09-12T17:23:12Z", "SURRENDERED", YANG_MING),
            reference="62CD536BA8D34C469AFD",
        ),
    ]


ZIM = party("Zim Integrated Shipping Services Ltd", "BOLE")
OF_BRAZIL = party("Brazil local agent", "BOLE", representedParty={"partyName": "Suzano Brazil"})
OF_CHINA = party("China local agent", "BOLE", representedParty={"partyName": "Suzano China"})
ON_BEHALF = [
    chain(
        entry("2025-09-09T12:55:31Z", "ISSUE", ZIM, OF_BRAZIL),
        entry("2025-09-11T15:45:42Z", "TRANSFER", OF_BRAZIL, OF_CHINA),
        entry("2025-09-12T17:13:44Z", "SURRENDER_FOR_DELIVERY", OF_CHINA, ZIM),
        entry("2025-09-12T17:23:12Z", "SURRENDERED", ZIM),
        reference="61572195130255734095",
        version="c5c6b4a8-3645-4209-96e2-453daebbb961",
        scac="ZIMU",
    )
]

# ---- what else a bill can go through ---------------------------------------------------------------------------------

CARRIER, ANN, BOB, CAT = party("Carrier"), party("Ann & Co", "IDT"), party("Bob Ltd"), party("Cat Bank", "BOLE")
ENTRUSTED = [
    chain(
        entry("2025-01-01T00:00:00Z", "ISSUE", CARRIER, ANN),
        entry("2025-01-01T00:00:01Z", "TRANSFER", ANN, CAT),
        entry("2025-01-01T00:00:01Z", "TRANSFER", CAT, ANN),
        entry("2025-01-02T00:00:00Z", "TRANSFER", ANN, CAT),
        entry("2025-01-02T00:00:01Z", "SIGN", CAT),
        entry("2025-01-02T00:00:02Z", "TRANSFER", CAT, BOB),
        entry("2025-01-02T00:00:03Z", "TRANSFER", BOB, ANN),
        entry("2025-01-03T00:00:00Z", "BLANK_ENDORSE", ANN),
        entry("2025-01-03T00:00:00Z", "TRANSFER", ANN, CAT),
        entry("2025-01-03T00:00:00Z", "ENDORSE_TO_ORDER", CAT, BOB),
        entry("2025-01-03T08:30:00+08:00", "TRANSFER", CAT, BOB),
        entry("2025-01-03T00:31:00Z", "ENDORSE", BOB, ANN),
        entry("2025-01-04T00:00:00Z", "TRANSFER", BOB, ANN),
        entry("2025-01-05T00:00:00Z", "SURRENDER_FOR_DELIVERY", ANN, CARRIER),
        entry("2025-01-05T00:00:05Z", "SREJ", CARRIER),
        version=None,
        scac=None,
    )
]
PAPER_AND_BACK = [
    chain(
        entry("2025-01-01T00:00:00Z", "ISSUE", CARRIER, ANN),
        entry("2025-01-02T00:00:00Z", "SURRENDER_FOR_AMENDMENT", ANN, CARRIER, reasonCode="COD"),
        entry("2025-01-02T00:00:00Z", "SREJ", CARRIER, ANN),
        entry("2025-01-03T00:00:00Z", "SURRENDER_FOR_AMENDMENT", ANN, CARRIER, reasonCode="SWTP"),
        entry("2025-01-03T01:00:00Z", "SACC", CARRIER),
    ),
    chain(
        entry("2025-02-01T00:00:00Z", "ISSUE", CARRIER, BOB),
        entry("2025-02-02T00:00:00Z", "SURRENDER_FOR_AMENDMENT", BOB, CARRIER, reasonCode="SWI"),
        entry("2025-02-02T00:00:00Z", "SACC", CARRIER),
        version="electronic again",
    ),
    chain(entry("2025-02-02T00:00:00Z", "ISSUE", CARRIER, BOB), version="switched"),
]
REALISED = [
    chain(
        entry("2025-01-01T00:00:00Z", "ISSUE", CARRIER, ANN),
        entry("2025-01-02T00:00:00Z", "TRANSFER", ANN, CAT),
        entry(
            "2025-04-02T00:00:00Z",
            "ENDORSE_TO_ORDER",
            CAT | {"representedParty": {"partyName": "Ann & Co", "identifyingCodes": ANN["identifyingCodes"]}},
            BOB,
        ),
        entry("2025-04-02T00:00:00Z", "TRANSFER", CAT, BOB),
        entry("2025-04-03T00:00:00Z", "ENDORSE_TO_ORDER", BOB, BOB),
    )
]


@pytest.fixture
def up(settle):
    """Starts a chain that stays up an hour before some chains' first entry, again where there is one."""

    def start(chains):
        settle("down", "--forget")
        settle.ok("up", "--start", hour_before(chains))

    yield start
    settle("down", "--forget")


@pytest.mark.parametrize(
    "chains",
    [
        pytest.param(PUBLISHED, id="published straight bill"),
        pytest.param(amended("2025-09-12T17:23:12Z"), id="published amended bill, reissued when it was surrendered"),
        pytest.param(ON_BEHALF, id="published bill held by agents"),
        pytest.param(ENTRUSTED, id="entrusted, blank, rejected"),
        pytest.param(PAPER_AND_BACK, id="switched to paper, back, and switched"),
        pytest.param(REALISED, id="a pledge is realised"),
        pytest.param(json.loads((SAMPLES / "endorsement-chain.json").read_text("utf-8")), id="sample"),
        pytest.param(json.loads((SAMPLES / "endorsement-chain-amended.json").read_text("utf-8")), id="amended sample"),
    ],
)
def test_what_is_imported_is_on_the_ledger_field_by_field(settle, up, tmp_path, chains):
    up(chains)
    file = in_file(tmp_path, chains)
    imported = settle.json("ebl", "import", file)
    assert (imported["ok"], imported["differences"]) == (True, [])
    assert imported["entries"] == sum(len(each["endorsementChain"]) for each in chains)
    assert len(imported["bills"]) == len(chains)
    exported = json.loads(settle.ok("ebl", "export", imported["bills"][-1]).out)
    assert normal(exported) == normal(chains)
    again = settle("ebl", "import", file)
    assert (again.code, "DUPE: this chain of" in again.sentence) == (1, True)


def normal(chains):
    """Chains so that equal ones are equal: in order, in END's words, times in UTC, and answers without a recipient."""
    found = []
    for each in chains:
        entries = []
        for one in each["endorsementChain"]:
            entries.append(dict(one))
            entries[-1]["actionCode"] = {"SACC": "SURRENDERED"}.get(one["actionCode"], one["actionCode"])
            entries[-1]["actionDateTime"] = one["actionDateTime"].replace("08:30:00+08:00", "00:30:00Z")
            if entries[-1]["actionCode"] in ("SURRENDERED", "SREJ"):
                entries[-1].pop("recipient", None)
        found.append(each | {"endorsementChain": entries})
    return sorted(found, key=lambda each: str(each.get("transportDocumentSubReference")))


def test_of_two_bills_that_stood_at_once_the_ledger_has_one(settle, up, tmp_path):
    """As published, the amended bill was issued three days before the old one was surrendered."""
    chains = amended("2025-09-09T13:55:31Z")
    up(chains)
    ran = settle("ebl", "import", in_file(tmp_path, chains), "--json")
    assert (ran.code, ran.document["ok"]) == (1, False)
    assert ran.document["differences"] == [
        {
            "field": "62CD536BA8D34C469AFD/2: entry 1 (ISSUE): actionDateTime",
            "expected": "2025-09-09T13:55:31Z",
            "found": "2025-09-12T17:23:12Z",
        }
    ]


def test_differences_are_told_to_people_and_what_is_not_read_is_said(settle, up, tmp_path):
    chains = [
        chain(
            entry("2025-01-01T00:00:00.5Z", "ISSUE", CARRIER, ANN, auditReference="AUDIT0007"),
            entry("2025-01-02T00:00:00Z", "TRANSFER", ANN, BOB),
            entry("2025-01-03T00:00:00Z", "SIGN", BOB | {"partyName": "Bob Limited"}),
        )
    ]
    up(chains)
    ran = settle("ebl", "import", in_file(tmp_path, chains))
    assert ran.code == 1
    told = " ".join(ran.out.split())
    for part in (
        "actionDateTime: 2025-01-01T00:00:00.5Z was imported, the ledger has 2025-01-01T00:00:00Z",
        "entry 3 (SIGN): actor.partyName: Bob Limited was imported, the ledger has Bob Ltd",
        "entry 1 (ISSUE): auditReference",
        "2 differences",
    ):
        assert part in told, told


def test_the_document_says_the_kind_and_its_hash_is_kept(settle, up, tmp_path):
    chains = json.loads((SAMPLES / "endorsement-chain.json").read_text("utf-8"))
    up(chains)
    document = SAMPLES / "transport-document.json"
    settle.ok("ebl", "import", SAMPLES / "endorsement-chain.json", "--document", document)
    reference = chains[0]["transportDocumentReference"]
    assert settle.json("ebl", "verify", document, "--bill", reference)["matches"] is True
    shown = settle.json("ebl", "chain", reference)
    assert shown["chains"] == chains
    assert (shown["states"][0]["kind"], shown["states"][0]["transportDocumentStatus"]) == (
        "straight", "SURRENDERED_FOR_DELIVERY",
    )  # fmt: skip


def test_a_bad_chain_is_refused_as_a_whole_and_nothing_is_done(settle, up, tmp_path):
    up(PUBLISHED)
    block = settle.json("status")["block"]
    whole = PUBLISHED[0]["endorsementChain"]
    lost = in_file(tmp_path, [PUBLISHED[0] | {"endorsementChain": [*whole[:2], *whole[3:]]}])
    ran = settle("ebl", "import", lost)
    assert (ran.code, "BENV: entry 2 (SURRENDER_FOR_DELIVERY): Suzano China has no possession" in ran.sentence) == (
        1, True,
    )  # fmt: skip
    for content, code, says in (
        (PUBLISHED * 2, 1, "DUPE: the chain of 62CD536BA8D34C469AFD"),
        ([*PUBLISHED, PUBLISHED[0] | {"carrierSCACCode": "ZIMU"}], 1, "DISE: there are two chains of"),
        ([*PUBLISHED, *ON_BEHALF], 2, "import one bill at a time"),
    ):
        ran = settle("ebl", "import", in_file(tmp_path, content))
        assert (ran.code, says in ran.sentence) == (code, True), ran.err
    assert settle.json("status")["block"] == block


def test_another_chain_of_a_bill_that_was_imported_is_disputed(settle, up, tmp_path):
    up(PUBLISHED)
    settle.ok("ebl", "import", in_file(tmp_path, PUBLISHED))
    ran = settle("ebl", "import", in_file(tmp_path, amended("2025-09-12T17:23:12Z")), "--json")
    assert (ran.code, ran.document["error"]["code"]) == (1, "DISE")
    assert "was imported in run 1: two bills would stand" in ran.sentence


def test_what_the_ledger_refuses_is_named_by_its_entry_and_no_run_is_left(settle, up, tmp_path):
    """DCSA lets possession go to the carrier; the ledger hands a bill to its carrier by surrender alone."""
    chains = [
        chain(
            entry("2025-01-01T00:00:00Z", "ISSUE", CARRIER, ANN),
            entry("2025-01-02T00:00:00Z", "ENDORSE_TO_ORDER", ANN, ANN),
            entry("2025-01-03T00:00:00Z", "TRANSFER", ANN, CARRIER),
        )
    ]
    up(chains)
    ran = settle("ebl", "import", in_file(tmp_path, chains))
    assert ran.code == 1
    assert "entry 3 (TRANSFER) of REF1 (v1): BillOfLading_InvalidEntrustment" in ran.sentence
    assert "nothing was run" in settle("ebl", "show", "REF1").sentence


def test_the_chain_has_to_begin_early_enough(settle, up, tmp_path):
    file = in_file(tmp_path, PUBLISHED)
    wanted = "settle up --start 2025-09-09T11:55:30"
    ran = settle("ebl", "import", file)
    assert (ran.code, f"no chain is up: start one with `{wanted}`" in ran.sentence) == (2, True)
    settle.ok("up", "--start", "2025-09-09T12:55:31")
    ran = settle("ebl", "import", file)
    assert (ran.code, f"`settle down --forget` and `{wanted}`" in ran.sentence) == (2, True), ran.err
