// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {InstrumentKind, Roles} from "../../../contracts/types/Participation.sol";
import {BatchMode, Consent, Instruction, InstructionId, Leg, Settlement} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";
import {HostileInstrument} from "../mocks/HostileInstrument.sol";
import {LyingDeposit} from "../mocks/LyingDeposit.sol";
import {LyingInstrument} from "../mocks/LyingInstrument.sol";

/// @dev An admitted instrument does not do what it is told, and says that it has: assumptions 1 and 2 of SECURITY.md are
/// broken. How far that goes. The tree is in Lying.tree.
contract LyingTest is Base {
    uint256 private constant SOLD = 100;
    uint256 private constant PRICE = 1_000;

    LyingInstrument private liar;
    LyingDeposit private lyingDeposit;

    function setUp() public override {
        super.setUp();
        liar = new LyingInstrument(issuer);
        _admit(address(liar), issuer, InstrumentKind.Asset);
        liar.setBalance(alice, SOLD);
        liar.setBalance(carol, SOLD);
        lyingDeposit = new LyingDeposit(banks[2]);
        _admit(address(lyingDeposit), banks[2], InstrumentKind.Money);
        lyingDeposit.say(banks[2], wholesale);
    }

    // ---- what is given moves otherwise -------------------------------------------------------------------------------

    function test_Given_ItReturnsFalse() external {
        liar.setLie(LyingInstrument.Lie.ReturnsFalse, address(0));
        _sellTo(bob);
        assertEq(liar.balanceOf(bob), 0, "the buyer has nothing of the liar");
        assertEq(liar.balanceOf(alice), SOLD, "the seller still has it");
    }

    function test_Given_ItTakesAFee() external {
        liar.setLie(LyingInstrument.Lie.TakesAFee, address(0));
        _sellTo(bob);
        assertEq(liar.balanceOf(bob), SOLD - SOLD / 10, "the buyer lacks the fee");
    }

    function test_Given_ItTakesFromAnother() external {
        liar.setLie(LyingInstrument.Lie.TakesFromAnother, carol);
        _sellTo(bob);
        assertEq(liar.balanceOf(carol), 0, "another of its holders has lost it");
        assertEq(liar.balanceOf(alice), SOLD, "the seller still has it");
    }

    function test_Given_ItChangesBalancesBetweenLockAndSettlement() external {
        Instruction memory instruction = _sale(bob);
        bytes32 others = _honestPositions();
        engine.lock(instruction, consentsOf(instruction));
        liar.setBalance(alice, 2 * SOLD);
        liar.setBalance(carol, 0);
        engine.settleLocked(instruction, new Consent[](0));
        _assertOnlyThePriceMoved(others, bob);
        assertEq(liar.balanceOf(bob), SOLD, "what was sold");
    }

    /// @dev In a batch the liar's own instruction settles, and nobody else's settles otherwise for it.
    function test_GivenABatchWhen_ItLies() external {
        liar.setLie(LyingInstrument.Lie.TakesFromAnother, carol);
        bytes32 others = _honestPositions();
        assertEq(settleBatch(batchOf(_sale(bob), instruct(payment(dan, carol, 7))), BatchMode.EachForItself), 3);
        settle(instruct(payment(carol, dan, 7)));
        _assertOnlyThePriceMoved(others, bob);
    }

    // ---- deposits that nobody has ------------------------------------------------------------------------------------

    /// @dev Its own bank pays: what was never issued is paid out of the reserves of the bank that admitted to be its issuer.
    function test_Given_ADepositIsPaidThatNobodyHas() external {
        bytes32 others = _honestPositions();
        settle(instruct(_fromTheLiar(PRICE)));
        assertEq(_reserves(2), CASH - PRICE, "the liar's own bank has paid");
        assertEq(_reserves(1), CASH + PRICE, "to the payee's bank");
        assertEq(balance(address(deposits[1]), carol), CASH + PRICE, "the payee has been paid");
        vm.startPrank(banks[1]);
        IERC20(address(wholesale)).transfer(banks[2], PRICE);
        deposits[1].redeem(carol, PRICE, nextBooking());
        vm.stopPrank();
        assertEq(_honestPositions(), others, "and nothing else has moved");
    }

    /// @dev Which bank's money it is the registry says, and not the deposit: it draws on no other one.
    function test_RevertGiven_ADepositNamesAnotherBank() external {
        lyingDeposit.say(banks[0], wholesale);
        Instruction memory instruction = instruct(_fromTheLiar(PRICE));
        refuse(instruction, _bankMismatch(instruction));
        lyingDeposit.say(banks[2], wholesale);
        settle(instruction);
        assertEq(_reserves(0), CASH, "the bank that it named has paid nothing");
    }

    /// @dev A lock asks it whether its client could be credited. Whatever comes of that, nothing is on hold.
    function test_RevertGiven_ADepositDoesNotAnswerAtTheLock() external {
        Leg memory leg = Leg(carol, erin, address(deposits[1]), address(lyingDeposit), PRICE);
        Instruction memory instruction = instruct(leg);
        Consent[] memory consents = consentsOf(instruction);
        for (uint8 mood = uint8(LyingDeposit.Mood.Reverting); mood <= uint8(LyingDeposit.Mood.Malformed); ++mood) {
            lyingDeposit.setMood(LyingDeposit.Mood(mood));
            vm.expectRevert();
            engine.lock{gas: 5_000_000}(instruction, consents);
        }
        assertEq(held(address(deposits[1]), carol), 0, "nothing is on hold");
        lyingDeposit.setMood(LyingDeposit.Mood.Meek);
        engine.lock(instruction, consents);
        assertEq(held(address(deposits[1]), carol), PRICE, "once it answers");
    }

    /// @dev Within a batch, too, where the registry is asked once for each bank.
    function test_GivenABatchWhen_ADepositNamesAnotherBankAfterItsOwn() external {
        lyingDeposit.sayAfterOneDebit(banks[0]);
        Instruction memory first = instruct(_fromTheLiar(PRICE));
        Instruction memory second = instruct(_fromTheLiar(PRICE));
        expectFailed(engine.idOf(second), _bankMismatch(second));
        assertEq(settleBatch(batchOf(first, second), BatchMode.EachForItself), 1, "only the first one settles");
        assertEq(_reserves(0), CASH, "the bank that it named has paid nothing");
        assertEq(_reserves(2), CASH - PRICE, "its own has paid once");
    }

    /// @dev Nor on anybody else who has what it calls its reserve.
    function test_RevertGiven_TwoDepositsNameAnAssetAsTheirReserve() external {
        LyingDeposit other = new LyingDeposit(banks[2]);
        _admit(address(other), banks[2], InstrumentKind.Money);
        lyingDeposit.say(alice, IFungibleInstrument(address(bond)));
        other.say(erin, IFungibleInstrument(address(bond)));
        Instruction memory instruction = instruct(Leg(frank, erin, address(lyingDeposit), address(other), BONDS));
        refuse(instruction, _bankMismatch(instruction));
        expectFailed(engine.idOf(instruction), _bankMismatch(instruction));
        assertEq(settleBatch(batchOf(instruction, instruct(payment(alice, bob, 1))), BatchMode.EachForItself), 2);
        assertEq(balance(address(bond), alice), BONDS, "her bonds are hers");
    }

    /// @dev A frozen bank's money stops; what is admitted as an asset would not, and so is not paid in.
    function test_RevertGiven_ADepositIsAdmittedAsAnAsset() external {
        LyingDeposit asset = new LyingDeposit(banks[2]);
        _admit(address(asset), banks[2], InstrumentKind.Asset);
        asset.say(banks[2], wholesale);
        Instruction memory instruction = instruct(Leg(erin, carol, address(asset), address(deposits[1]), PRICE));
        refuse(instruction, _bankMismatch(instruction));
    }

    /// @dev A payment goes to the bank whose deposits are credited: an honest payer's bank pays no other, and nobody's
    /// mandate for another is used.
    function test_RevertGiven_ThePayeesDepositNamesAnotherBank() external {
        lyingDeposit.say(banks[0], wholesale);
        Instruction memory instruction = instruct(Leg(carol, erin, address(deposits[1]), address(lyingDeposit), PRICE));
        refuse(instruction, _bankMismatch(instruction));
        freeze(banks[0]);
        refuse(instruction, _bankMismatch(instruction));
        expectFailed(engine.idOf(instruction), _bankMismatch(instruction));
        assertEq(settleBatch(batchOf(instruction, instruct(payment(carol, dan, 1))), BatchMode.EachForItself), 2);
        assertEq(_reserves(0), CASH, "the bank that it named has got nothing");
        lyingDeposit.say(address(0), wholesale);
        refuse(instruction, _bankMismatch(instruction));
    }

    function test_RevertGiven_ThePayeesDepositIsAdmittedAsAnAsset() external {
        LyingDeposit asset = new LyingDeposit(banks[2]);
        _admit(address(asset), banks[2], InstrumentKind.Asset);
        asset.say(banks[2], wholesale);
        Instruction memory instruction = instruct(Leg(carol, erin, address(deposits[1]), address(asset), PRICE));
        refuse(instruction, _bankMismatch(instruction));
    }

    /// @dev Banks in league settle in money or not at all: a title would go to who has not signed for its duties.
    function test_RevertGiven_TwoBanksNameAnAssetOrATitleAsTheirReserve() external {
        LyingDeposit other = new LyingDeposit(banks[1]);
        _admit(address(other), banks[1], InstrumentKind.Money);
        uint256 title = issueBill(banks[2], "BURDEN");
        address[2] memory reserves = [address(bond), address(bills)];
        for (uint256 i = 0; i < 2; ++i) {
            lyingDeposit.say(banks[2], IFungibleInstrument(reserves[i]));
            other.say(banks[1], IFungibleInstrument(reserves[i]));
            Instruction memory instruction =
                instruct(Leg(erin, carol, address(lyingDeposit), address(other), i == 0 ? 1_000_000 : title));
            refuse(instruction, abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, reserves[i]));
        }
        assertEq(bills.titleholderOf(title), banks[2], "it has not moved");
    }

    /// @dev Its debit refuses no quantity, and netting would add up what no reserve has seen: as a signed number the
    /// quantity could turn payer and payee round.
    function testFuzz_RevertWhen_NothingIsPaidOrMoreThanAnAccountCarries(uint256 quantity, bool each) external {
        quantity = quantity % 8 == 0 ? 0 : bound(quantity, uint256(type(uint96).max) + 1, type(uint256).max);
        LyingDeposit other = new LyingDeposit(banks[1]);
        _admit(address(other), banks[1], InstrumentKind.Money);
        other.say(banks[1], wholesale);
        Instruction memory instruction = instruct(Leg(erin, carol, address(lyingDeposit), address(other), quantity));
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, quantity);
        refuse(instruction, reason);
        Settlement[] memory settlements = batchOf(instruction, instruct(payment(alice, bob, 1)));
        if (each) {
            expectFailed(engine.idOf(instruction), reason);
            assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "and the other settles");
        } else {
            refuseBatch(settlements, BatchMode.AllOrNothing, reason);
        }
        assertEq(_reserves(1), CASH, "the payee's bank has paid nothing");
        assertEq(_reserves(2), CASH, "and its own has got nothing");
    }

    /// @dev Where whoever admits lies as well, by a stolen key, the registry's word is worth no more than that: of whom it
    /// names as the issuer any money moves, unsigned.
    function test_Given_ItsAdmissionNamesAnIssuerThatItIsNotOf() external {
        LyingDeposit payer = new LyingDeposit(alice);
        LyingDeposit payee = new LyingDeposit(bob);
        _admit(address(payer), alice, InstrumentKind.Money);
        _admit(address(payee), bob, InstrumentKind.Money);
        payer.say(alice, deposits[0]);
        payee.say(bob, deposits[0]);
        settle(instruct(Leg(frank, erin, address(payer), address(payee), CASH)));
        assertEq(balance(address(deposits[0]), alice), 0, "her money is gone, and she has signed nothing");
        assertEq(balance(address(bond), alice), BONDS, "her bonds are hers");
        vm.prank(operator);
        registry.withdrawInstrument(address(payer));
        Instruction memory again = instruct(Leg(frank, erin, address(payer), address(payee), 1));
        refuse(again, abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, address(payer)));
    }

    /// @dev A bank whose account is a contract can give its reserves away while a batch is under way, where an instrument
    /// in it calls that contract. Then what was netted on its cover is not there at the end.
    function test_Given_ABankLetsItsReservesGoInTheMiddleOfABatch() external {
        HostileInstrument bank = new HostileInstrument(issuer);
        address account = address(bank);
        vm.prank(operator);
        registry.admitParty(account, Roles.BANK);
        _admit(account, issuer, InstrumentKind.Asset);
        vm.startPrank(authority);
        wholesale.openAccount(account);
        wholesale.issue(account, CASH, nextBooking());
        vm.stopPrank();
        LyingDeposit ofTheBank = new LyingDeposit(account);
        _admit(address(ofTheBank), account, InstrumentKind.Money);
        ofTheBank.say(account, wholesale);
        bank.reenterWith(address(wholesale), abi.encodeCall(IERC20.transfer, (banks[2], CASH)));
        Instruction memory paid = instruct(Leg(erin, carol, address(ofTheBank), address(deposits[1]), PRICE));
        Instruction memory betrayed = instruct(leg(bob, alice, account, 1));
        Instruction memory good = instruct(payment(alice, carol, 1));
        bytes memory short = abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, account, 0, PRICE);
        refuseBatch(batchOf(paid, betrayed, good), BatchMode.EachForItself, short);
        assertEq(settleBatch(batchOf(paid, good), BatchMode.EachForItself), 3, "without it both settle");
    }

    /// @dev A netting batch asks the reserve that the liar names, and that one cannot draw on the real one.
    function test_Given_ADepositsOwnReserveFailsAtTheEndOfABatch() external {
        LyingDeposit reserve = new LyingDeposit(banks[2]);
        _admit(address(reserve), banks[2], InstrumentKind.Money);
        LyingDeposit other = new LyingDeposit(banks[1]);
        _admit(address(other), banks[1], InstrumentKind.Money);
        lyingDeposit.say(banks[2], reserve);
        other.say(banks[1], reserve);
        Leg memory across = Leg(erin, carol, address(lyingDeposit), address(other), PRICE);
        Instruction memory bad = instruct(across);
        Instruction memory good = instruct(payment(alice, carol, 1));
        assertEq(settleBatch(batchOf(bad, good), BatchMode.EachForItself), 3, "as long as it is meek");
        reserve.setMood(LyingDeposit.Mood.Mute);
        bad = instruct(across);
        good = instruct(payment(alice, carol, 1));
        refuseBatch(batchOf(bad, good), BatchMode.EachForItself, "");
        settle(good);
        assertEq(balance(address(deposits[1]), carol), CASH + 2, "settled without it");
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function _sale(address buyer) private returns (Instruction memory) {
        return instruct(leg(alice, buyer, address(liar), SOLD), payment(buyer, alice, PRICE));
    }

    function _sellTo(address buyer) private {
        Instruction memory instruction = _sale(buyer);
        bytes32 others = _honestPositions();
        settle(instruction);
        _assertOnlyThePriceMoved(others, buyer);
    }

    function _fromTheLiar(uint256 amount) private view returns (Leg memory) {
        return Leg(erin, carol, address(lyingDeposit), address(deposits[1]), amount);
    }

    function _bankMismatch(Instruction memory instruction) private view returns (bytes memory) {
        InstructionId id = engine.idOf(instruction);
        return abi.encodeWithSelector(ISettlementEngine.Engine_BankMismatch.selector, id, 0);
    }

    function _reserves(uint256 bank) private view returns (uint256) {
        return balance(address(wholesale), banks[bank]);
    }

    /// @dev Puts the price back and looks at everything.
    function _assertOnlyThePriceMoved(bytes32 others, address buyer) private {
        assertEq(balance(address(deposits[0]), alice), CASH + PRICE, "the seller has its price");
        assertEq(balance(address(deposits[0]), buyer), CASH - PRICE, "the buyer has paid it, and no more");
        settle(instruct(payment(alice, buyer, PRICE)));
        assertEq(_honestPositions(), others, "nothing else has moved");
    }

    /// @dev What everybody has, free and held, of every instrument that does not lie.
    function _honestPositions() private view returns (bytes32 positions) {
        address[5] memory instruments =
            [address(bond), address(wholesale), address(deposits[0]), address(deposits[1]), address(deposits[2])];
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 j = 0; j < 6; ++j) {
                positions = _with(positions, instruments[i], clients[j]);
                positions = _with(positions, instruments[i], banks[j / 2]);
            }
            positions = keccak256(abi.encode(positions, supply(instruments[i])));
        }
    }

    function _with(bytes32 positions, address instrument, address holder) private view returns (bytes32) {
        return keccak256(abi.encode(positions, balance(instrument, holder), held(instrument, holder)));
    }
}
