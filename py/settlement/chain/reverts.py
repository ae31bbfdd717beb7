"""Turns what a contract reverted with into a reason that a program and a person can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address

from settlement.chain.artifacts import Abi, Artifacts
from settlement.chain.powers import POWERS
from settlement.errors import Reason

Naming = Callable[[str], str]
"""What a person calls an address."""

INSTRUCTION_STATUSES = ("open", "locked", "settled", "cancelled", "expired")
"""By the value of InstructionStatus in contracts/types/Settlement.sol."""

PARTY_STATUSES = ("unknown", "active", "suspended", "frozen")
"""By the value of PartyStatus in contracts/types/Participation.sol."""

BILL_STATUSES = (
    "none",
    "issued",
    "pending surrender for amendment",
    "surrendered for amendment",
    "pending surrender for delivery",
    "surrendered for delivery",
    "voided",
    "handed over",
)
"""By the value of BillStatus in contracts/types/Bill.sol."""

BOND_STATUSES = ("closing", "live", "redeeming", "repaid", "exited")
"""By the value of BondStatus in contracts/types/Bond.sol."""

DISTRIBUTIONS = ("coupon", "repayment", "redemption", "early redemption")
"""By the value of Kind in contracts/interfaces/IPayingAgent.sol."""

ROLES = (
    "central bank",
    "bank",
    "issuer",
    "custodian",
    "investor",
    "corporate",
    "carrier",
    "paying agent",
    "external reviewer",
)
"""By the bit of Roles in contracts/types/Participation.sol."""

SENTENCES: dict[str, str] = {
    # ---- the engine ----
    "Engine_BankMismatch": "the deposits that leg {leg} is paid in name a bank that is not their issuer",
    "Engine_BatchMalformed": "the batch is cut short at {index}, or names an account not in its list",
    "Engine_BatchOutOfGas": "the batch ran low on gas at position {index}",
    "Engine_BatchSize": "a batch of {size} is empty or larger than the engine takes",
    "Engine_ConsentInvalid": "the consent of {party} is not its signature over this instruction",
    "Engine_ConsentMissing": "{party} has to consent and has not",
    "Engine_Expired": "the deadline {deadline} has passed; it is {timestamp}",
    "Engine_LegCount": "an instruction of {legs} legs has none, or more than the engine takes",
    "Engine_LegNotHeld": "leg {leg} is not on hold for this instruction",
    "Engine_NotExpired": "the deadline {deadline} has not passed; it is {timestamp}",
    "Engine_NotSelf": "{caller} called a function that only the engine calls",
    "Engine_ReasonTooLong": "a reason of {length} bytes is longer than the engine takes",
    "Engine_ReserveMismatch": "leg {leg} joins deposits that settle in different wholesale money",
    "Engine_TooEarly": "it may settle from {notBefore} on; it is {timestamp}",
    "Engine_UnexpectedStatus": "nonce {nonce} of these parties is {status}, which does not allow this",
    "Engine_WindowEmpty": "its window ends at {deadline}, before it begins at {notBefore}",
    # ---- participation ----
    "Registry_InstrumentAlreadyAdmitted": "{instrument} is admitted already",
    "Registry_InstrumentNotAdmitted": "{instrument} is not an admitted instrument",
    "Registry_InvalidAdmission": "the admission of {subject} names no role, no address or no kind",
    "Registry_IssuerMismatch": "{instrument} is issued by {actual}, not by {issuer}",
    "Registry_PartyNotActive": "{party} is not active; it is {status}",
    "Registry_RoleMissing": "{party} lacks the role {role}",
    "Registry_UnexpectedPartyStatus": "{party} is {status}, which does not allow this",
    # ---- powers ----
    "DualControl_IncompatibleRole": (
        "{account} cannot have the role {role}: it is nobody, it has another part in dual control, "
        "or only dual control itself has that role"
    ),
    "DualControl_NotRevocable": (
        "{account} does not have the role {role} of {target}, or is dual control, whose own powers are not revoked"
    ),
    "DualControl_RoleVacant": "nobody would be left with the role {role}: grant it to another first",
    # ---- all instruments ----
    "Instrument_HoldExists": "there is a hold {holdId} already",
    "Instrument_HoldUnknown": "there is no outstanding hold {holdId}",
    "Instrument_InsufficientFree": "{owner} has {free} free and {needed} is needed",
    "Instrument_InvalidQuantity": "the quantity {quantity} is zero or larger than an account can carry",
    "Instrument_NotEngine": "{caller} is not the engine, which alone may do this",
    "Instrument_NotIssuer": "{caller} is not the issuer, who alone may do this",
    "Instrument_SelfMovement": "{party} would give to itself",
    "Title_NotOwner": "{party} does not own the title {titleId}",
    "Title_OnHold": "the title {titleId} is on hold under {holdId}",
    "Title_SettlementOnly": "the title {titleId} passes by a settled instruction only",
    # ---- which register has a bill ----
    "ControlTracking_DocumentHasLiveRecord": (
        "the document {documentHash} has a live bill already: {titleId}, in the register {register}"
    ),
    "ControlTracking_InvalidBill": "what would pass is not the bill on record under that title, or is not issued",
    "ControlTracking_InvalidTarget": (
        "the bill cannot pass to {register}, which has it already, or is another carrier's register"
    ),
    "ControlTracking_NotAdmitted": "{register} is not admitted as a register of bills",
    "ControlTracking_NotInControl": "{caller} has no live bill of the document {documentHash}; {register} has it",
    "ControlTracking_ReferenceTaken": (
        "{carrier} has used the document reference {documentReference!r}, version {subReference}, already: "
        "the register {register} has that bill"
    ),
    # ---- money ----
    "AccountMoney_AccountBlocked": "the account of {holder} is blocked by its issuer",
    "AccountMoney_AccountExists": "{holder} has an account already",
    "AccountMoney_AccountNotEmpty": "the account of {holder} still holds {balance}",
    "AccountMoney_BookingReferenceUsed": "the booking reference {bookingReference} is used already",
    "AccountMoney_NoAccount": "{holder} has no account",
    # ---- assets ----
    "BillOfLading_ChainDigestMissing": "the bill {titleId} would be handed over without a digest of its chain",
    "BillOfLading_EntrustmentInUse": "{receiver} has possession of the bill {titleId} under what would be changed",
    "BillOfLading_EntrustmentNotAccepted": (
        "{receiver} has not agreed to have the bill {titleId} without title, which {titleholder} would keep"
    ),
    "BillOfLading_InvalidEndorsee": "{endorsee} cannot be the endorsee: it is the carrier, or the bill is blank",
    "BillOfLading_InvalidEntrustment": (
        "{receiver} cannot have possession of the bill {titleId} alone: it is nobody, the same party or the carrier, "
        "or the bill is blank"
    ),
    "BillOfLading_InvalidReference": (
        "the document reference {documentReference!r} is empty or longer than 20 bytes in UTF-8"
    ),
    "BillOfLading_NotControlTracking": (
        "{caller} is not the control tracking registry, which alone has a bill taken over"
    ),
    "BillOfLading_NotInControl": "{caller} is not in control of the bill {titleId}",
    "BillOfLading_NotEntrusted": (
        "{receiver} is neither {titleholder}, who has title to the bill {titleId}, nor entrusted by it"
    ),
    "BillOfLading_NotSurrenderedBy": "{holder} did not surrender the bill {titleId}, and cannot get the one after it",
    "BillOfLading_NotTitleholder": "{caller} has possession of the bill {titleId} and not title",
    "BillOfLading_Replaced": "the bill {replacedBy} has taken the place of {titleId} already",
    "BillOfLading_StatementMissing": "a change of medium takes the hash of a statement",
    "BillOfLading_TitleCannotPass": "{endorsee}, who has title to the bill {titleId}, cannot pass it on",
    "BillOfLading_UnexpectedReason": "the reason {reason!r} of the bill {titleId} is not DCSA's, or not for this act",
    "BillOfLading_UnexpectedStatus": "the bill {titleId} is {status}, which does not allow this",
    "BillOfLading_UnknownEntrustment": "{giver} has not entrusted {receiver} with the bill {titleId} on such terms",
    "GreenBond_BelowMinimumDenomination": (
        "{holder} would have {position} free or on hold, less than the minimum denomination {minimum}"
    ),
    "GreenBond_FixingMissing": "the index of coupon {coupon} is not fixed yet",
    "GreenBond_FixingNotDue": "coupon {coupon} does not exist, is fixed already, or cannot have such a rate",
    "GreenBond_InvalidIsin": "{isin} is not an ISIN: its form or its check digit is wrong",
    "GreenBond_InvalidTerms": "dates, nominal or denominations of the bond contradict each other",
    "GreenBond_NominalExceeded": "{issued} would be issued in all; the terms allow {nominal}",
    "GreenBond_InvalidSchedule": "entry {coupon} of the schedule contradicts the terms or the entries before it",
    "GreenBond_NotCalculationAgent": "{caller} is not the calculation agent, who alone records fixings",
    "GreenBond_NotDelivered": "{delivered} was delivered and {allocated} allocated: deliver, cancel or allocate again",
    "GreenBond_NotInIncrement": "{quantity} is not a multiple of the increment {increment}",
    "GreenBond_NotPayingAgent": "{caller} is not the bond's paying agent, who alone redeems what holders have",
    "GreenBond_PayingAgentKnown": "the bond has its paying agent already",
    "GreenBond_NotOfThisBond": "{account} is not of this bond",
    "GreenBond_DisclosureKnown": "the bond has its disclosure already: dates that were promised stay promised",
    "GreenBond_UnexpectedStatus": "the bond is {status}, which does not allow this",
    # ---- paying agents ----
    "PayingAgent_AfterClosing": "the register was closed, or has gone on elsewhere, before the record time of {id}",
    "PayingAgent_AlreadyOpened": "{id} was opened already",
    "PayingAgent_ClosedPeriod": "a record time has passed: the coupon of that period comes first, on day {day}",
    "PayingAgent_InsufficientFunds": "the paying agent has {free} that is owed to nobody, and {id} takes {due}",
    "PayingAgent_NoAccount": "{holder} has no account to be paid in: elect one",
    "PayingAgent_OutOfGas": "too little gas was given for {id} to tell a payment that fails from one that is starved",
    "PayingAgent_NoReason": "a payment of {id} failed without a reason",
    "PayingAgent_NotAllowed": "{caller} may not tell the paying agent this",
    "PayingAgent_NothingDue": "nobody is entitled to anything of {id}",
    "PayingAgent_NothingToPay": "{id} was not opened, or all of it has been paid or set aside",
    "PayingAgent_OtherCurrency": "{account} settles in other money than the paying agent's deposits",
    "PayingAgent_TooEarly": "{id} is paid from {time} on",
    "PositionHistory_RecordNotPassed": "record time {record} has not passed, or does not exist",
    # ---- disclosure ----
    "GreenDisclosure_CommitmentCount": "{count} disclosures are promised: there is at least one, and at most 64",
    "GreenDisclosure_InvalidCommitment": (
        "commitment {commitment} names nobody who attests, or the issuer as its own external reviewer"
    ),
    "GreenDisclosure_InvalidSignature": (
        "the signature is not that of {attester} over this version of commitment {commitment}"
    ),
    "GreenDisclosure_InvalidUseOfProceeds": "the use of proceeds {useOfProceeds} is no set of the ten categories",
    "GreenDisclosure_NoDocument": "the attestation of commitment {commitment} names no document",
    "GreenDisclosure_NotIssuer": "{caller} is not the bond's issuer, who alone promises its disclosures",
    "GreenDisclosure_UnexpectedVersion": "version {version} of commitment {commitment} is not {expected}, the next",
    "GreenDisclosure_UnknownCommitment": "there is no commitment {commitment}",
    "GreenDisclosure_UnknownVersion": "there is no version {version} of commitment {commitment}",
    # ---- libraries: what integrators meet who use the token standards directly ----
    "AccessControlBadConfirmation": "a role can only be given up by its holder",
    "AccessControlUnauthorizedAccount": "{account} lacks the administrative role {neededRole}",
    "AddressEmptyCode": "there is no contract at {target}",
    "ECDSAInvalidSignature": "the signature is not one",
    "ECDSAInvalidSignatureLength": "a signature of {length} bytes is not one",
    "ECDSAInvalidSignatureS": "the signature is not in its canonical form",
    "ERC1155InsufficientBalance": "{sender} has {balance} of {tokenId} and {needed} is needed",
    "ERC1155InvalidApprover": "{approver} cannot approve",
    "ERC1155InvalidArrayLength": "{idsLength} ids and {valuesLength} values do not pair",
    "ERC1155InvalidOperator": "{operator} cannot be an operator",
    "ERC1155InvalidReceiver": "{receiver} cannot receive",
    "ERC1155InvalidSender": "{sender} cannot send",
    "ERC1155MissingApprovalForAll": "{owner} has not approved {operator}",
    "ERC20InsufficientAllowance": "{spender} may spend {allowance} and {needed} is needed",
    "ERC20InsufficientBalance": "{sender} has {balance} and {needed} is needed",
    "ERC20InvalidApprover": "{approver} cannot approve",
    "ERC20InvalidReceiver": "{receiver} cannot receive",
    "ERC20InvalidSender": "{sender} cannot send",
    "ERC20InvalidSpender": "{spender} cannot be a spender",
    "ERC5267ExtensionsNotSupported": "extensions of the signing domain are not supported",
    "ERC721IncorrectOwner": "{owner} owns the title {tokenId}, not {sender}",
    "ERC721InsufficientApproval": "{operator} is not approved for the title {tokenId}",
    "ERC721InvalidApprover": "{approver} cannot approve",
    "ERC721InvalidOperator": "{operator} cannot be an operator",
    "ERC721InvalidOwner": "{owner} cannot own a title",
    "ERC721InvalidReceiver": "{receiver} cannot receive a title",
    "ERC721InvalidSender": "{sender} cannot send a title",
    "ERC721NonexistentToken": "there is no title {tokenId}",
    "FailedCall": "what was called failed without a reason",
    "FailedDeployment": "a contract could not be deployed",
    "InsufficientBalance": "{balance} of the chain's own money is there and {needed} is needed",
    "InvalidShortString": "a short text is not encoded as one",
    "MissingPrecompile": "the chain lacks a contract that is built into others",
    "ReentrancyGuardReentrantCall": "a contract was called again while it was at work",
    "SafeCastOverflowedIntDowncast": "{value} does not fit into {bits} bits",
    "SafeCastOverflowedIntToUint": "{value} is negative",
    "SafeCastOverflowedUintDowncast": "{value} does not fit into {bits} bits",
    "SafeCastOverflowedUintToInt": "{value} is too large",
    "TimelockInsufficientDelay": "a delay of {delay} s is shorter than {minDelay} s",
    "TimelockInvalidOperationLength": "{targets} targets, {values} values and {payloads} calls do not pair",
    "TimelockUnauthorizedCaller": "{caller} is not dual control itself, which alone changes its delay",
    "TimelockUnexecutedPredecessor": "the proposal {predecessorId} has to be executed before",
    "TimelockUnexpectedOperationState": "the proposal {operationId} is not {expectedStates}",
    "StringTooLong": "the text {str!r} is too long",
    "StringsInsufficientHexLength": "{value} does not fit into {length} hexadecimal bytes",
    "StringsInvalidAddressFormat": "a text is not an address",
    "StringsInvalidChar": "a text holds a character that is not allowed in it",
    # ---- built into the language ----
    "Error": "{message}",
    "Panic": "the contract failed a check of its own: {code}",
}
"""One sentence per error of any ABI; arguments by name."""

_PANICS = {
    0x01: "an assertion does not hold",
    0x11: "a result is out of range",
    0x12: "a division by zero",
    0x21: "a value is not one of its enumeration",
    0x22: "stored bytes are not encoded as such",
    0x31: "nothing is left to remove",
    0x32: "an index is out of bounds",
    0x41: "too much memory is asked for",
    0x51: "an internal function is not set",
}

_STATUSES = {
    "Engine_UnexpectedStatus": INSTRUCTION_STATUSES,
    "Registry_PartyNotActive": PARTY_STATUSES,
    "Registry_UnexpectedPartyStatus": PARTY_STATUSES,
    "BillOfLading_UnexpectedStatus": BILL_STATUSES,
    "GreenBond_UnexpectedStatus": BOND_STATUSES,
}
_TIMES = {"deadline", "notBefore", "time", "timestamp"}
_TITLES = {"titleId", "tokenId", "replacedBy"}


def decode_revert(data: Any, artifacts: Artifacts, naming: Naming | None = None) -> Reason:
    """The reason behind revert data.

    Args:
        data: Bytes, `0x…`, or whatever a node put into an error's `data`: Hardhat nests it one level deeper.
        artifacts: Knows every error by its selector.
        naming: What the sentence calls an address; by default the address.

    Returns:
        The reason: `Reverted` where there is no data, `UnknownError` where nobody knows its selector.
        Arguments are plain: bytes as `0x…`, addresses with their checksum, enumerations as numbers.

    """
    raw = _find(data)
    if not raw:
        return Reason("Reverted", {}, "reverted without a reason")
    text = "0x" + raw.hex()
    abi = artifacts.errors.get(text[:10])
    if abi is None or len(raw) < 4:
        return Reason("UnknownError", {"data": text}, "reverted with an error that no contract here declares")
    try:
        values = decode([collapse_if_tuple(item) for item in abi["inputs"]], raw[4:])
    except (DecodingError, OverflowError, ValueError):
        return Reason("UnknownError", {"data": text}, f"reverted with a {abi['name']} that cannot be read")
    names = [item["name"] or str(position) for position, item in enumerate(abi["inputs"])]
    plain = [_plain(item["type"], value) for item, value in zip(abi["inputs"], values, strict=True)]
    arguments = dict(zip(names, plain, strict=True))
    return Reason(abi["name"], arguments, _sentence(abi, arguments, naming or (lambda address: address)))


def reason_of(error: BaseException, artifacts: Artifacts, naming: Naming | None = None) -> Reason | None:
    """The reason inside an exception of web3 or of `Rpc`; None where it is not about a revert."""
    for holder in _data_of(error):
        if raw := _find(holder):
            return decode_revert(raw, artifacts, naming)
    if "revert" in str(error).lower():
        return decode_revert(b"", artifacts, naming)
    return None


def _data_of(error: BaseException) -> Iterator[Any]:
    """Wherever revert data has been seen: most telling first."""
    yield getattr(error, "data", None)
    response = getattr(error, "rpc_response", None)
    if isinstance(response, Mapping) and isinstance(response.get("error"), Mapping):
        yield response["error"].get("data")
    # ContractCustomError is raised with the raw hex as its message.
    yield getattr(error, "message", None)
    for argument in error.args:
        yield argument.get("data") if isinstance(argument, Mapping) else argument


def _find(data: Any) -> bytes:
    """Revert data, wherever in an error's data it is; empty where there is none."""
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    if isinstance(data, str):
        digits = data.removeprefix("Reverted ")
        if digits.startswith("0x"):
            try:
                return bytes.fromhex(digits[2:])
            except ValueError:
                return b""
        return b""
    if isinstance(data, Mapping):
        for key in ("data", "result", "return", "originalError"):
            if found := _find(data.get(key)):
                return found
        # Ganache: {transaction hash: {"return": "0x…"}}
        for value in data.values():
            if isinstance(value, Mapping) and (found := _find(value)):
                return found
    return b""


