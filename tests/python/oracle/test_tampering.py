"""A chain whose storage was changed behind its contracts' backs: reconciliation tells what, of whom, and how much."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes
from market import Market
from replayed import replayed

from settlement import Network
from settlement.chain.calls import encode_call
from settlement.chain.rpc import Rpc
from settlement.domain.acts import Lock, Settle, SettleBatch, SettleLocked
from settlement.domain.instruction import Consent, MatchedInstruction
from settlement.domain.quantity import Quantity
from settlement.flow.desk import perform
from settlement.flow.lock import lock

SLOTS_MAX = 24
"""More storage variables than any of the contracts has."""

HELD_SHIFT = 96


@pytest.fixture
def market(settlement_network: Network, settlement_chain: str) -> Market:
    return Market(settlement_network, settlement_chain)


@pytest.fixture
def locked(market: Market) -> MatchedInstruction:
    """A trade whose legs are on hold: ten of the bond against 1,000.00."""
    network = market.network
    matched = network.match(network.instruction(*market.trade("10", "1,000.00"), reference="locked"))
    lock(network.desk, matched)
    return matched


@pytest.fixture
def differences(market: Market, settlement_chain: str) -> Callable[[], list[str]]:
    return lambda: replayed(market.network, settlement_chain)[1]


class Storage:
    """Finds a contract's words by what its functions answer, so that no layout is written down here."""

    def __init__(self, rpc: Rpc, contract: str) -> None:
        self.rpc, self.contract = rpc, contract

    def word(self, slot: str) -> int:
        return int(self.rpc.call("eth_getStorageAt", [self.contract, slot, "latest"]), 16)

    def put(self, slot: str, value: int) -> None:
        self.rpc.call("anvil_setStorageAt", [self.contract, slot, f"0x{value:064x}"])

    def of_key(self, key: str, holds: Callable[[int], bool]) -> str:
        """The slot of a mapping's entry whose word is as described."""
        for position in range(SLOTS_MAX):
            slot = self.rpc.call("web3_sha3", ["0x" + key[2:].lower().rjust(64, "0") + f"{position:064x}"])
            if holds(self.word(slot)):
                return str(slot)
        pytest.fail(f"{self.contract} has no such entry")

    def plain(self, holds: Callable[[int], bool]) -> str:
        return next(slot for slot in map(hex, range(SLOTS_MAX)) if holds(self.word(slot)))


def on(market: Market, instrument: str) -> Storage:
    return Storage(market.rpc, market.network.ledger.directory.instrument(instrument).address)


def address_of(market: Market, party: str) -> str:
    return market.network.ledger.directory.address_of(party)


def account(market: Market, instrument: str, party: str) -> tuple[Storage, str]:
    storage, position = on(market, instrument), market.network.position(party, instrument)
    word = position.balance | position.held << HELD_SHIFT
    return storage, storage.of_key(address_of(market, party), lambda found: found % (1 << 192) == word != 0)


def test_a_chain_that_was_left_alone_shows_no_difference(locked: MatchedInstruction, differences) -> None:
    assert differences() == []


def test_a_lock_with_other_bytes_behind_a_signature_is_understood(market: Market, differences) -> None:
    """Whoever submits may put them there, and the engine does not look at them."""
    network = market.network
    matched = network.match(network.instruction(*market.trade("10", "1,000.00")))
    ledger, stranger = network.ledger, market.rpc.call("eth_accounts", [])[-1]

    def submitted(act: Lock | SettleLocked, last: bytes) -> None:
        data = bytes(TypedTransaction.from_bytes(HexBytes(ledger.prepare(act).raw)).as_dict()["data"])
        call = {"from": stranger, "to": ledger.engine, "data": "0x" + (data[: -len(last)] + last).hex()}
        sent = market.rpc.call("eth_sendTransaction", [call])
        until = time.monotonic() + 60
        while (mined := market.rpc.call("eth_getTransactionReceipt", [sent])) is None:
            assert time.monotonic() < until, "it is in no block"
        assert int(mined["status"], 16) == 1

    submitted(Lock(instruction=matched.instruction, consents=tuple(map(of_65_bytes, matched.consents))), b"\1")
    submitted(SettleLocked(instruction=matched.instruction, consents=()), b"\0")
    assert differences() == []


def test_what_a_contract_does_not_sign_in_a_batch_is_no_difference(market: Market, differences) -> None:
    """Anybody can name one among the consents, and the item fails; the others of the batch settle."""
    network = market.network
    spoilt, good = (network.match(network.instruction(*market.trade("10", "1,000.00"))) for _ in range(2))
    contract = Consent(party="seller", address=network.ledger.engine, signature="0x" + "11" * 64)
    items = (
        Settle(instruction=spoilt.instruction, consents=(*spoilt.consents, contract)),
        Settle(instruction=good.instruction, consents=good.consents),
    )
    perform(network.desk, SettleBatch(items=items, mode="each-for-itself"))
    assert network.ledger.status(spoilt.instruction) == "matched"
    assert network.ledger.status(good.instruction) == "settled"
    assert differences() == []


