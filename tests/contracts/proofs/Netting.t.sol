// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {ReserveNetting} from "../../../contracts/settlement/ReserveNetting.sol";
import {BatchMode} from "../../../contracts/types/Settlement.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev The netting by itself, as the engine has it; and its positions, which can be given any value, so that what is
/// proved of one payment holds after any payments before it.
contract Netting is ReserveNetting {
    function open(BatchMode mode) external {
        _openNetting(mode);
    }

    function move(IFungibleInstrument reserve, address from, address to, uint256 amount) external {
        _moveReserve(reserve, from, to, amount);
    }

    function close() external {
        _closeNetting();
    }

    /// @dev What a batch has come to: which banks it touched, in this order, and their nets.
    function setNets(address reserve, address[3] calldata banks, int256[3] calldata nets) external {
        uint256 list = uint256(keccak256("settlement.netting.touched"));
        for (uint256 i = 0; i < 3; ++i) {
            address bank = banks[i];
            setPosition(reserve, bank, nets[i], 0);
            assembly ("memory-safe") {
                tstore(add(list, mul(2, i)), reserve)
                tstore(add(list, add(mul(2, i), 1)), bank)
            }
        }
        assembly ("memory-safe") {
            tstore(1, 3) // `_touchedCount`, the second variable
        }
    }

    /// @dev As `ReserveNetting` keeps them: the net above, the cover below, and a last bit. Nothing where not touched.
    function setPosition(address reserve, address bank, int256 net, uint256 cover) public {
        uint256 slot = slotOf(reserve, bank);
        uint256 value = (uint256(net) << 128) | (cover << 1) | 1;
        assembly ("memory-safe") {
            tstore(slot, value)
        }
    }

    function positionOf(address reserve, address bank) external view returns (int256 net, uint256 cover, bool touched) {
        uint256 slot = slotOf(reserve, bank);
        uint256 value;
        assembly ("memory-safe") {
            value := tload(slot)
        }
        return (int256(value) >> 128, (value & type(uint128).max) >> 1, value != 0);
    }

    function slotOf(address reserve, address bank) private pure returns (uint256) {
        uint256 domain = uint256(keccak256("settlement.netting.positions"));
        return uint256(keccak256(abi.encode(domain ^ uint160(reserve), bank)));
    }
}

/// @dev In the reserve's place: counts what is moved. That a movement in a real one conserves is `MoneyProofs`'.
contract Reserve {
    uint256[3] public given;
    uint256[3] public taken;
    mapping(address bank => uint96) public freeOf;

    function setFree(address bank, uint96 free) external {
        freeOf[bank] = free;
    }

    function requireUsable(address) external pure {}

    function bookTransfer(address giver, address receiver, uint256 quantity) external {
        unchecked {
            given[uint160(giver) - 0xba0a] += quantity;
            taken[uint160(receiver) - 0xba0a] += quantity;
        }
    }
}

/// @custom:halmos --loop 4 --solver-timeout-branching 5000
/// @dev Two steps that make the netting of any payments among three banks, whatever their number and order: each payment
/// is added to two nets, and the close pays out the nets. An amount is any number, and refused where it is more than an
/// account carries, 2**96; a net is within 2**112, which is more than a batch of 256 instructions of 32 legs can make of
/// it.
contract NettingProofs is Symbolic {
    address internal constant A = address(0xba0a);
    address internal constant B = address(0xba0b);
    address internal constant C = address(0xba0c);
    int256 private constant NET_MAX = 2 ** 112;

    Reserve internal reserve;
    Netting internal netting;

    struct Position {
        int256 net;
        uint96 cover;
        bool touched;
    }

    function make() internal override {
        netting = new Netting();
        reserve = new Reserve();
    }

    /// @notice A payment in a batch takes its amount from the payer's net and adds it to the payee's, exactly, and moves
    /// nothing yet, and is no more than an account carries; where each instruction stands for itself, it is within the
    /// payer's cover, which follows the net.
    /// @dev Symbolic: the amount, the mode, each of three banks' net and cover, or what is free where it is its first.
    /// @custom:bounds one payment after any others, three banks
    function check_MON_1_APaymentIsAddedToBothNets(
        uint256 amount,
        Position memory payer,
        Position memory payee,
        Position memory third,
        bool each
    ) public {
        netting.open(each ? BatchMode.EachForItself : BatchMode.AllOrNothing);
        (int256 net, uint256 cover) = begin(A, payer);
        (int256 payeeNet, uint256 payeeCover) = begin(B, payee);
        (int256 thirdNet, uint256 thirdCover) = begin(C, third);
        netting.move(IFungibleInstrument(address(reserve)), A, B, amount);
        unchecked {
            assertPosition(A, net - int256(amount), each ? cover - amount : cover, true);
            assertPosition(B, payeeNet + int256(amount), each ? payeeCover + amount : payeeCover, true);
        }
        assert(amount != 0 && amount <= type(uint96).max);
        assert(!each || amount <= cover);
        if (third.touched) assertPosition(C, thirdNet, thirdCover, true);
        else assertPosition(C, 0, 0, false);
        assert(reserve.given(0) | reserve.given(1) | reserve.given(2) == 0);
    }

    function reach_MON_1_APaymentIsAddedToBothNets(
        uint256 amount,
        Position memory payer,
        Position memory payee,
        Position memory third,
        bool each
    ) public reaches {
        check_MON_1_APaymentIsAddedToBothNets(amount, payer, payee, third, each);
    }

    /// @notice The end of a batch moves every bank's net exactly, to who is owed and from who owes, and forgets it.
    /// @dev Symbolic: the nets of two banks; the third's is the rest of them, since every payment adds up to nothing.
    /// @custom:bounds three banks in one reserve
    function check_MON_1_TheCloseMovesTheNets(int112 first, int112 second) public {
        int256 last;
        unchecked {
            last = -int256(first) - second;
        }
        netting.setNets(address(reserve), [A, B, C], [int256(first), second, last]);
        netting.close();
        assert(wronglyMoved(0, first) | wronglyMoved(1, second) | wronglyMoved(2, last) == 0);
        for (uint256 i = 0; i < 3; ++i) {
            assertPosition([A, B, C][i], 0, 0, false);
        }
    }

    function reach_MON_1_TheCloseMovesTheNets(int112 first, int112 second) public reaches {
        check_MON_1_TheCloseMovesTheNets(first, second);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    /// @dev Puts a bank where it may be in the middle of a batch, and returns its net and what covers it.
    function begin(address bank, Position memory position) private returns (int256 net, uint256 cover) {
        vm.assume(-NET_MAX <= position.net && position.net <= NET_MAX);
        if (position.touched) netting.setPosition(address(reserve), bank, position.net, position.cover);
        else reserve.setFree(bank, position.cover);
        return (position.touched ? position.net : int256(0), position.cover);
    }

    function assertPosition(address bank, int256 net, uint256 cover, bool touched) private view {
        (int256 netNow, uint256 coverNow, bool touchedNow) = netting.positionOf(address(reserve), bank);
        assert(netNow == net && coverNow == cover && touchedNow == touched);
    }

    /// @dev Zero where a bank has given what it owed or taken what it was owed, and not the other.
    function wronglyMoved(uint256 bank, int256 net) private view returns (uint256) {
        (uint256 given, uint256 taken) = (reserve.given(bank), reserve.taken(bank));
        unchecked {
            return uint256(net) >> 255 == 1 ? taken | (given ^ uint256(-net)) : given | (taken ^ uint256(net));
        }
    }
}
