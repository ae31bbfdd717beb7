"""Each act as a call: who sends it, to which contract, with which bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from eth_abi.abi import encode
from eth_utils.abi import function_signature_to_4byte_selector

from settlement.chain.artifacts import Artifacts
from settlement.chain.batch_codec import encode_items
from settlement.chain.deployment import Deployment
from settlement.chain.eip712 import INSTRUCTION_ABI, instruction_values
from settlement.domain import acts, bills
from settlement.domain.bonds.disclosure import DisclosureKind, UseOfProceeds
from settlement.domain.bonds.entries import DayCount
from settlement.domain.directory import Directory
from settlement.domain.instruction import Consent, Instruction, title_id

OPERATOR, SUPERVISOR = "operator", "supervisor"
CONSENTS_ABI = "(address,bytes)[]"

ROLE_BITS: Mapping[acts.Role, int] = {
    "central-bank": 1 << 0,
    "bank": 1 << 1,
    "issuer": 1 << 2,
    "custodian": 1 << 3,
    "investor": 1 << 4,
    "corporate": 1 << 5,
    "carrier": 1 << 6,
    "paying-agent": 1 << 7,
    "external-reviewer": 1 << 8,
}
"""The same bits as `Roles` in contracts/types/Participation.sol."""

INSTRUMENT_KINDS = {"wholesale-cbdc": 1, "tokenized-deposit": 1, "green-bond": 2, "bill-of-lading": 3}
"""The same values as `InstrumentKind` there: money, money, asset, title."""

BATCH_MODES = {"all-or-nothing": 0, "each-for-itself": 1}


DAY_COUNTS = {day_count: number for number, day_count in enumerate(DayCount)}
"""The same values as `DayCount` in contracts/types/Bond.sol."""

UNFIXED = 2**32 - 1
"""The rate of a coupon whose index is not fixed."""

_ENDORSEMENTS = {"ENDORSE": "endorse", "ENDORSE_TO_ORDER": "endorseToOrder"}
_SURRENDERS = {
    "request": "surrenderForDelivery",
    "accept": "acceptSurrender",
    "reject": "rejectSurrender",
    "void": "voidBill",
}
_NEW_BILL = "address,string,bytes32,uint8,address"

COMMITMENTS_ABI = "(uint8,uint32,address)[]"
COUPONS_ABI = "(uint32,uint32,uint32,uint32,uint32,uint16,uint16,uint32)[]"
_TERMS_ABI = "(bytes12,bytes3,uint96,uint96,uint96,uint8,uint8,uint32,address,bytes32,bytes32)"
_OPTIONS_ABI = ("(uint16,uint32)[]", "(uint32,uint32)[]")
_NOBODY = "0x" + "0" * 40

_OPENINGS = {
    "coupon": ("openCoupon(uint16)", True),
    "repayment": ("openRepayment(uint16)", True),
    "redemption": ("openRedemption()", False),
    "early-redemption": ("openEarlyRedemption(uint16)", True),
}
"""By what is paid: the function that opens it, and whether that is told which; in the order of `IPayingAgent.Kind`."""


def distribution_id(kind: str, index: int) -> int:
    """What a paying agent calls a distribution."""
    return list(_OPENINGS).index(kind) << 16 | index


@dataclass(frozen=True)
class Call:
    """A call to make: `to` is None for a contract's creation."""

    sender: str
    to: str | None
    data: bytes
    wei: int = 0


