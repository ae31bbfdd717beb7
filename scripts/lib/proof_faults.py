"""A fault or two for each property that scripts/prove proves, and a run that shows that its proof then fails."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from proof_runs import OUT, PROOFS, ROOT, Property, compile_proofs, result_of, run_halmos


@dataclass(frozen=True)
class Fault:
    """One edit of one contract, and the property that is then refuted."""

    property: str
    says: str
    path: str
    old: str
    new: str


FAULTS = [
    Fault(
        "MON_1_AMovementConserves",
        "the receiver is credited one unit more",
        "token/FungibleInstrument.sol",
        "_beforeChange(to, word, period) + amount;",
        "_beforeChange(to, word, period) + amount + 1;",
    ),
    Fault(
        "MON_1_ATransferConserves",
        "a direct transfer credits twice",
        "token/FungibleInstrument.sol",
        "            _bookTransfer(from, to, value);\n",
        "            _bookTransfer(from, to, value);\n            _mintTo(to, value);\n",
    ),
    Fault(
        "MON_1_SupplyFollowsTheAccount",
        "the supply forgets single units",
        "token/FungibleInstrument.sol",
        "        _supply = uint96(supply);\n",
        "        if (amount != 1) _supply = uint96(supply);\n",
    ),
    Fault(
        "MON_1_NothingElseChangesABalance",
        "the end of a hold takes its quantity",
        "token/FungibleInstrument.sol",
        "_accounts[hold.owner] -= uint256(hold.quantity) << _HELD_SHIFT;",
        "_accounts[hold.owner] -= (uint256(hold.quantity) << _HELD_SHIFT) + hold.quantity;",
    ),
    Fault(
        "MON_2_OnlyClientsHoldDeposits",
        "an account is closed with what is in it",
        "money/AccountMoney.sol",
        "        if (balance != 0) revert AccountMoney_AccountNotEmpty(holder, balance);\n",
        "",
    ),
    Fault(
        "MON_2_AStrangerTakesNothing",
        "anybody redeems anybody's money",
        "money/AccountMoney.sol",
        "function redeem(address holder, uint256 amount, bytes32 bookingReference) external onlyIssuer {",
        "function redeem(address holder, uint256 amount, bytes32 bookingReference) external {",
    ),
    Fault(
        "CMP_1_ATransferIsBetweenActiveParties",
        "money moves whose issuer is frozen",
        "token/FungibleInstrument.sol",
        "            _REGISTRY.requireActive(_ISSUER);\n",
        "",
    ),
    Fault(
        "MON_3_ACoveredDebitIsWithinTheMandate",
        "what is used of the day's limit is forgotten",
        "money/TokenizedDeposit.sol",
        "_usedOnDay += uint64(amount);",
        "_usedOnDay = uint64(amount);",
    ),
    Fault(
        "HLD_1_WhatIsHeldStaysAndStaysCovered",
        "what is on hold is free",
        "token/FungibleInstrument.sol",
        "return (word & _AMOUNT_MASK) - ((word >> _HELD_SHIFT) & _AMOUNT_MASK);",
        "return word & _AMOUNT_MASK;",
    ),
    Fault(
        "HLD_1_AHoldIsExactAndEndsOnce",
        "a hold can end again",
        "token/FungibleInstrument.sol",
        "        delete _holds[holdId];\n",
        "",
    ),
    Fault(
        "HLD_1_AnyHoldEndsExactly",
        "a hold ends and its quantity stays held",
        "token/FungibleInstrument.sol",
        "        _accounts[hold.owner] -= uint256(hold.quantity) << _HELD_SHIFT;\n",
        "",
    ),
    Fault(
        "EBL_1_AMovementMovesOneBill",
        "a bill is given by who does not have it",
        "token/TitleInstrument.sol",
        "        _requireFree(giver, titleId);\n",
        "",
    ),
    Fault(
        "EBL_1_AStrangerChangesNothing",
        "anybody endorses a blank bill",
        "assets/BillTitle.sol",
        "        _requireInControl(titleId);\n        _requireTitle(titleId);\n",
        "        _requireTitle(titleId);\n",
    ),
    Fault(
        "DVP_2_SettlesOnceAndInItsWindow",
        "the window's beginning is not looked at",
        "settlement/SettlementEngine.sol",
        "if (block.timestamp < instruction.notBefore) {",
        "if (block.timestamp + 1 hours < instruction.notBefore) {",
    ),
    Fault(
        "DVP_2_EveryGiverHasSigned",
        "a false signature counts",
        "libraries/Signatures.sol",
        "failure == ECDSA.RecoverError.NoError && recovered == party",
        "failure == ECDSA.RecoverError.NoError",
    ),
    Fault(
        "CMP_1_SettlesBetweenActivePartiesOnly",
        "the registry does not look at the receiver",
        "compliance/Registry.sol",
        "            requireActive(leg.receiver);\n",
        "",
    ),
    Fault(
        "MON_1_APaymentIsAddedToBothNets",
        "what a bank owes takes the place of what it owed before",
        "settlement/ReserveNetting.sol",
        "_pack(net + amount, cover)",
        "_pack(net < 0 ? amount : net + amount, cover)",
    ),
    Fault(
        "MON_1_APaymentIsAddedToBothNets",
        "a payment of more than anybody has turns payer and payee round",
        "settlement/ReserveNetting.sol",
        "if (amount == 0 || amount > type(uint96).max)",
        "if (amount == 0)",
    ),
    Fault(
        "MON_3_ReservesMoveBetweenIssuersOnly",
        "whose the payee's deposits are, they say themselves",
        "settlement/IssuingBanks.sol",
        "        if (_issuerOf(registry, address(money)) != bank) return (address(0), reserve);\n",
        "",
    ),
    Fault(
        "MON_1_TheCloseMovesTheNets",
        "a debtor pays a creditor all that it is owed, by whomever",
        "settlement/ReserveNetting.sol",
        "-nets[i].amount < nets[j].amount ? -nets[i].amount : nets[j].amount",
        "nets[j].amount",
    ),
    Fault(
        "AST_1_AMovementConserves",
        "the first movement after a record day forgets what is held",
        "token/PositionHistory.sol",
        "(word & ((1 << _FLAGS_SHIFT) - 1))",
        "(word & _AMOUNT_MASK)",
    ),
    Fault(
        "AST_1_NothingElseChangesABalance",
        "an allocation issues what it allocates",
        "assets/GreenBond.sol",
        "        _allocated = uint96(nominal);\n",
        "        _allocated = uint96(nominal);\n        _mintTo(_ISSUER, nominal);\n",
    ),
    Fault(
        "DVP_1_BothLegsOrNone",
        "the engine forgets the last leg of an instruction",
        "settlement/SettlementEngine.sol",
        "        for (uint256 i = 0; i < legs.length; ++i) {\n            _perform(id, i, legs[i], consenting);",
        "        for (uint256 i = 0; i == 0 || i + 1 < legs.length; ++i) {\n"
        "            _perform(id, i, legs[i], consenting);",
    ),
    Fault(
        "DVP_1_AnItemThatFailsDoesNothing",
        "a leg that is refused is passed over",
        "settlement/SettlementEngine.sol",
        "            IInstrument(instrument).bookTransfer(leg.giver, leg.receiver, leg.quantity);\n",
        "            try IInstrument(instrument).bookTransfer(leg.giver, leg.receiver, leg.quantity) {} catch {}\n",
    ),
    Fault(
        "DVP_2_WhatHasEndedStaysEnded",
        "what is settled or cancelled counts as open or locked",
        "settlement/NonceBook.sol",
        "was = InstructionStatus((word >> shift) & 0xf);",
        "was = InstructionStatus((word >> shift) & 0x1);",
    ),
    Fault(
        "DVP_2_NothingLeavesWithoutAWord",
        "a giver's consent is not asked for",
        "settlement/Consents.sol",
        "            _requireConsent(id, legs[i].giver, consenting);\n",
        "",
    ),
]


def plant(wanted: list[Property]) -> int:
    """Plants the faults of these properties, one at a time, in a copy; returns how many proofs still went through."""
    contracts = {found.name: found.contract for found in wanted}
    faults = [fault for fault in FAULTS if fault.property in contracts]
    with tempfile.TemporaryDirectory(prefix="proof-faults-") as folder:
        copy = Path(folder)
        _copy_repository(copy)
        survivors = [fault for fault in faults if not _is_seen(fault, contracts[fault.property], copy)]
    print(f"{len(faults) - len(survivors)} of {len(faults)} planted faults refuted their property")
    return len(survivors)


def _copy_repository(to: Path) -> None:
    for name in ("contracts", "scripts", str(PROOFS), str(OUT), str(OUT.parent / "cache")):
        shutil.copytree(ROOT / name, to / name, symlinks=True)
    for name in ("foundry.toml", "package.json"):
        shutil.copy(ROOT / name, to)
    (to / "node_modules").symlink_to(ROOT / "node_modules")


def _is_seen(fault: Fault, contract: str, copy: Path) -> bool:
    target = copy / "contracts" / fault.path
    sound = target.read_text("utf-8")
    started = time.monotonic()
    target.write_text(sound.replace(fault.old, fault.new), "utf-8")
    try:
        compile_proofs(copy)
        name = f"check_{fault.property}"
        check = run_halmos(contract, [name], copy, early_exit=True).get(name)
    finally:
        target.write_text(sound, "utf-8")
    result = result_of(check, check)
    print(f"{result:10} {fault.property}: {fault.says} ({time.monotonic() - started:.0f} s)", flush=True)
    return result == "REFUTED"