def _plain(kind: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if kind == "address":
        return to_checksum_address(value)
    if isinstance(value, tuple | list):
        inner = kind.rpartition("[")[0]
        return [_plain(inner, item) for item in value]
    return value


def _sentence(abi: Abi, arguments: Mapping[str, Any], naming: Naming) -> str:
    name = abi["name"]
    template = SENTENCES.get(name)
    if template is None:
        return ""
    words = {
        item["name"]: _word(name, item["name"], item["type"], arguments[item["name"]], naming)
        for item in abi["inputs"]
        if item["name"]
    }
    try:
        return template.format(**words)
    except (KeyError, IndexError):
        return ""


def _word(error: str, argument: str, kind: str, value: Any, naming: Naming) -> Any:
    """An argument as a person reads it; amounts stay as they are."""
    if kind == "address":
        return naming(value)
    if kind in ("bytes4", "bytes12"):
        return bytes.fromhex(value[2:]).rstrip(b"\0").decode("ascii", "replace")
    if kind == "bytes32":
        named = _NAMED_BYTES.get(argument, {})
        return named.get(value) or _short(value)
    if error == "Panic":
        return _PANICS.get(value, f"panic {value:#04x}")
    if argument == "status" and error in _STATUSES:
        names = _STATUSES[error]
        return names[value] if value < len(names) else f"in status {value}"
    if argument == "role" and kind == "uint16":
        return _roles(value)
    if argument == "id" and error.startswith("PayingAgent_"):
        return _distribution(value)
    if argument in _COUNTED_FROM_ZERO:
        return value + 1
    if argument in _TIMES:
        return _time(value)
    if argument in _TITLES and value >= 2**64:
        return _short(f"0x{value:064x}")
    return value


_POWERS = {"0x" + role.hex(): name for name, role in POWERS.items()}
_NAMED_BYTES: Mapping[str, Mapping[str, str]] = {
    "role": _POWERS,
    "neededRole": _POWERS,
    "expectedStates": {
        f"0x{1:064x}": "new: it was made before",
        f"0x{4:064x}": "ready: it has to wait, or was never made, or was vetoed or executed",
        f"0x{6:064x}": "pending: it was never made, or was vetoed or executed",
    },
}
"""What the access control and the timelock say in 32 bytes, by the argument's name."""

_COUNTED_FROM_ZERO = frozenset({"record", "coupon", "commitment"})
"""What the contracts count from 0 and people from 1."""


def _distribution(number: int) -> str:
    kind, index = number >> 16, number & 0xFFFF
    if kind >= len(DISTRIBUTIONS):
        return "the surplus"
    return DISTRIBUTIONS[kind] if DISTRIBUTIONS[kind] == "redemption" else f"{DISTRIBUTIONS[kind]} {index + 1}"


def _roles(bits: int) -> str:
    names = [ROLES[bit] for bit in range(16) if bits >> bit & 1 and bit < len(ROLES)]
    return " or ".join(names) or str(bits)


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _short(digits: str) -> str:
    """The beginning of a hash, enough to find it by."""
    return digits[:10] + "…"