class CallEncoder:
    """Turns acts into calls on one deployment."""

    def __init__(self, artifacts: Artifacts, deployment: Deployment) -> None:
        self._artifacts = artifacts
        self._deployment = deployment

    def encode(self, act: acts.Act, directory: Directory) -> Call:
        """The call that carries out an act.

        Raises:
            InputError: a party or instrument is not in the directory.
        """
        handler: Callable[[Any, Directory], Call] = getattr(self, "_" + act.kind.replace("-", "_"))
        return handler(act, directory)

    # ---- registry ----------------------------------------------------------------------------------------------------

    def _admit_party(self, act: acts.AdmitParty, directory: Directory) -> Call:
        bits = sum(ROLE_BITS[role] for role in set(act.roles))
        return self._on_registry(OPERATOR, "admitParty(address,uint16)", [act.address, bits])

    def _provide_gas(self, act: acts.ProvideGas, directory: Directory) -> Call:
        return Call(OPERATOR, directory.address_of(act.party), b"", act.wei)

    def _change_party_status(self, act: acts.ChangePartyStatus, directory: Directory) -> Call:
        sender = OPERATOR if act.change in ("suspend", "reinstate") else SUPERVISOR
        return self._on_registry(sender, f"{act.change}Party(address)", [directory.address_of(act.party)])

    def _admit_instrument(self, act: acts.AdmitInstrument, directory: Directory) -> Call:
        record = directory.instrument(act.instrument)
        arguments = [record.address, directory.address_of(record.issuer), INSTRUMENT_KINDS[record.kind]]
        return self._on_registry(OPERATOR, "admitInstrument(address,address,uint8)", arguments)

    def _on_registry(self, sender: str, signature: str, arguments: Sequence[Any]) -> Call:
        return Call(sender, self._deployment.registry, encode_call(signature, arguments))

    # ---- instruments come into being ---------------------------------------------------------------------------------

    def _create_wholesale_cbdc(self, act: acts.CreateWholesaleCBDC, directory: Directory) -> Call:
        return self._creation(
            "WholesaleCBDC",
            ["string", "string", "uint8", "address", "address", "address"],
            [act.instrument, act.instrument, act.decimals, *self._bound(act.issuer, directory)],
        )

    def _create_tokenized_deposit(self, act: acts.CreateTokenizedDeposit, directory: Directory) -> Call:
        return self._creation(
            "TokenizedDeposit",
            ["string", "string", "uint8", "address", "address", "address", "address", "uint256"],
            [
                act.instrument,
                act.instrument,
                act.decimals,
                *self._bound(act.issuer, directory),
                directory.instrument(act.reserve).address,
                act.utc_offset_seconds,
            ],
        )

    def _create_green_bond(self, act: acts.CreateGreenBond, directory: Directory) -> Call:
        agent = act.calculation_agent
        terms = (
            act.isin.encode(),
            act.currency.encode(),
            act.nominal,
            act.minimum_denomination,
            act.increment,
            DAY_COUNTS[act.day_count],
            act.frequency,
            act.utc_offset_seconds,
            directory.address_of(agent) if agent else _NOBODY,
            bytes.fromhex(act.terms_hash[2:]),
            bytes.fromhex(act.framework_hash[2:]),
        )
        coupons = [
            (
                coupon.start_day,
                coupon.end_day,
                coupon.split_day,
                coupon.record_day,
                coupon.payment_day,
                coupon.reference_days,
                coupon.reference_days_after_split,
                UNFIXED if coupon.rate_millionths is None else coupon.rate_millionths,
            )
            for coupon in act.coupons
        ]
        return self._creation(
            "GreenBond",
            ["string", "string", "address", "address", "address", _TERMS_ABI, COUPONS_ABI, *_OPTIONS_ABI, "string"],
            [
                act.instrument,
                act.isin,
                *self._bound(act.issuer, directory),
                terms,
                coupons,
                [(each.coupon, each.fraction_millionths) for each in act.repayments],
                [(each.day, each.price_millionths) for each in act.calls],
                act.framework_uri,
            ],
        )

    def _create_paying_agent(self, act: acts.CreatePayingAgent, directory: Directory) -> Call:
        return self._creation(
            "PayingAgent",
            ["address", "address", "address", "address"],
            [
                self._deployment.engine,
                directory.instrument(act.bond).address,
                directory.instrument(act.cash).address,
                directory.address_of(act.operator),
            ],
        )

    def _create_green_disclosure(self, act: acts.CreateGreenDisclosure, directory: Directory) -> Call:
        bits = sum(1 << get_args(UseOfProceeds).index(category) for category in set(act.use_of_proceeds))
        commitments = [
            (get_args(DisclosureKind).index(each.kind), each.due_day, directory.address_of(each.attester))
            for each in act.commitments
        ]
        creation = self._creation(
            "GreenDisclosure",
            ["address", "address", "uint16", COMMITMENTS_ABI],
            [directory.instrument(act.instrument).address, self._deployment.registry, bits, commitments],
        )
        return replace(creation, sender=act.issuer)

    def _create_control_tracking_registry(self, act: acts.CreateControlTrackingRegistry, directory: Directory) -> Call:
        return self._creation("ControlTrackingRegistry", ["address"], [self._deployment.registry])

    def _create_bill_of_lading(self, act: acts.CreateBillOfLading, directory: Directory) -> Call:
        return self._creation(
            "BillOfLading",
            ["string", "string", "address", "address", "address", "address"],
            [act.instrument, act.instrument, *self._bound(act.issuer, directory), directory.control_tracking_registry],
        )

    def _bound(self, issuer: str, directory: Directory) -> tuple[str, str, str]:
        return self._deployment.engine, directory.address_of(issuer), self._deployment.registry

    def _creation(self, contract: str, types: Sequence[str], arguments: Sequence[Any]) -> Call:
        code = bytes.fromhex(self._artifacts.contract(contract).bytecode.removeprefix("0x"))
        return Call(OPERATOR, None, code + encode(types, arguments))

    # ---- issuers and holders -----------------------------------------------------------------------------------------

    def _open_account(self, act: acts.OpenAccount, directory: Directory) -> Call:
        return self._by_issuer(act.instrument, directory, "openAccount(address)", [directory.address_of(act.holder)])

    def _change_account_block(self, act: acts.ChangeAccountBlock, directory: Directory) -> Call:
        signature = "blockAccount(address)" if act.blocked else "unblockAccount(address)"
        return self._by_issuer(act.instrument, directory, signature, [directory.address_of(act.holder)])

    def _set_counterparty_limit(self, act: acts.SetCounterpartyLimit, directory: Directory) -> Call:
        arguments = [directory.address_of(act.counterparty), act.limit_per_payment]
        return self._by_issuer(act.instrument, directory, "setCounterpartyLimit(address,uint64)", arguments)

    def _set_daily_limit(self, act: acts.SetDailyLimit, directory: Directory) -> Call:
        return self._by_issuer(act.instrument, directory, "setDailyLimit(uint64)", [act.limit_per_day])

    def _issue_money(self, act: acts.IssueMoney, directory: Directory) -> Call:
        return self._book(act, directory, "issue(address,uint256,bytes32)")

    def _redeem_money(self, act: acts.RedeemMoney, directory: Directory) -> Call:
        return self._book(act, directory, "redeem(address,uint256,bytes32)")

    def _book(self, act: acts.IssueMoney | acts.RedeemMoney, directory: Directory, signature: str) -> Call:
        reference = _booking_reference(act.booking_reference)
        arguments = [directory.address_of(act.holder), act.quantity.amount, reference]
        return self._by_issuer(act.quantity.instrument, directory, signature, arguments)

    def _issue_bond(self, act: acts.IssueBond, directory: Directory) -> Call:
        return self._by_issuer(act.quantity.instrument, directory, "issue(uint256)", [act.quantity.amount])

    def _redeem_bond(self, act: acts.RedeemBond, directory: Directory) -> Call:
        return self._by_issuer(act.quantity.instrument, directory, "redeem(uint256)", [act.quantity.amount])

    def _allocate_bond(self, act: acts.AllocateBond, directory: Directory) -> Call:
        arguments = [bytes.fromhex(act.allocation_hash[2:]), act.quantity.amount]
        return self._by_issuer(act.quantity.instrument, directory, "allocate(bytes32,uint256)", arguments)

    def _open_bond(self, act: acts.OpenBond, directory: Directory) -> Call:
        return self._by_issuer(act.instrument, directory, "open()", [])

    def _exit_bond(self, act: acts.ExitBond, directory: Directory) -> Call:
        return self._by_issuer(act.instrument, directory, "exit()", [])

    def _set_disclosure(self, act: acts.SetDisclosure, directory: Directory) -> Call:
        record = directory.instrument(act.instrument)
        return Call(record.issuer, record.address, encode_call("setDisclosure(address)", [record.disclosure]))

    def _attest(self, act: acts.Attest, directory: Directory) -> Call:
        arguments = [
            act.commitment,
            bytes.fromhex(act.document_hash[2:]),
            act.uri,
            act.version,
            bytes.fromhex(act.signature[2:]),
        ]
        data = encode_call("attest(uint256,bytes32,string,uint32,bytes)", arguments)
        return Call(act.by, directory.disclosure_of(act.instrument), data)

    def _set_paying_agent(self, act: acts.SetPayingAgent, directory: Directory) -> Call:
        arguments = [directory.address_of(act.agent)]
        return self._by_issuer(act.instrument, directory, "setPayingAgent(address)", arguments)

    def _record_fixing(self, act: acts.RecordFixing, directory: Directory) -> Call:
        data = encode_call("recordFixing(uint256,uint32,string)", [act.coupon, act.rate_millionths, act.source])
        return Call(act.by, directory.instrument(act.instrument).address, data)

    # ---- paying agents -----------------------------------------------------------------------------------------------

    def _elect_accounts(self, act: acts.ElectAccounts, directory: Directory) -> Call:
        accounts = [directory.instrument(account).address for account in act.accounts.values()]
        if not act.as_operator:
            return self._on_agent(act, directory, "electAccount(address)", accounts)
        holders = [directory.address_of(holder) for holder in act.accounts]
        return self._on_agent(act, directory, "electAccounts(address[],address[])", [holders, accounts])

    def _open_distribution(self, act: acts.OpenDistribution, directory: Directory) -> Call:
        function, takes_index = _OPENINGS[act.distribution]
        return self._on_agent(act, directory, function, [act.index] if takes_index else [])

    def _pay_distribution(self, act: acts.PayDistribution, directory: Directory) -> Call:
        distribution = distribution_id(act.distribution, act.index)
        return self._on_agent(act, directory, "pay(uint256,uint256)", [distribution, act.count])

    def _claim_payment(self, act: acts.ClaimPayment, directory: Directory) -> Call:
        arguments = [distribution_id(act.distribution, act.index), directory.address_of(act.holder)]
        return self._on_agent(act, directory, "claim(uint256,address)", arguments)

    def _return_surplus(self, act: acts.ReturnSurplus, directory: Directory) -> Call:
        arguments = [directory.instrument(act.quantity.instrument).address, act.quantity.amount]
        return self._on_agent(act, directory, "returnSurplus(address,uint256)", arguments)

    def _on_agent(self, act: Any, directory: Directory, signature: str, arguments: Sequence[Any]) -> Call:
        return Call(act.by, directory.address_of(act.agent), encode_call(signature, arguments))

    # ---- bills of lading ---------------------------------------------------------------------------------------------

    def _issue_bill(self, act: bills.IssueBill, directory: Directory) -> Call:
        return self._by_issuer(act.instrument, directory, f"issue({_NEW_BILL})", _new_bill(act, directory))

    def _reissue_bill(self, act: bills.ReissueBill, directory: Directory) -> Call:
        arguments = [title_id(act.replaces), *_new_bill(act, directory)]
        return self._by_issuer(act.instrument, directory, f"reissue(uint256,{_NEW_BILL})", arguments)

    def _issue_bill_from_paper(self, act: bills.IssueBillFromPaper, directory: Directory) -> Call:
        replaces = 0 if act.replaces is None else title_id(act.replaces)
        arguments = [*_new_bill(act, directory), replaces, bytes.fromhex(act.statement_hash[2:])]
        return self._by_issuer(act.instrument, directory, f"issueFromPaper({_NEW_BILL},uint256,bytes32)", arguments)

    def _endorse_bill(self, act: bills.EndorseBill, directory: Directory) -> Call:
        if act.endorsee is None:
            return _on_bill(act, directory, "blankEndorse")
        function = _ENDORSEMENTS[act.endorsement]
        return _on_bill(act, directory, function, ("address", directory.address_of(act.endorsee)))

    def _sign_bill(self, act: bills.SignBill, directory: Directory) -> Call:
        return _on_bill(act, directory, "sign", ("bytes32", bytes.fromhex(act.statement_hash[2:])))

    def _entrust_bill(self, act: bills.EntrustBill, directory: Directory) -> Call:
        terms = ("address", directory.address_of(act.receiver)), ("uint64", act.realisable_from)
        return _on_bill(act, directory, "entrust", *terms)

    def _revoke_entrustment(self, act: bills.RevokeEntrustment, directory: Directory) -> Call:
        return _on_bill(act, directory, "revokeEntrustment", ("address", directory.address_of(act.receiver)))

    def _accept_entrustment(self, act: bills.AcceptEntrustment, directory: Directory) -> Call:
        terms = ("address", directory.address_of(act.giver)), ("uint64", act.realisable_from)
        return _on_bill(act, directory, "acceptEntrustment", *terms)

    def _renounce_entrustment(self, act: bills.RenounceEntrustment, directory: Directory) -> Call:
        return _on_bill(act, directory, "renounceEntrustment", ("address", directory.address_of(act.giver)))

    def _surrender_bill(self, act: bills.SurrenderBill, directory: Directory) -> Call:
        return _on_bill(act, directory, _SURRENDERS[act.step])

    def _surrender_bill_for_amendment(self, act: bills.SurrenderBillForAmendment, directory: Directory) -> Call:
        return _on_bill(act, directory, "surrenderForAmendment", ("bytes4", act.reason.encode().ljust(4, b"\0")))

    def _accept_switch_to_paper(self, act: bills.AcceptSwitchToPaper, directory: Directory) -> Call:
        return _on_bill(act, directory, "acceptSwitchToPaper", ("bytes32", bytes.fromhex(act.statement_hash[2:])))

    def _hand_over_bill(self, act: bills.HandOverBill, directory: Directory) -> Call:
        target = directory.instrument(act.to_register).address
        digest = bytes.fromhex((act.chain_digest or "")[2:])
        return _on_bill(act, directory, "handOver", ("address", target), ("bytes32", digest))

    def _transfer(self, act: acts.Transfer, directory: Directory) -> Call:
        data = encode_call("transfer(address,uint256)", [directory.address_of(act.receiver), act.quantity.amount])
        return Call(act.giver, directory.instrument(act.quantity.instrument).address, data)

    def _by_issuer(self, instrument: str, directory: Directory, signature: str, arguments: Sequence[Any]) -> Call:
        record = directory.instrument(instrument)
        return Call(record.issuer, record.address, encode_call(signature, arguments))

    # ---- engine ------------------------------------------------------------------------------------------------------

    def _settle(self, act: acts.Settle, directory: Directory) -> Call:
        return self._with_consents("settle", act.instruction, act.consents, directory)

    def _lock(self, act: acts.Lock, directory: Directory) -> Call:
        return self._with_consents("lock", act.instruction, act.consents, directory)

    def _settle_locked(self, act: acts.SettleLocked, directory: Directory) -> Call:
        return self._with_consents("settleLocked", act.instruction, act.consents, directory)

    def _settle_batch(self, act: acts.SettleBatch, directory: Directory) -> Call:
        accounts, items = encode_items(
            [(instruction_values(item.instruction, directory), consent_values(item.consents)) for item in act.items]
        )
        data = encode_call("settleBatch(address[],bytes,uint8)", [accounts, items, BATCH_MODES[act.mode]])
        return Call(OPERATOR, self._deployment.engine, data)

    def _cancel(self, act: acts.Cancel, directory: Directory) -> Call:
        signature = f"cancel({INSTRUCTION_ABI},string,{CONSENTS_ABI})"
        values = instruction_values(act.instruction, directory)
        data = encode_call(signature, [values, act.reason, consent_values(act.cancellations)])
        return Call(OPERATOR, self._deployment.engine, data)

    def _expire(self, act: acts.Expire, directory: Directory) -> Call:
        data = encode_call(f"expire({INSTRUCTION_ABI})", [instruction_values(act.instruction, directory)])
        return Call(OPERATOR, self._deployment.engine, data)

    def _release_leg(self, act: acts.ReleaseLeg, directory: Directory) -> Call:
        arguments = [instruction_values(act.instruction, directory), act.leg]
        data = encode_call(f"releaseLeg({INSTRUCTION_ABI},uint256)", arguments)
        return Call(OPERATOR, self._deployment.engine, data)

    def _with_consents(
        self, function: str, instruction: Instruction, consents: Sequence[Consent], directory: Directory
    ) -> Call:
        data = encode_call(
            f"{function}({INSTRUCTION_ABI},{CONSENTS_ABI})",
            [instruction_values(instruction, directory), consent_values(consents)],
        )
        return Call(OPERATOR, self._deployment.engine, data)


