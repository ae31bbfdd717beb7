// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {InstrumentKind, PartyStatus} from "../../../contracts/types/Participation.sol";
import {Consent, Instruction, Leg} from "../../../contracts/types/Settlement.sol";
import {EngineWorld} from "./Engine.t.sol";
import {Recorder, Willing} from "./Settlement.t.sol";

/// @dev Deposits that say anything: whose they are, in what they settle, and that the mandate covers it.
contract SayingDeposits {
    address private bank;
    address private reserve;
    bool private covered;

    function say(address bank_, address reserve_, bool covered_) external {
        (bank, reserve, covered) = (bank_, reserve_, covered_);
    }

    function debit(address, uint256, address) external view returns (address, address, bool) {
        return (bank, reserve, covered);
    }

    function interbankAccount() external view returns (address, address) {
        return (bank, reserve);
    }

    function creditClient(address, uint256) external {}
}

/// @dev A payment across banks in the engine with anything in its storage: the deposits of both sides say what they like,
/// and the reserve remembers what it is asked.
contract PaymentProofs is EngineWorld {
    SayingDeposits internal payers;
    SayingDeposits internal payees;
    Recorder internal reserve;
    address internal one;
    address internal two;

    struct Said {
        address payerBank;
        address payeeBank;
        bool covered;
        bool sameReserve;
    }

    function make() internal override {
        super.make();
        (payers, payees, reserve) = (new SayingDeposits(), new SayingDeposits(), new Recorder());
        (one, two) = (address(new Willing()), address(new Willing()));
    }

    /// @notice Whatever deposits say of themselves, reserves move from the bank that the registry has as the payer's issuer
    /// to the one that it has as the payee's, both active, in what it has admitted as money; and within the mandate, or
    /// with the payer's bank's consent.
    /// @dev Symbolic: which banks the deposits name, whether they name the same reserve, what they say of the mandate, the
    /// quantity, nonce, window, time, every kind, issuer and status.
    /// @custom:bounds one payment, two parties that sign as contract accounts
    function check_MON_3_ReservesMoveBetweenIssuersOnly(
        Said memory said,
        uint256 quantity,
        uint256 nonce,
        uint64 notBefore,
        uint64 deadline,
        uint64 time
    ) public {
        vm.warp(time);
        payers.say(said.payerBank, address(reserve), said.covered);
        payees.say(said.payeeBank, said.sameReserve ? address(reserve) : address(payers), true);
        Leg memory leg = Leg(one, two, address(payers), address(payees), quantity);
        Instruction memory instruction = instructionOf(leg, nonce, notBefore, deadline, 0);
        Consent[] memory consents = new Consent[](1);
        consents[0].party = one;
        engine.settle(instruction, consents);
        assert(reserve.moves() == 1 && reserve.quantity() == quantity && said.sameReserve);
        assert(said.covered || said.payerBank == one);
        assert(isIssuerOf(address(payers), reserve.giver()) && isIssuerOf(address(payees), reserve.receiver()));
        (InstrumentKind kind,) = registry.instrument(address(reserve));
        assert(kind == InstrumentKind.Money);
    }

    function reach_MON_3_ReservesMoveBetweenIssuersOnly(
        Said memory said,
        uint256 quantity,
        uint256 nonce,
        uint64 notBefore,
        uint64 deadline,
        uint64 time
    ) public reaches {
        check_MON_3_ReservesMoveBetweenIssuersOnly(said, quantity, nonce, notBefore, deadline, time);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function isIssuerOf(address money, address bank) private view returns (bool) {
        (InstrumentKind kind, address issuer) = registry.instrument(money);
        return kind == InstrumentKind.Money && issuer == bank && registry.statusOf(bank) == PartyStatus.Active;
    }
}