def of_65_bytes(consent: Consent) -> Consent:
    """The signature in its long form (EIP-2098 is the short one), behind which a word is filled up."""
    r, s = bytes.fromhex(consent.signature[2:66]), int(consent.signature[66:], 16)
    v = 27 + (s >> 255)
    return consent.model_copy(update={"signature": "0x" + (r + (s % 2**255).to_bytes(32) + bytes([v])).hex()})


def test_a_balance_is_told_with_party_instrument_expected_and_found(market: Market, differences) -> None:
    storage, slot = account(market, "jade-hkd", "buyer")
    storage.put(slot, storage.word(slot) + 1)
    assert differences() == ["buyer has 500001 of jade-hkd, and by the rules 500000"]


def test_a_balance_from_nowhere_is_told(market: Market, differences) -> None:
    """On an account that no movement ever touched."""
    storage, slot = on(market, "bond"), None
    slot = storage.of_key(address_of(market, "seller"), lambda found: found % (1 << 96) == 1_000)
    position = next(n for n in range(SLOTS_MAX) if slot == _entry(market.rpc, address_of(market, "seller"), n))
    storage.put(_entry(market.rpc, address_of(market, "bank-jade"), position), 7)
    assert differences() == ["bank-jade has 7 of bond, and by the rules 0"]


def _entry(rpc: Rpc, key: str, position: int) -> str:
    return str(rpc.call("web3_sha3", ["0x" + key[2:].lower().rjust(64, "0") + f"{position:064x}"]))


@pytest.mark.usefixtures("locked")
def test_what_is_held_is_told(market: Market, differences) -> None:
    storage, slot = account(market, "bond", "seller")
    storage.put(slot, storage.word(slot) - (4 << HELD_SHIFT))
    assert differences() == ["of bond 6 of seller's are held, and by the rules 10"]


def test_a_hold_is_told_with_its_instruction(market: Market, locked: MatchedInstruction, differences) -> None:
    ledger = market.network.ledger
    data = encode_call("holdIdOf(bytes32,uint256)", [bytes.fromhex(locked.instruction_id[2:]), 0])
    request = {"to": ledger.deployment.engine, "data": "0x" + data.hex()}
    hold = market.rpc.call("eth_call", [request, "latest"])
    seller = int(address_of(market, "seller"), 16)
    storage = on(market, "bond")
    slot = storage.of_key(hold, lambda found: found == seller | 10 << 160)
    storage.put(slot, seller | 9 << 160)
    assert differences() == [
        f"hold {hold} on bond for instruction {locked.instruction_id} is of 9 of seller's, and by the rules of 10 of "
        "seller's"
    ]


def test_a_supply_is_told(market: Market, differences) -> None:
    storage = on(market, "wholesale-hkd")
    slot = storage.plain(lambda found: found == 2_000_000)
    storage.put(slot, 2_000_001)
    assert differences() == ["there are 2000001 of wholesale-hkd, and by the rules 2000000"]


def test_a_party_s_status_is_told(market: Market, differences) -> None:
    storage = Storage(market.rpc, market.network.ledger.deployment.registry)
    slot = storage.of_key(address_of(market, "buyer"), lambda found: found == 1 << 4)
    storage.put(slot, 1 << 4 | 1 << 16)
    assert differences() == ["buyer is suspended, and by the rules active"]


def test_an_instruction_s_legs_on_hold_are_told(market: Market, locked: MatchedInstruction, differences) -> None:
    storage = Storage(market.rpc, market.network.ledger.deployment.engine)
    storage.put(storage.of_key(locked.instruction_id, lambda found: found == 0b11), 0b01)
    assert differences() == [f"of instruction {locked.instruction_id} legs 0 are held, and by the rules legs 0, 1"]


def test_a_title_s_owner_is_told(market: Market, differences) -> None:
    network = market.network
    network.admit("ocean-line", "carrier")
    network.create_bill_of_lading("ocean-bills", "ocean-line")
    network.issue_bill("ocean-bills", "seller", "BILL-1", "0x" + "11" * 32)
    title = network.title_leg("seller", "buyer", "ocean-bills", "BILL-1").quantity
    assert differences() == []
    _give(market, title, "buyer")
    assert differences() == [
        f"title {title.amount:#x} of ocean-bills is in possession of buyer, and by the rules of seller"
    ]


def _give(market: Market, title: Quantity, party: str) -> None:
    storage = on(market, title.instrument)
    slot = storage.of_key(f"{title.amount:#066x}", lambda found: found == int(address_of(market, "seller"), 16))
    storage.put(slot, int(address_of(market, party), 16))


def test_a_refusal_that_came_too_late_is_told(market: Market, differences) -> None:
    """Money that was put on an account is spent: by the rules the payer had not so much."""
    storage, slot = account(market, "jade-hkd", "buyer")
    storage.put(slot, storage.word(slot) + 1)
    market.settle(market.network.leg("buyer", "seller", "jade-hkd", "5,000.01", receiver_instrument="amber-hkd"))
    told = differences()
    assert any(
        "was accepted by transaction 0x" in each and "buyer has 500000 free and needs 500001" in each for each in told
    )
    assert "seller has 500001 of amber-hkd, and by the rules 0" in told
    assert "buyer has 0 of jade-hkd, and by the rules 500000" in told
