// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IGreenDisclosure} from "../../../contracts/interfaces/IGreenDisclosure.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IPayingAgent} from "../../../contracts/interfaces/IPayingAgent.sol";
import {BondStatus, Call, Coupon, DayCount, Repayment, UNFIXED} from "../../../contracts/types/Bond.sol";
import {Roles} from "../../../contracts/types/Participation.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {Serviced} from "../support/Serviced.sol";

/// @dev Every function of a bond at every status of the bond: closing, live, redeeming, repaid, exited. The tree is in
/// BondStates.tree.
contract BondStatesTest is Serviced {
    HoldId private constant HOLD = HoldId.wrap("before");
    HoldId private constant OTHER = HoldId.wrap("other");

    IGreenBond private subject;
    address private payer = makeAddr("payer");
    address private calculationAgent = makeAddr("calculation agent");

    /// @dev Alice holds some of it, the issuer the rest, of which some is on hold; Dan may give what is Alice's.
    function setUp() public override {
        super.setUp();
        subject = _floater();
        vm.prank(operator);
        registry.admitParty(payer, Roles.PAYING_AGENT);
        vm.prank(operator);
        registry.admitParty(calculationAgent, Roles.BANK);
        vm.mockCall(payer, abi.encodeCall(IPayingAgent.bond, ()), abi.encode(subject));
        vm.startPrank(issuer);
        subject.setPayingAgent(payer);
        subject.issue(10 * MINIMUM);
        subject.allocate("list", 4 * MINIMUM);
        IERC20(address(subject)).transfer(alice, 4 * MINIMUM);
        vm.stopPrank();
        vm.prank(alice);
        IERC20(address(subject)).approve(dan, MINIMUM);
        vm.prank(address(engine));
        subject.placeHold(HOLD, issuer, MINIMUM);
    }

    // ---- the issuer's ------------------------------------------------------------------------------------------------

    function test_When_IssueIsCalled() external {
        bytes[5] memory expected = _refusedBut(BondStatus.Live);
        expected[uint8(BondStatus.Closing)] = "";
        _expect(issuer, abi.encodeCall(IGreenBond.issue, (MINIMUM)), expected);
    }

    function test_When_AllocateIsCalled() external {
        _expect(issuer, abi.encodeCall(IGreenBond.allocate, ("again", MINIMUM)), _refusedBut(BondStatus.Closing));
    }

    function test_When_OpenIsCalled() external {
        _expect(issuer, abi.encodeCall(IGreenBond.open, ()), _refusedBut(BondStatus.Closing));
    }

    function test_When_RedeemIsCalled() external {
        bytes[5] memory expected;
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        expected[uint8(BondStatus.Repaid)] = abi.encodeWithSelector(selector, issuer, 0, MINIMUM);
        expected[uint8(BondStatus.Exited)] = _unexpected(BondStatus.Exited);
        _expect(issuer, abi.encodeCall(IGreenBond.redeem, (MINIMUM)), expected);
    }

    function test_When_ExitIsCalled() external {
        _expect(issuer, abi.encodeCall(IGreenBond.exit, ()), _refusedBut(BondStatus.Live));
    }

    function test_When_SetDisclosureIsCalled() external {
        bytes[5] memory always;
        address named = makeAddr("disclosure");
        vm.mockCall(named, abi.encodeCall(IGreenDisclosure.bond, ()), abi.encode(subject));
        _expect(issuer, abi.encodeCall(IGreenBond.setDisclosure, (named)), always);
    }

    // ---- its agents' -------------------------------------------------------------------------------------------------

    function test_When_CloseIsCalled() external {
        _expect(payer, abi.encodeCall(IGreenBond.close, ()), _refusedBut(BondStatus.Live));
    }

    function test_When_RedeemHolderIsCalled() external {
        _expect(payer, abi.encodeCall(IGreenBond.redeemHolder, (alice)), _refusedBut(BondStatus.Redeeming));
    }

    function test_When_RecordFixingIsCalled() external {
        bytes[5] memory always;
        _expect(calculationAgent, abi.encodeCall(IGreenBond.recordFixing, (1, 30_000, "index")), always);
    }

    // ---- the holder's own --------------------------------------------------------------------------------------------

    function test_When_TransferIsCalled() external {
        _expect(alice, abi.encodeCall(IERC20.transfer, (bob, MINIMUM)), _refusedBut(BondStatus.Live));
    }

    function test_When_TransferFromIsCalled() external {
        _expect(dan, abi.encodeCall(IERC20.transferFrom, (alice, bob, MINIMUM)), _refusedBut(BondStatus.Live));
    }

    function test_When_ApproveIsCalled() external {
        bytes[5] memory always;
        _expect(alice, abi.encodeCall(IERC20.approve, (dan, 2 * MINIMUM)), always);
    }

    // ---- the engine's ------------------------------------------------------------------------------------------------

    function test_When_BookTransferIsCalled() external {
        bytes memory input = abi.encodeCall(IInstrument.bookTransfer, (alice, bob, MINIMUM));
        _expect(address(engine), input, _refusedBut(BondStatus.Live));
    }

    function test_When_PlaceHoldIsCalled() external {
        bytes[5] memory expected = _refusedBut(BondStatus.Live);
        expected[uint8(BondStatus.Closing)] = "";
        _expect(address(engine), abi.encodeCall(IInstrument.placeHold, (OTHER, alice, MINIMUM)), expected);
    }

    /// @dev A hold ends whatever the bond is at; what is on hold is not redeemed, so there is none once all is repaid.
    function test_When_ResolveHoldIsCalled() external {
        bytes[5] memory expected;
        bytes4 selector = IInstrument.Instrument_HoldUnknown.selector;
        expected[uint8(BondStatus.Repaid)] = abi.encodeWithSelector(selector, HOLD);
        for (uint256 how = 0; how < 3; ++how) {
            bytes memory input = abi.encodeCall(IInstrument.resolveHold, (HOLD, HoldResolution(how)));
            _expect(address(engine), input, expected);
        }
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    /// @dev What each status answers with; nothing where it succeeds.
    function _expect(address caller, bytes memory input, bytes[5] memory expected) private {
        for (uint8 i = 0; i < 5; ++i) {
            uint256 state = vm.snapshotState();
            _bring(BondStatus(i));
            assertEq(uint8(subject.status()), i);
            vm.prank(caller);
            (bool success, bytes memory data) = address(subject).call(input);
            assertEq(success, expected[i].length == 0, vm.toString(i));
            if (!success) assertEq(data, expected[i], vm.toString(i));
            vm.revertToStateAndDelete(state);
        }
    }

    function _bring(BondStatus status) private {
        if (status == BondStatus.Closing) return;
        vm.prank(issuer);
        subject.open();
        if (status == BondStatus.Live) return;
        vm.prank(status == BondStatus.Exited ? issuer : payer);
        if (status == BondStatus.Exited) subject.exit();
        else subject.close();
        if (status != BondStatus.Repaid) return;
        vm.prank(address(engine));
        subject.resolveHold(HOLD, HoldResolution.Released);
        vm.prank(payer);
        subject.redeemHolder(alice);
        vm.prank(issuer);
        subject.redeem(6 * MINIMUM);
    }

    function _refusedBut(BondStatus allowed) private pure returns (bytes[5] memory expected) {
        for (uint8 i = 0; i < 5; ++i) {
            if (BondStatus(i) != allowed) expected[i] = _unexpected(BondStatus(i));
        }
    }

    function _unexpected(BondStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IGreenBond.GreenBond_UnexpectedStatus.selector, status);
    }

    function _floater() private returns (IGreenBond) {
        IGreenBond.Terms memory terms = bond.terms();
        (terms.calculationAgent, terms.dayCount) = (calculationAgent, DayCount.Actual365Fixed);
        Coupon[] memory coupons = twoCoupons();
        coupons[1].rate = UNFIXED;
        bytes memory arguments = abi.encode(
            "Bond", "B", engine, issuer, registry, terms, coupons, new Repayment[](0), new Call[](0), "framework"
        );
        return IGreenBond(_deploy("assets/GreenBond.sol:GreenBond", arguments));
    }
}