def encode_call(signature: str, arguments: Sequence[Any]) -> bytes:
    """Selector and arguments. `eth_abi` directly: the contract object's encoder is many times slower."""
    return function_signature_to_4byte_selector(signature) + encode(argument_types(signature), arguments)


def argument_types(signature: str) -> list[str]:
    """The types in a function signature, tuples kept whole."""
    inner = signature[signature.index("(") + 1 : -1]
    types, depth, start = [], 0, 0
    for position, character in enumerate(inner):
        if character == "," and depth == 0:
            types.append(inner[start:position])
            start = position + 1
        depth += (character == "(") - (character == ")")
    return [*types, inner[start:]] if inner else []


def consent_values(consents: Sequence[Consent]) -> list[tuple[str, bytes]]:
    """Consents as the engine's ABI takes them."""
    return [(consent.address, bytes.fromhex(consent.signature[2:])) for consent in consents]


def _new_bill(act: bills.NewBill, directory: Directory) -> list[Any]:
    """The arguments that every way to issue a bill takes."""
    endorsee = act.endorsee or (None if act.bill_kind == "blank" else act.holder)
    return [
        directory.address_of(act.holder),
        act.document_reference,
        bytes.fromhex(act.document_hash[2:]),
        get_args(bills.BillKind).index(act.bill_kind),
        directory.address_of(endorsee) if endorsee else _NOBODY,
    ]


def _on_bill(act: bills.BillAct, directory: Directory, function: str, *more: tuple[str, Any]) -> Call:
    """A call about one bill, by who acts; `more` are types and values of the arguments after the bill's id."""
    signature = f"{function}({','.join(['uint256', *(kind for kind, _ in more)])})"
    data = encode_call(signature, [title_id(act.document_reference), *(value for _, value in more)])
    return Call(act.by, directory.instrument(act.instrument).address, data)


def _booking_reference(reference: str) -> bytes:
    """Up to 32 bytes as they are; longer references by hash."""
    raw = reference.encode()
    return raw.ljust(32, b"\0") if len(raw) <= 32 else title_id(reference).to_bytes(32)
