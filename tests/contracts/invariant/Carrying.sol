// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {BillKind, BillStatus, Entrustment} from "../../../contracts/types/Bill.sol";
import {InstrumentKind} from "../../../contracts/types/Participation.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {BillModel} from "./BillModel.sol";

/// @dev What happens to bills of lading: every act, by whom it is for and by others, in any order, in two registers of one
/// carrier.
contract Carrying is BillModel {
    uint256 public constant DOCUMENTS = 6;

    function acts() external pure returns (bytes4[] memory list) {
        list = new bytes4[](18);
        list[0] = this.begin.selector;
        list[1] = this.endorse_.selector;
        list[2] = this.endorse_.selector;
        list[3] = this.signStatement.selector;
        list[4] = this.changeEntrustment.selector;
        list[5] = this.answerEntrustment.selector;
        list[6] = this.moveOne.selector;
        list[7] = this.moveOne.selector;
        list[8] = this.moveOne.selector;
        list[9] = this.surrender.selector;
        list[10] = this.answer.selector;
        list[11] = this.holdOrRelease.selector;
        list[12] = this.surroundings.selector;
        list[13] = this.pledge.selector;
        list[14] = this.amend.selector;
        list[15] = this.takeBack.selector;
        list[16] = this.handOver.selector;
        list[17] = this.actAstray.selector;
    }

    // ---- a bill begins -----------------------------------------------------------------------------------------------

    /// @dev Few documents, so that a second live bill is often tried; in the place of another one, or not.
    function begin(uint256 seed) external {
        seed = _mix(seed);
        uint256 way = seed % 4;
        _beginOne(seed, way, way < 2 ? 0 : _old(seed >> 8, way == 3));
    }

    function _beginOne(uint256 seed, uint256 way, uint256 old) private {
        (BillKind kind, address endorsee) = (BillKind((seed >> 16) % 3), _party(seed >> 24));
        if (kind == BillKind.Blank && seed >> 32 & 7 != 0) endorsee = address(0);
        address holder = way == 2 && seed >> 40 & 3 != 0 ? books[old].surrenderedBy : _party(seed >> 48);
        if (kind != BillKind.Blank && seed >> 80 & 1 == 0) endorsee = holder;
        bytes32 document = bytes32(1 + (seed >> 56) % DOCUMENTS);
        bytes32 statement = seed >> 64 & 7 == 0 ? bytes32(0) : bytes32("statement");
        string memory text = vm.toString(titles.length);
        if (old != 0 && seed >> 72 & 1 == 0) text = books[old].register.bill(old).documentReference;
        bills = old == 0 ? registers[seed >> 96 & 1] : books[old].register;
        bool allowed = _active(holder) && !frozen[carrier] && !_hasLive(document) && !withdrawn[bills]
            && (kind == BillKind.Blank ? endorsee == address(0) : _active(endorsee));
        if (old == 0 && seed >> 104 & 7 == 0) {
            // A reference that is used, in one of the two.
            uint256 other = titles[(seed >> 112) % titles.length];
            (text, allowed) = (books[other].register.bill(other).documentReference, false);
        }
        if (way == 1 || way == 3) allowed = allowed && statement != 0;
        if (old != 0) {
            allowed = allowed && _replaceable(old, way == 3) && (way == 3 || holder == books[old].surrenderedBy);
        }

        bytes memory input = abi.encodeCall(IBillOfLading.issue, (holder, text, document, kind, endorsee));
        if (way == 2) {
            input = abi.encodeCall(IBillOfLading.reissue, (old, holder, text, document, kind, endorsee));
        } else if (way != 0) {
            input =
                abi.encodeCall(IBillOfLading.issueFromPaper, (holder, text, document, kind, endorsee, old, statement));
        }
        if (!_attempt(carrier, input, allowed, ["issue", "from paper", "reissue", "back from paper"][way])) return;
        _begin(liveBillOf(document), holder, document, kind, endorsee, old);
    }

    /// @dev Mostly one whose place another may take.
    function _old(uint256 seed, bool paper) private view returns (uint256 id) {
        uint256 count = titles.length;
        id = titles[seed % count];
        for (uint256 i = 0; i < count && seed >> 5 & 3 != 0 && !_replaceable(id, paper); ++i) {
            id = titles[(seed % count + i) % count];
        }
    }

    function _replaceable(uint256 old, bool paper) private view returns (bool) {
        Book storage book = books[old];
        return book.status == BillStatus.SurrenderedForAmendment && book.replacedBy == 0
            && (book.reason == bytes4("SWTP")) == paper;
    }

    function _hasLive(bytes32 document) private view returns (bool) {
        for (uint256 i = 0; i < titles.length; ++i) {
            if (books[titles[i]].document == document && _live(titles[i])) return true;
        }
        return false;
    }

    // ---- endorsements ------------------------------------------------------------------------------------------------

    function endorse_(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        _endorse(id, _caller(id, seed >> 8), _party(seed >> 16), (seed >> 24) % 4);
    }

    function _endorse(uint256 id, address caller, address to, uint256 way) private {
        bool allowed = _mayEndorse(id, caller);
        if (way == 0) {
            if (!_attempt(caller, abi.encodeCall(IBillOfLading.blankEndorse, (id)), allowed, "blank endorse")) return;
            (books[id].kind, books[id].endorsee) = (BillKind.Blank, address(0));
            return;
        }
        allowed = allowed && _active(to) && to != carrier;
        bytes memory input = way == 1
            ? abi.encodeCall(IBillOfLading.endorse, (id, to))
            : abi.encodeCall(IBillOfLading.endorseToOrder, (id, to));
        if (!_attempt(caller, input, allowed, way == 1 ? "endorse" : "endorse to order")) return;
        (books[id].kind, books[id].endorsee, books[id].endorsable) = (BillKind.ToOrder, to, way != 1);
    }

    function signStatement(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        address caller = _caller(id, seed >> 8);
        bool concerned = caller == books[id].possession || caller == books[id].endorsee;
        bytes memory input = abi.encodeCall(IBillOfLading.sign, (id, bytes32("words")));
        _attempt(caller, input, _live(id) && concerned && _active(caller), "sign");
    }

    // ---- entrustments ------------------------------------------------------------------------------------------------

    function changeEntrustment(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        (address giver, address receiver) = (_caller(id, seed >> 8), _party(seed >> 16));
        if (seed >> 24 & 3 == 0) {
            bool allowed = _active(giver) && !books[id].held && books[id].possession != receiver;
            bytes memory revoke = abi.encodeCall(IBillOfLading.revokeEntrustment, (id, receiver));
            if (_attempt(giver, revoke, allowed, "revoke")) delete _entrusted(id)[giver][receiver];
            return;
        }
        uint64 from = seed >> 32 & 1 == 0 ? 0 : uint64(block.timestamp + (seed >> 40) % 8 hours);
        if (_entrust(id, giver, receiver, from) && seed >> 56 & 3 != 0) _accept(id, giver, receiver, from);
    }

    /// @dev From beginning to end: whoever has title and possession pledges it.
    function pledge(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        (address giver, address receiver) = (books[id].possession, parties[(seed >> 16) % 4]);
        uint64 from = uint64(block.timestamp + (seed >> 40) % 8 hours);
        if (giver != books[id].endorsee || giver == address(0) || !_entrust(id, giver, receiver, from)) return;
        _accept(id, giver, receiver, from);
        _move(id, giver, receiver);
    }

    function _entrust(uint256 id, address giver, address receiver, uint64 from) private returns (bool ok) {
        Book storage book = books[id];
        bool allowed = _active(giver) && !book.held && book.possession != receiver && book.status == BillStatus.Issued
            && book.kind != BillKind.Blank && giver != receiver && receiver != carrier;
        ok = _attempt(giver, abi.encodeCall(IBillOfLading.entrust, (id, receiver, from)), allowed, "entrust");
        if (ok) _entrusted(id)[giver][receiver] = Entrustment(true, false, from);
    }

    function answerEntrustment(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        (address giver, address receiver) = (_caller(id, seed >> 8), _party(seed >> 16));
        Entrustment storage found = _entrusted(id)[giver][receiver];
        if (seed >> 24 & 1 == 0) {
            _accept(id, giver, receiver, seed >> 32 & 3 == 0 ? 7 : found.realisableFrom);
            return;
        }
        if (seed >> 25 & 1 == 0) {
            // Else hardly one renounces: an acceptance ends with possession.
            (giver, receiver) = (books[id].endorsee, _receiver(id, (seed >> 26) << 1));
            found = _entrusted(id)[giver][receiver];
        }
        bool allowed = found.accepted && _active(receiver) && !books[id].held;
        bytes memory input = abi.encodeCall(IBillOfLading.renounceEntrustment, (id, giver));
        if (_attempt(receiver, input, allowed, "renounce")) found.accepted = false;
    }

    function _accept(uint256 id, address giver, address receiver, uint64 from) private {
        Entrustment storage found = _entrusted(id)[giver][receiver];
        bool allowed = found.given && found.realisableFrom == from && _active(receiver) && !books[id].held;
        bytes memory input = abi.encodeCall(IBillOfLading.acceptEntrustment, (id, giver, from));
        if (_attempt(receiver, input, allowed, "accept entrustment")) found.accepted = true;
    }

    /// @dev One of those whom the titleholder has entrusted agrees; where the bill is on hold it may not.
    function _acceptWhatIsGiven(uint256 id, address giver) private {
        for (uint256 i = 0; i < parties.length; ++i) {
            Entrustment storage found = _entrusted(id)[giver][parties[i]];
            if (found.given) return _accept(id, giver, parties[i], found.realisableFrom);
        }
    }

    // ---- movements ---------------------------------------------------------------------------------------------------

    function moveOne(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        address giver =
            seed >> 8 & 7 == 0 || books[id].possession == address(0) ? _party(seed >> 16) : books[id].possession;
        address receiver = _receiver(id, seed >> 24);
        _move(id, giver, receiver);
    }

    function _move(uint256 id, address giver, address receiver) private {
        Outcome outcome = _outcome(id, giver, receiver);
        bool clear = bills.moveReasons(giver, receiver, id).length == 0;
        _expect(clear == (outcome != Outcome.Refused), "the dry run says something else");
        bytes memory input = abi.encodeCall(IInstrument.bookTransfer, (giver, receiver, id));
        bool realised = books[id].kind != BillKind.Blank && books[id].endorsee != giver && outcome == Outcome.Title;
        if (!_attempt(address(engine), input, outcome != Outcome.Refused, "move")) return;
        books[id].possession = receiver;
        if (books[id].kind == BillKind.ToOrder && books[id].endorsee != giver) {
            _entrusted(id)[books[id].endorsee][giver].accepted = false;
        }
        if (outcome == Outcome.Title) (books[id].endorsee, books[id].endorsable) = (receiver, true);
        ++done[realised ? "realise a pledge" : outcome == Outcome.Title ? "move title" : "move possession"];
    }

    function holdOrRelease(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        Book storage book = books[id];
        if (book.held) {
            _acceptWhatIsGiven(id, book.endorsee);
            bytes memory release = abi.encodeCall(IInstrument.resolveHold, (_holdOf(id), HoldResolution.Released));
            if (_attempt(address(engine), release, true, "release")) book.held = false;
            return;
        }
        if (seed >> 8 & 3 != 0) return; // Or half of all acts would be tried in vain.
        address owner = book.possession == address(0) ? alice : book.possession;
        bytes memory input = abi.encodeCall(IInstrument.placeHold, (_holdOf(id), owner, id));
        if (_attempt(address(engine), input, book.status == BillStatus.Issued, "hold")) book.held = true;
    }

    function _holdOf(uint256 id) private pure returns (HoldId) {
        return HoldId.wrap(keccak256(abi.encode(id)));
    }

    // ---- another register --------------------------------------------------------------------------------------------

    function handOver(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        address caller = seed >> 8 & 1 == 0 ? books[id].endorsee : _caller(id, seed >> 16);
        IBillOfLading target = _otherThan(bills);
        if (seed >> 24 & 7 == 0) target = seed >> 27 & 1 == 0 ? bills : foreign;
        bytes32 digest = seed >> 32 & 15 == 0 ? bytes32(0) : bytes32(seed);
        bool allowed = _maySurrender(id, caller) && target == _otherThan(bills) && !withdrawn[target] && digest != 0;
        bytes memory input = abi.encodeCall(IBillOfLading.handOver, (id, address(target), digest));
        if (!_attempt(caller, input, allowed, "hand over")) return;
        books[id].register = target;
        ++done[target == registers[0] ? "hand back" : "hand on"];
    }

    /// @dev In the register that has not got the bill, whatever takes one is refused.
    function actAstray(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _title(seed);
        bills = _otherThan(books[id].register);
        address caller = _caller(id, seed >> 8);
        bytes[8] memory inputs = [
            abi.encodeCall(IBillOfLading.endorseToOrder, (id, bob)),
            abi.encodeCall(IBillOfLading.sign, (id, "words")),
            abi.encodeCall(IBillOfLading.entrust, (id, bob, 0)),
            abi.encodeCall(IBillOfLading.surrenderForDelivery, (id)),
            abi.encodeCall(IBillOfLading.surrenderForAmendment, (id, "COD")),
            abi.encodeCall(IBillOfLading.voidBill, (id)),
            abi.encodeCall(IBillOfLading.handOver, (id, address(books[id].register), "digest")),
            abi.encodeCall(IBillOfLading.takeOver, (id, caller, books[id].register.bill(id), "digest"))
        ];
        uint256 which = (seed >> 16) % 8;
        _attempt(which == 5 ? carrier : caller, inputs[which], false, "act in the other register");
        address owner = books[id].possession == address(0) ? alice : books[id].possession;
        _expect(bills.moveReasons(owner, bob, id).length != 0, "the dry run moves it in the other register");
        _attempt(address(engine), abi.encodeCall(IInstrument.bookTransfer, (owner, bob, id)), false, "move there");
        _attempt(
            address(engine),
            abi.encodeCall(IInstrument.placeHold, (HoldId.wrap("there"), owner, id)),
            false,
            "hold there"
        );
        ++done["act in vain"];
    }

    // ---- a bill ends -------------------------------------------------------------------------------------------------

    function surrender(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        address caller = _caller(id, seed >> 8);
        _surrender(id, caller, [bytes4(0), "COD", "SWI", "SWTP", "XXX"][(seed >> 16) % 5]);
    }

    /// @dev From beginning to end, and then again: whoever may surrenders for amendment, the carrier accepts, and tries
    /// to put more than one bill in its place.
    function amend(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        bool paper = seed >> 8 & 1 == 0;
        if (frozen[carrier] || !_maySurrender(id, books[id].possession)) return;
        _surrender(id, books[id].possession, paper ? bytes4("SWTP") : bytes4("COD"));
        _answer(id, carrier, paper ? 1 : 0);
        for (uint256 i = 0; i < 4; ++i) {
            seed = _mix(seed);
            bool other = seed >> 88 & 3 == 0;
            _beginOne(seed, paper == other ? 2 : 3, id);
        }
    }

    function _surrender(uint256 id, address caller, bytes4 reason) private {
        bool delivery = reason == 0;
        bytes memory input = delivery
            ? abi.encodeCall(IBillOfLading.surrenderForDelivery, (id))
            : abi.encodeCall(IBillOfLading.surrenderForAmendment, (id, reason));
        bool allowed = _maySurrender(id, caller) && reason != bytes4("XXX");
        if (!_attempt(caller, input, allowed, delivery ? "surrender" : "surrender for amendment")) return;
        Book storage book = books[id];
        book.status = delivery ? BillStatus.PendingSurrenderForDelivery : BillStatus.PendingSurrenderForAmendment;
        (book.surrenderedBy, book.possession, book.reason) = (caller, carrier, reason);
    }

    function answer(uint256 seed) external {
        seed = _mix(seed);
        uint256 way = (seed >> 8) % 4;
        uint256 id = _at(way == 3 && seed >> 32 & 3 != 0 ? _ofCarrier(seed) : _title(seed));
        _answer(id, seed >> 16 & 7 == 0 ? _party(seed >> 24) : carrier, way);
    }

    /// @dev The carrier gets a bill by settlement, perhaps endorses it, and voids it.
    function takeBack(uint256 seed) external {
        seed = _mix(seed);
        uint256 id = _at(_title(seed));
        if (books[id].possession == address(0)) return;
        _move(id, books[id].possession, carrier);
        if (seed >> 8 & 1 == 0) _endorse(id, carrier, _party(seed >> 16), (seed >> 24) % 4);
        _answer(id, carrier, 3);
    }

    function _answer(uint256 id, address caller, uint256 way) private {
        Book storage book = books[id];
        bool paper = book.reason == bytes4("SWTP");
        bool allowed = caller == carrier && _active(carrier);
        bool amendment = book.status == BillStatus.PendingSurrenderForAmendment;
        BillStatus next = amendment ? BillStatus.SurrenderedForAmendment : BillStatus.SurrenderedForDelivery;
        if (way == 0) {
            bytes memory input = abi.encodeCall(IBillOfLading.acceptSurrender, (id));
            if (_attempt(caller, input, allowed && _pending(id) && !paper, "accept")) _finish(id, next);
        } else if (way == 1) {
            bytes memory input = abi.encodeCall(IBillOfLading.acceptSwitchToPaper, (id, "statement"));
            if (_attempt(caller, input, allowed && _pending(id) && paper, "to paper")) _finish(id, next);
        } else if (way == 2) {
            bytes memory input = abi.encodeCall(IBillOfLading.rejectSurrender, (id));
            if (!_attempt(caller, input, allowed && _pending(id), "reject")) return;
            (book.status, book.possession) = (BillStatus.Issued, book.surrenderedBy);
            (book.surrenderedBy, book.reason) = (address(0), 0);
        } else {
            bytes memory input = abi.encodeCall(IBillOfLading.voidBill, (id));
            bool title_ = book.kind == BillKind.Blank || book.endorsee == caller;
            allowed = allowed && _mayDispose(id, caller) && title_;
            if (_attempt(caller, input, allowed, "void")) _finish(id, BillStatus.Voided);
        }
    }

    /// @dev One of which the carrier has possession without having been asked anything, where there is one.
    function _ofCarrier(uint256 seed) private view returns (uint256 id) {
        id = _title(seed);
        for (uint256 i = 0; i < titles.length; ++i) {
            if (books[titles[i]].possession == carrier && books[titles[i]].status == BillStatus.Issued) id = titles[i];
        }
    }

    // ---- around ------------------------------------------------------------------------------------------------------

    /// @dev Time passes, a party is frozen or a register withdrawn, or all are let go: mostly nobody is frozen.
    function surroundings(uint256 seed) external {
        seed = _mix(seed);
        vm.warp(block.timestamp + (seed >> 8) % 1 days);
        for (uint256 i = 0; i < parties.length; ++i) {
            if (!frozen[parties[i]]) continue;
            vm.prank(supervisor);
            registry.unfreezeParty(parties[i]);
            frozen[parties[i]] = false;
            ++done["unfreeze"];
        }
        for (uint256 i = 0; i < 2; ++i) {
            if (withdrawn[registers[i]]) _admit(address(registers[i]), carrier, InstrumentKind.Title);
            withdrawn[registers[i]] = false;
        }
        if (seed >> 4 & 7 == 0) {
            IBillOfLading register = registers[seed >> 7 & 1];
            vm.prank(operator);
            registry.withdrawInstrument(address(register));
            withdrawn[register] = true;
            ++done["withdraw"];
        }
        if (seed & 3 != 0) return;
        address party = _party(seed >> 16);
        if (party == stranger) return;
        freeze(party);
        frozen[party] = true;
        ++done["freeze"];
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    /// @dev The fuzzer likes small numbers, and these seeds are taken apart bit by bit.
    function _mix(uint256 seed) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }

    /// @dev Mostly one that lives; of the latest, so that something happens to each.
    function _title(uint256 seed) private view returns (uint256 id) {
        uint256 count = titles.length;
        id = titles[seed % count];
        for (uint256 i = 0; i < count && seed >> 5 & 3 != 0 && !_live(id); ++i) {
            id = titles[(seed % count + i) % count];
        }
    }

    /// @dev Mostly whoever has possession, sometimes whoever has title, sometimes anybody.
    function _caller(uint256 id, uint256 seed) private view returns (address) {
        address one = seed % 8 < 5 ? books[id].possession : books[id].endorsee;
        return seed % 8 == 7 || one == address(0) ? _party(seed >> 3) : one;
    }

    /// @dev Mostly somebody whom the titleholder has entrusted, or the titleholder. The engine moves nothing to strangers.
    function _receiver(uint256 id, uint256 seed) private view returns (address) {
        uint256 count = parties.length;
        for (uint256 i = 0; i < count && seed & 1 == 0; ++i) {
            address party = parties[(seed % count + i) % count];
            if (_entrusted(id)[books[id].endorsee][party].accepted) return party;
        }
        if (seed >> 1 & 3 == 0 && books[id].endorsee != address(0)) return books[id].endorsee;
        return parties[(seed >> 3) % count];
    }

    function _party(uint256 seed) private view returns (address) {
        return seed % 16 == 15 ? stranger : parties[seed % parties.length];
    }
}
