// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {
    Consent,
    HoldId,
    HoldResolution,
    Instruction,
    InstructionId,
    InstructionStatus,
    Leg
} from "../../../contracts/types/Settlement.sol";
import {EngineWorld} from "./Engine.t.sol";

/// @dev An instrument that does what it is asked or refuses it, and remembers. What a real one does to balances is
/// proved of the real ones.
contract Recorder {
    bool private refuses;
    uint256 public moves;
    address public giver;
    address public receiver;
    uint256 public quantity;
    uint256 public holds;
    address public owner;

    function refuse(bool refuses_) external {
        refuses = refuses_;
    }

    function bookTransfer(address giver_, address receiver_, uint256 quantity_) external {
        require(!refuses);
        ++moves;
        (giver, receiver, quantity) = (giver_, receiver_, quantity_);
    }

    function placeHold(HoldId, address owner_, uint256) external {
        require(!refuses);
        ++holds;
        owner = owner_;
    }

    function resolveHold(HoldId, HoldResolution) external view {
        require(!refuses);
    }

    function moveReasons(address, address, uint256) external pure returns (bytes[] memory) {}
}

/// @dev A contract account that accepts every signature, so that nothing stays undone for want of a consent.
contract Willing {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return this.isValidSignature.selector;
    }
}

/// @dev The engine with anything in its storage, two instruments that record what they are asked, and two willing parties.
contract SettlementProofs is EngineWorld {
    Recorder internal first;
    Recorder internal second;
    address internal one;
    address internal two;

    struct Terms {
        uint256 gives;
        uint256 takes;
        uint256 nonce;
        uint64 notBefore;
        uint64 deadline;
        bytes32 terms;
    }

    function make() internal override {
        super.make();
        (first, second) = (new Recorder(), new Recorder());
        (one, two) = (address(new Willing()), address(new Willing()));
    }

    // ---- all or nothing ----------------------------------------------------------------------------------------------

    /// @notice Of two legs against each other both took effect and the instruction is settled, or neither did and its
    /// status is what it was, whichever instrument refuses.
    /// @dev Symbolic: quantities, nonce, window, time, which instruments refuse, every status.
    /// @custom:bounds two legs in two instruments, two parties that sign as contract accounts
    function check_DVP_1_BothLegsOrNone(Terms memory terms, bool firstRefuses, bool secondRefuses, uint64 time) public {
        begin(firstRefuses, secondRefuses, time);
        Instruction memory instruction = exchange(terms);
        bytes memory input = abi.encodeCall(ISettlementEngine.settle, (instruction, consents()));
        settlesOrDoesNothing(address(this), input, instruction, terms, firstRefuses || secondRefuses);
    }

    function reach_DVP_1_BothLegsOrNone(Terms memory terms, bool firstRefuses, bool secondRefuses, uint64 time)
        public
        reaches
    {
        check_DVP_1_BothLegsOrNone(terms, firstRefuses, secondRefuses, time);
    }

    /// @notice The same of an item of a batch in which each stands for itself: the call that the engine makes to itself
    /// for each item moves both legs or fails, and then neither moved and the item's status is what it was.
    /// @dev Symbolic: as above, and what the batch has found of the eligibility of parties and instruments.
    /// @custom:bounds one item, of two legs in two instruments, two parties that sign as contract accounts
    function check_DVP_1_AnItemThatFailsDoesNothing(
        Terms memory terms,
        bool firstRefuses,
        bool secondRefuses,
        uint64 time,
        uint256 eligibility
    ) public {
        begin(firstRefuses, secondRefuses, time);
        Instruction memory instruction = exchange(terms);
        bytes memory input = abi.encodeCall(ISettlementEngine.settleInBatch, (instruction, consents(), eligibility));
        settlesOrDoesNothing(address(engine), input, instruction, terms, firstRefuses || secondRefuses);
    }

    function reach_DVP_1_AnItemThatFailsDoesNothing(
        Terms memory terms,
        bool firstRefuses,
        bool secondRefuses,
        uint64 time,
        uint256 eligibility
    ) public reaches {
        check_DVP_1_AnItemThatFailsDoesNothing(terms, firstRefuses, secondRefuses, time, eligibility);
    }

    // ---- once, and to the end ----------------------------------------------------------------------------------------

    /// @notice A status goes one way: what is open is settled, locked or cancelled, what is locked is settled, cancelled or
    /// expires, and what has ended stays so.
    /// @dev Symbolic: which of the seven functions, quantity, nonce, window, time, every status and hold.
    /// @custom:bounds one leg, two parties that sign as contract accounts, a reason of 11 letters
    function check_DVP_2_WhatHasEndedStaysEnded(Terms memory terms, uint8 which, uint64 time) public {
        vm.warp(time);
        Instruction memory instruction = oneWay(one, two, terms);
        vm.assume(engine.heldLegs(engine.idOf(instruction)) <= 1); // as many as there are legs
        InstructionStatus was = engine.statusOf(instruction);
        perform(which, instruction, consents());
        InstructionStatus now_ = engine.statusOf(instruction);
        if (which == 0) assert(was == InstructionStatus.Open && now_ == InstructionStatus.Settled);
        else if (which == 1) assert(was == InstructionStatus.Open && now_ == InstructionStatus.Locked);
        else if (which == 2) assert(was == InstructionStatus.Locked && now_ == InstructionStatus.Settled);
        else if (which == 3) assert(was <= InstructionStatus.Locked && now_ == InstructionStatus.Cancelled);
        else if (which == 4) assert(was == InstructionStatus.Locked && now_ == InstructionStatus.Expired);
        else if (which == 5) assert(was <= InstructionStatus.Locked && now_ == InstructionStatus.Settled);
        else assert(was >= InstructionStatus.Cancelled && now_ == was && first.moves() == 0);
    }

    function reach_DVP_2_WhatHasEndedStaysEnded(Terms memory terms, uint8 which, uint64 time) public reaches {
        check_DVP_2_WhatHasEndedStaysEnded(terms, which, time);
    }

    // ---- by nobody else's word ---------------------------------------------------------------------------------------

    /// @notice By one call of anybody's nothing leaves a party that has not signed these words, nor is put on hold; unless
    /// it has been locked before, for which it had to sign.
    /// @dev Symbolic: which of the seven functions, the parties, who consents, the victim, quantity, nonce, window, time,
    /// signatures, every status and hold.
    /// @custom:bounds one leg, one consent of 65 bytes, a reason of 11 letters
    function check_DVP_2_NothingLeavesWithoutAWord(
        Terms memory terms,
        address giver,
        address receiver,
        address party,
        address victim,
        uint8 which,
        uint64 time
    ) public {
        vm.warp(time);
        Instruction memory instruction = oneWay(giver, receiver, terms);
        InstructionId id = engine.idOf(instruction);
        uint256 held = engine.heldLegs(id);
        vm.assume(held <= 1); // as many as there are legs
        InstructionStatus was = engine.statusOf(instruction);
        Consent[] memory consents_ = new Consent[](1);
        consents_[0] = Consent(keyed(party), svm.createBytes(65, "signature"));
        vm.assume(!consented(victim, consents_, InstructionId.unwrap(id)));
        perform(which, instruction, consents_);
        if (first.moves() != 0) assert(first.giver() != victim || (was == InstructionStatus.Locked && held != 0));
        if (first.holds() != 0) assert(first.owner() != victim);
    }

    function reach_DVP_2_NothingLeavesWithoutAWord(
        Terms memory terms,
        address giver,
        address receiver,
        address party,
        address victim,
        uint8 which,
        uint64 time
    ) public reaches {
        check_DVP_2_NothingLeavesWithoutAWord(terms, giver, receiver, party, victim, which, time);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function begin(bool firstRefuses, bool secondRefuses, uint64 time) private {
        vm.warp(time);
        first.refuse(firstRefuses);
        second.refuse(secondRefuses);
    }

    function settlesOrDoesNothing(
        address caller,
        bytes memory input,
        Instruction memory instruction,
        Terms memory terms,
        bool refused
    ) private {
        InstructionStatus was = engine.statusOf(instruction);
        vm.prank(caller);
        (bool success,) = address(engine).call(input);
        assert(wrong(terms, success, refused) == 0);
        assert(engine.statusOf(instruction) == (success ? InstructionStatus.Settled : was));
        vm.assume(success); // which is what `reach_` has to come to
    }

    function exchange(Terms memory terms) private view returns (Instruction memory) {
        Leg[] memory legs = new Leg[](2);
        legs[0] = Leg(one, two, address(first), address(first), terms.gives);
        legs[1] = Leg(two, one, address(second), address(second), terms.takes);
        return Instruction(legs, terms.terms, terms.notBefore, terms.deadline, terms.nonce);
    }

    function oneWay(address giver, address receiver, Terms memory terms) private view returns (Instruction memory) {
        Leg memory leg = Leg(giver, receiver, address(first), address(first), terms.gives);
        return instructionOf(leg, terms.nonce, terms.notBefore, terms.deadline, terms.terms);
    }

    function consents() private view returns (Consent[] memory both) {
        both = new Consent[](2);
        (both[0].party, both[1].party) = (one, two);
    }

    function perform(uint8 which, Instruction memory instruction, Consent[] memory consents_) private {
        if (which == 0) engine.settle(instruction, consents_);
        else if (which == 1) engine.lock(instruction, consents_);
        else if (which == 2) engine.settleLocked(instruction, consents_);
        else if (which == 3) engine.cancel(instruction, "no more use", consents_);
        else if (which == 4) engine.expire(instruction);
        else if (which == 5) settleInBatch(instruction, consents_);
        else engine.releaseLeg(instruction, 0);
    }

    /// @dev As an item of a batch, with whatever that has found of parties and instruments.
    function settleInBatch(Instruction memory instruction, Consent[] memory consents_) private {
        uint256 eligibility = uint256(svm.createBytes32("eligibility"));
        vm.prank(address(engine));
        engine.settleInBatch(instruction, consents_, eligibility);
    }

    /// @dev Zero where both legs moved exactly, once each, or none did.
    function wrong(Terms memory terms, bool success, bool refused) private view returns (uint256) {
        if (!success) return first.moves() | second.moves();
        if (refused) return 1;
        uint256 parties = (uint160(first.giver()) ^ uint160(one)) | (uint160(first.receiver()) ^ uint160(two));
        parties |= (uint160(second.giver()) ^ uint160(two)) | (uint160(second.receiver()) ^ uint160(one));
        uint256 quantities = (first.quantity() ^ terms.gives) | (second.quantity() ^ terms.takes);
        return parties | quantities | (first.moves() ^ 1) | (second.moves() ^ 1);
    }
}
