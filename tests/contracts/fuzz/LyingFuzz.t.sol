// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {InstrumentKind} from "../../../contracts/types/Participation.sol";
import {BatchMode, Leg, Settlement} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";
import {LyingDeposit} from "../mocks/LyingDeposit.sol";

/// @dev Deposits of bank 2 that say anything of themselves, in batches with honest ones: nobody but bank 2 pays for it.
contract LyingFuzzTest is Base {
    uint256 private constant LEGS = 4;

    /// @dev Two that are admitted as money, and one as an asset.
    LyingDeposit[3] private liars;
    uint256 private title;

    struct Choice {
        uint8 giver;
        uint8 receiver;
        uint8 from;
        uint8 to;
        uint8 size;
        uint64 amount;
    }

    function setUp() public override {
        super.setUp();
        title = issueBill(alice, "BURDEN");
        for (uint256 i = 0; i < 3; ++i) {
            liars[i] = new LyingDeposit(banks[2]);
            _admit(address(liars[i]), banks[2], i == 2 ? InstrumentKind.Asset : InstrumentKind.Money);
        }
    }

    function testFuzz_NobodyButItsOwnBankPaysForALie(
        Choice[LEGS] memory choices,
        uint8[3] memory named,
        uint8[3] memory reserves,
        bool each,
        uint8 frozen
    ) external {
        for (uint256 i = 0; i < 3; ++i) {
            liars[i].say(_bank(named[i]), IFungibleInstrument(_reserve(reserves[i])));
        }
        if (frozen % 4 < 2) freeze(banks[frozen % 4]);
        Settlement[] memory settlements = new Settlement[](LEGS);
        for (uint256 i = 0; i < LEGS; ++i) {
            settlements[i] = withConsents(instruct(_leg(choices[i])));
        }
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        BatchMode mode = each ? BatchMode.EachForItself : BatchMode.AllOrNothing;
        try engine.settleBatch(accounts, items, mode) {} catch {}

        for (uint256 i = 0; i < 2; ++i) {
            uint256 reserve = balance(address(wholesale), banks[i]);
            // Every client began with so much, and the wallet banks with bank 0.
            uint256 begun = (i == 0 ? 3 : 2) * CASH;
            assertEq(
                reserve + begun, CASH + supply(address(deposits[i])), "an honest bank has what its deposits are for"
            );
            if (frozen % 4 == i) assertEq(reserve, CASH, "and a frozen one what it had");
        }
        assertEq(supply(address(wholesale)), 3 * CASH, "no reserves come into being");
        assertEq(balance(address(bond), alice), BONDS, "her bonds are hers");
        assertEq(balance(address(bond), carol), BONDS, "and hers are hers");
        assertEq(IERC721(address(bills)).ownerOf(title), alice, "and the bill");
        for (uint256 i = 0; i < 4; ++i) {
            assertGe(balance(address(deposits[i / 2]), clients[i]) + _given(choices, i), CASH, "nobody gives unsigned");
        }
    }

    /// @dev From a liar or to one, or between them.
    function _leg(Choice memory choice) private view returns (Leg memory) {
        return
            Leg(
                _client(choice.giver),
                _client(choice.receiver),
                _money(choice.from),
                _money(choice.to),
                _quantity(choice)
            );
    }

    /// @dev What a client has signed away of its honest deposits.
    function _given(Choice[LEGS] memory choices, uint256 client) private view returns (uint256 given) {
        for (uint256 i = 0; i < LEGS; ++i) {
            bool honest = _money(choices[i].from) == address(deposits[client / 2]);
            uint256 quantity = _quantity(choices[i]);
            if (honest && _client(choices[i].giver) == clients[client] && quantity <= CASH) given += quantity;
        }
    }

    function _client(uint8 seed) private view returns (address) {
        return clients[seed % 6];
    }

    function _money(uint8 seed) private view returns (address) {
        uint256 index = seed % 6;
        return index < 3 ? address(liars[index]) : address(deposits[index - 3]);
    }

    function _bank(uint8 seed) private view returns (address) {
        uint256 index = seed % 8;
        if (index < 5) return banks[index % 3];
        return index == 5 ? alice : index == 6 ? authority : address(0);
    }

    function _reserve(uint8 seed) private view returns (address) {
        uint256 index = seed % 8;
        if (index < 4) return address(wholesale);
        if (index < 6) return index == 4 ? address(bond) : address(bills);
        return index == 6 ? address(deposits[0]) : address(0);
    }

    /// @dev Small ones, and such as are another as a signed number, a part of a word, or a title.
    function _quantity(Choice memory choice) private view returns (uint256) {
        uint256 size = choice.size % 8;
        uint256 amount = choice.amount % CASH;
        if (size < 3) return amount;
        if (size == 3) return type(uint256).max - amount;
        if (size == 4) return (uint256(1) << 128) - amount;
        if (size == 5) return (uint256(1) << 127) + amount;
        return size == 6 ? uint256(type(uint96).max) + amount : title;
    }
}
