// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {BillKind, BillStatus, Entrustment} from "../../../contracts/types/Bill.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev A register of bills with anything in its storage: any possession, title, kind, status and entrustment.
contract BillProofs is Symbolic {
    address internal constant ENGINE = address(0xe1);
    address internal constant CONTROL = address(0xc0);
    /// @dev Where the register keeps its bills. A bill's document reference is text, which no proof can read through
    /// `bill()`; what it has beside that begins here.
    uint256 private constant BILLS_SLOT = 8;
    uint256 private constant HOLDS_SLOT = 7;

    IBillOfLading internal bills;

    /// @dev What a bill's first word has, and who has possession and title.
    struct State {
        address possessor;
        BillStatus status;
        address endorsee;
        bytes32 words;
        bytes32 hold;
    }

    function make() internal override {
        bills = IBillOfLading(make("BillOfLading", abi.encode("Bills", "BL", ENGINE, ISSUER, registry, CONTROL)));
    }

    // ---- movements ---------------------------------------------------------------------------------------------------

    /// @notice A movement takes one issued bill out of the giver's possession into the receiver's, and no other bill.
    /// @dev Symbolic: both parties, the bill, another bill, everything the register has of both.
    /// @custom:bounds one movement
    function check_EBL_1_AMovementMovesOneBill(address giver, address receiver, uint256 titleId, uint256 other) public {
        vm.assume(other != titleId && receiver != address(0)); // which is never admitted
        State memory was = stateOf(titleId);
        State memory others = stateOf(other);
        vm.prank(ENGINE);
        bills.bookTransfer(giver, receiver, titleId);
        assert(was.possessor == giver && giver != receiver && giver != address(0));
        assert(was.status == BillStatus.Issued && was.hold == 0);
        assert(possessorOf(titleId) == receiver);
        assert(stateOf(titleId).status == BillStatus.Issued);
        assertSame(stateOf(other), others);
    }

    function reach_EBL_1_AMovementMovesOneBill(address giver, address receiver, uint256 titleId, uint256 other)
        public
        reaches
    {
        check_EBL_1_AMovementMovesOneBill(giver, receiver, titleId, other);
    }

    // ---- whoever calls what ------------------------------------------------------------------------------------------

    /// @notice Who is not engine, carrier, control tracking registry, possessor or titleholder changes nothing of a bill.
    /// @dev Symbolic: the function, its arguments, the caller, the bill, an agent of the titleholder's.
    /// @custom:bounds one call, but of those that read a document reference: reissue, issueFromPaper, handOver
    function check_EBL_1_AStrangerChangesNothing(address stranger, uint256 titleId, address agent) public {
        State memory was = stateOf(titleId);
        vm.assume(
            stranger != ENGINE && stranger != ISSUER && stranger != CONTROL && stranger != was.possessor
                && stranger != was.endorsee
        );
        Entrustment memory agreed = bills.entrustment(titleId, was.endorsee, agent);
        bytes memory input = svm.createCalldata("BillOfLading");
        vm.assume(!readsAText(selectorOf(input)));
        call(address(bills), stranger, input);
        assertSame(stateOf(titleId), was);
        Entrustment memory now_ = bills.entrustment(titleId, was.endorsee, agent);
        assert(now_.given == agreed.given && now_.realisableFrom == agreed.realisableFrom);
        assert(now_.accepted == agreed.accepted || agent == stranger);
    }

    function reach_EBL_1_AStrangerChangesNothing(address stranger, uint256 titleId, address agent) public reaches {
        check_EBL_1_AStrangerChangesNothing(stranger, titleId, agent);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function readsAText(bytes4 selector) private pure returns (bool) {
        return selector == IBillOfLading.reissue.selector || selector == IBillOfLading.issueFromPaper.selector
            || selector == IBillOfLading.handOver.selector;
    }

    function stateOf(uint256 titleId) private view returns (State memory state) {
        state.possessor = possessorOf(titleId);
        state.words = vm.load(address(bills), keccak256(abi.encode(titleId, BILLS_SLOT)));
        uint256 word = uint256(state.words);
        vm.assume(uint8(word) <= uint8(type(BillStatus).max) && uint8(word >> 8) <= uint8(type(BillKind).max));
        state.status = BillStatus(uint8(word));
        state.endorsee = address(uint160(word >> 72));
        state.hold = vm.load(address(bills), keccak256(abi.encode(titleId, HOLDS_SLOT)));
    }

    function assertSame(State memory one, State memory two) private pure {
        assert(one.possessor == two.possessor && one.words == two.words && one.hold == two.hold);
    }

    function possessorOf(uint256 titleId) private view returns (address possessor) {
        return address(uint160(uint256(vm.load(address(bills), keccak256(abi.encode(titleId, 2))))));
    }
}
