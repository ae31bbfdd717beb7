// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../../../contracts/interfaces/IControlTrackingRegistry.sol";
import {Bill, BillAction, BillKind, BillStatus, Entrustment} from "../../../contracts/types/Bill.sol";
import {InstrumentKind, Roles} from "../../../contracts/types/Participation.sol";
import {Carriage} from "../support/Carriage.sol";

/// @dev Books of our own beside the bills of two registers: which register has a bill, who has possession and title, what
/// may be done with each, and what its chain of events says. They are written in handlers only. `bills` is the register in
/// which the act at hand is tried.
abstract contract BillModel is Carriage {
    struct Book {
        /// The register that has it, or had it when it ended.
        IBillOfLading register;
        BillStatus status;
        BillKind kind;
        bool endorsable;
        bool held;
        bytes4 reason;
        address possession;
        address endorsee;
        address surrenderedBy;
        address shipper;
        bytes32 document;
        uint256 replacedBy;
        /// Hash of the whole bill as it ended.
        bytes32 ended;
    }

    /// @dev What somebody who reads nothing but events knows.
    struct Read {
        uint256 entries;
        bool ended;
        bool blank;
        /// Handed over and not yet taken over.
        bool between;
        address register;
        bytes32 digest;
        address possession;
        address endorsee;
    }

    enum Outcome {
        Refused,
        Possession,
        Title
    }

    address[] public parties;
    uint256[] public titles;
    mapping(uint256 title => Book) internal books;
    mapping(uint256 title => Read) internal chains;
    mapping(
        IBillOfLading register
            => mapping(uint256 title => mapping(address giver => mapping(address receiver => Entrustment)))
    ) private _entrustments;
    mapping(address party => bool) internal frozen;
    mapping(IBillOfLading register => bool) internal withdrawn;
    IBillOfLading[2] internal registers;
    IBillOfLading internal foreign;
    /// @dev The first breach of the rule, in words.
    string public breach;
    mapping(string act => uint256) public done;

    function setUp() public virtual override {
        super.setUp();
        parties = [alice, bob, carol, dan, carrier];
        registers = [bills, elsewhere];
        address otherCarrier = addParty("other carrier", Roles.CARRIER);
        foreign = anotherRegister(otherCarrier);
        _admit(address(foreign), otherCarrier, InstrumentKind.Title);
        _begin(title, alice, DOCUMENT, BillKind.ToOrder, alice, 0);
        // Whoever begins to read now knows the first entry.
        chains[title] = Read(1, false, false, false, address(bills), 0, alice, alice);
    }

    function bookOf(uint256 id) external view returns (Book memory) {
        return books[id];
    }

    function chainOf(uint256 id) external view returns (Read memory) {
        return chains[id];
    }

    function theCarrier() external view returns (address) {
        return carrier;
    }

    function counts() external view returns (uint256 bills_, uint256 parties_) {
        return (titles.length, parties.length);
    }

    function theRegisters() external view returns (IBillOfLading[2] memory) {
        return registers;
    }

    function theControl() external view returns (IControlTrackingRegistry) {
        return control;
    }

    // ---- registers ---------------------------------------------------------------------------------------------------

    /// @dev Goes on in the register that has the bill.
    function _at(uint256 id) internal returns (uint256) {
        bills = books[id].register;
        return id;
    }

    function _otherThan(IBillOfLading register) internal view returns (IBillOfLading) {
        return registers[register == registers[0] ? 1 : 0];
    }

    /// @dev Each register has its own: they stay behind.
    function _entrusted(uint256 id)
        internal
        view
        returns (mapping(address giver => mapping(address receiver => Entrustment)) storage)
    {
        return _entrustments[books[id].register][id];
    }

    // ---- rules -------------------------------------------------------------------------------------------------------

    function _live(uint256 id) internal view returns (bool) {
        BillStatus status = books[id].status;
        return status == BillStatus.Issued || _pending(id);
    }

    function _pending(uint256 id) internal view returns (bool) {
        BillStatus status = books[id].status;
        return status == BillStatus.PendingSurrenderForAmendment || status == BillStatus.PendingSurrenderForDelivery;
    }

    function _active(address party) internal view returns (bool) {
        return party != stranger && party != address(0) && !frozen[party];
    }

    function _mayDispose(uint256 id, address who) internal view returns (bool) {
        Book storage book = books[id];
        return book.status == BillStatus.Issued && book.possession == who && !book.held && _active(who);
    }

    function _mayEndorse(uint256 id, address who) internal view returns (bool) {
        Book storage book = books[id];
        bool title_ = book.kind == BillKind.Blank || book.kind == BillKind.ToOrder && book.endorsee == who;
        return _mayDispose(id, who) && title_ && book.endorsable;
    }

    function _maySurrender(uint256 id, address who) internal view returns (bool) {
        Book storage book = books[id];
        bool shipped = book.kind == BillKind.Straight && book.shipper == who;
        return _mayDispose(id, who) && (shipped || book.kind == BillKind.Blank || book.endorsee == who);
    }

    /// @dev What a movement has to do.
    function _outcome(uint256 id, address giver, address receiver) internal view returns (Outcome) {
        Book storage book = books[id];
        if (book.status != BillStatus.Issued || book.possession != giver || giver == receiver || book.held) {
            return Outcome.Refused;
        }
        mapping(address => mapping(address => Entrustment)) storage all = _entrusted(id);
        if (book.kind == BillKind.Straight) {
            if (receiver == book.shipper || receiver == book.endorsee) return Outcome.Possession;
            bool agreed = all[book.shipper][receiver].accepted || all[book.endorsee][receiver].accepted;
            return agreed ? Outcome.Possession : Outcome.Refused;
        }
        if (book.kind == BillKind.Blank) {
            return all[giver][receiver].given ? Outcome.Refused : Outcome.Possession;
        }
        if (book.endorsee == receiver || all[book.endorsee][receiver].accepted) return Outcome.Possession;
        if (!book.endorsable) return Outcome.Refused;
        if (book.endorsee == giver) return all[giver][receiver].given ? Outcome.Refused : Outcome.Title;
        Entrustment storage pledge = all[book.endorsee][giver];
        bool due = pledge.accepted && pledge.realisableFrom != 0 && block.timestamp >= pledge.realisableFrom;
        return due && !frozen[book.endorsee] ? Outcome.Title : Outcome.Refused;
    }

    // ---- books -------------------------------------------------------------------------------------------------------

    function _begin(uint256 id, address holder, bytes32 document, BillKind kind, address endorsee, uint256 old)
        internal
    {
        Book storage book = books[id];
        _expect(book.status == BillStatus.None, "a bill began twice");
        titles.push(id);
        (book.register, book.status, book.kind, book.document) = (bills, BillStatus.Issued, kind, document);
        (book.possession, book.endorsee, book.endorsable) = (holder, endorsee, kind != BillKind.Straight);
        book.shipper = old == 0 ? holder : books[old].shipper;
        if (old != 0) books[old].replacedBy = id;
    }

    function _finish(uint256 id, BillStatus status) internal {
        Book storage book = books[id];
        (book.status, book.possession) = (status, address(0));
        book.ended = _fingerprint(id);
    }

    /// @dev All of a bill but which one takes its place.
    function _fingerprint(uint256 id) internal view returns (bytes32) {
        Bill memory found = books[id].register.bill(id);
        found.replacedBy = 0;
        return keccak256(abi.encode(found));
    }

    function isAsItEnded(uint256 id) external view returns (bool) {
        return books[id].ended == 0 || books[id].ended == _fingerprint(id);
    }

    function liveBillsOf(bytes32 document) external view returns (uint256 count, uint256 last) {
        for (uint256 i = 0; i < titles.length; ++i) {
            if (books[titles[i]].document != document || !_live(titles[i])) continue;
            (count, last) = (count + 1, titles[i]);
        }
    }

    function _expect(bool holdsTrue, string memory what) internal {
        if (!holdsTrue && bytes(breach).length == 0) breach = what;
    }

    // ---- calls, and the events they leave ----------------------------------------------------------------------------

    /// @dev Makes the call; notes a breach unless it succeeds exactly where it may.
    function _attempt(address caller, bytes memory input, bool allowed, string memory act) internal returns (bool ok) {
        vm.recordLogs();
        vm.prank(caller);
        (ok,) = address(bills).call(input);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _expect(ok || !allowed, string.concat("refused: ", act));
        _expect(!ok || allowed, string.concat("let through: ", act));
        if (!ok) return false;
        ++done[act];
        for (uint256 i = 0; i < logs.length; ++i) {
            _read(logs[i]);
        }
    }

    function _read(Vm.Log memory log) private {
        if (log.topics[0] == IBillOfLading.BillIssued.selector) {
            (,, BillKind kind, address endorsee,) = abi.decode(log.data, (string, uint16, BillKind, address, uint256));
            (chains[uint256(log.topics[1])].blank, chains[uint256(log.topics[1])].endorsee) =
            (kind == BillKind.Blank, endorsee);
        }
        if (log.topics[0] != IBillOfLading.BillTransaction.selector) return;
        Read storage chain = chains[uint256(log.topics[1])];
        BillAction action = BillAction(uint256(log.topics[2]));
        (address recipient, bytes32 data) = abi.decode(log.data, (address, bytes32));
        _expect((action == BillAction.Issue) == (chain.entries == 0), "an issue is the first entry, and the only one");
        _expect(!chain.ended, "an entry follows the last one");
        _expect(chain.between == (action == BillAction.TakeOver), "what is handed over is taken over next");
        ++chain.entries;
        if (action == BillAction.Issue) chain.register = log.emitter;
        if (action == BillAction.TakeOver) {
            _expect(log.emitter != chain.register, "a register takes its own bill over");
            _expect(recipient == chain.possession && data == chain.digest, "something else was taken over");
            (chain.register, chain.between) = (log.emitter, false);
        }
        _expect(log.emitter == chain.register, "an entry in a register that has not got the bill");
        if (action == BillAction.Sacc || action == BillAction.Void) {
            (chain.ended, chain.possession, chain.endorsee) = (true, address(0), address(0));
        } else if (action == BillAction.Endorse || action == BillAction.EndorseToOrder) {
            (chain.endorsee, chain.blank) = (recipient, false);
        } else if (action == BillAction.BlankEndorse) {
            (chain.endorsee, chain.blank) = (address(0), true);
        } else if (action == BillAction.HandOver) {
            (chain.between, chain.digest) = (true, data);
        } else if (action != BillAction.Sign) {
            chain.possession = recipient;
            if (action == BillAction.TransferWithTitle) chain.endorsee = recipient;
        }
    }
}
