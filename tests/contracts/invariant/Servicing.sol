// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IPayingAgent} from "../../../contracts/interfaces/IPayingAgent.sol";
import {Call, Repayment} from "../../../contracts/types/Bond.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {Serviced} from "../support/Serviced.sol";

/// @dev What happens around a bond that is paid: holders trade at any time, are frozen and released, elect accounts;
/// coupons, a repayment and the redemption are opened, paid in pages of any size, and claimed.
contract Servicing is Serviced {
    uint256 public constant DISTRIBUTIONS = 4;

    /// @dev What each holder had at each record time, as books kept beside show it, and whether that was taken down.
    mapping(uint256 record => mapping(address holder => uint256)) public had;
    bool[2] public taken;
    /// @dev How often a holder was paid of a distribution, and how much money came to it.
    mapping(uint256 id => mapping(address holder => uint256)) public times;
    mapping(uint256 id => mapping(address holder => bool)) private wasSetAside;
    uint256 public received;
    uint256 public opened;
    uint256 public claims;

    function setUp() public override {
        super.setUp();
        Repayment[] memory repayments = new Repayment[](1);
        repayments[0] = Repayment(0, 250_000);
        _makeServiced(repayments, new Call[](0));
    }

    function acts() external pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](6);
        selectors[0] = this.trade.selector;
        selectors[1] = this.wait_.selector;
        selectors[2] = this.freezeOrRelease.selector;
        selectors[3] = this.elect.selector;
        selectors[4] = this.payPage.selector;
        selectors[5] = this.claimOne.selector;
    }

    function idAt(uint256 index) public pure returns (uint256) {
        return [uint256(0), 1, 1 << 16, 2 << 16][index];
    }

    function recordTime(uint256 record) private pure returns (uint256) {
        return uint256(record == 0 ? SECOND_DAY : LAST_DAY) * 1 days - HONG_KONG;
    }

    function client(uint256 index) external view returns (address) {
        return clients[index];
    }

    function theAgent() external view returns (IPayingAgent) {
        return agent;
    }

    function register() external view returns (address) {
        return address(bond);
    }

    function funds() external view returns (uint256) {
        return money(0, address(agent));
    }

    // ---- acts --------------------------------------------------------------------------------------------------------

    function trade(uint256 seed) external {
        (address from, address to) = (clients[seed % 6], clients[(seed >> 8) % 6]);
        uint256 has = balance(address(bond), from);
        uint256 nominal = (seed >> 16) % 2 == 0 || has < 2 * MINIMUM ? has : MINIMUM;
        if (from == to || nominal == 0) return;
        vm.prank(from);
        (bool ok,) = address(bond).call(abi.encodeWithSignature("transfer(address,uint256)", to, nominal));
        ok; // Refused where somebody is frozen, or the register closed.
    }

    /// @dev Some days, or to the very second of the next record time, or to the one before.
    function wait_(uint256 seed) external {
        uint256 next = taken[0] ? recordTime(1) : recordTime(0);
        if (seed % 3 == 0 && block.timestamp + 1 < next) vm.warp(next - 1);
        else if (seed % 3 == 1 && block.timestamp < next) vm.warp(next);
        else vm.warp(block.timestamp + (seed >> 8) % 10 days);
        vm.roll(block.number + 1);
        for (uint256 record = 0; record < 2; ++record) {
            if (taken[record] || block.timestamp < recordTime(record)) continue;
            taken[record] = true;
            for (uint256 i = 0; i < 6; ++i) {
                had[record][clients[i]] = balance(address(bond), clients[i]);
            }
        }
    }

    function freezeOrRelease(uint256 seed) external {
        address party = clients[seed % 6];
        vm.startPrank(supervisor);
        if (registry.statusOf(party) == PartyStatus.Frozen) registry.unfreezeParty(party);
        else if (seed >> 250 & 3 == 0) registry.freezeParty(party);
        vm.stopPrank();
    }

    function elect(uint256 seed) external {
        address party = clients[seed % 6];
        address account = (seed >> 8) % 4 == 0 ? address(0) : address(deposits[(seed >> 16) % 3]);
        vm.prank(party);
        agent.electAccount(IDepositMoney(account));
    }

    /// @dev Opens it first where it can be.
    function payPage(uint256 seed) external {
        uint256 id = idAt(seed % DISTRIBUTIONS);
        bytes memory input = id == 2 << 16
            ? abi.encodeCall(IPayingAgent.openRedemption, ())
            : id == 1 << 16
                ? abi.encodeCall(IPayingAgent.openRepayment, (0))
                : abi.encodeCall(IPayingAgent.openCoupon, (uint16(id)));
        (bool ok,) = address(agent).call(input);
        if (ok) ++opened;
        _pay(id, abi.encodeCall(IPayingAgent.pay, (id, 1 + (seed >> 8) % 8)));
    }

    /// @dev The first, from one by chance on, for whom something was ever set aside.
    function claimOne(uint256 seed) external {
        seed %= 1 << 128;
        for (uint256 i = 0; i < DISTRIBUTIONS * 6; ++i) {
            uint256 id = idAt((seed + i) % DISTRIBUTIONS);
            address holder = clients[((seed >> 8) + i / DISTRIBUTIONS) % 6];
            if (!wasSetAside[id][holder]) continue;
            vm.startPrank(supervisor);
            if (registry.statusOf(holder) == PartyStatus.Frozen) registry.unfreezeParty(holder);
            vm.stopPrank();
            if (agent.accountOf(holder) == address(0)) return;
            if (_pay(id, abi.encodeCall(IPayingAgent.claim, (id, holder)))) {
                ++claims;
                return;
            }
        }
    }

    /// @dev Sees by the balances themselves who was paid.
    function _pay(uint256 id, bytes memory input) private returns (bool ok) {
        uint256[6] memory before = _wealth();
        (ok,) = address(agent).call(input);
        uint256[6] memory afterwards = _wealth();
        for (uint256 i = 0; i < 6; ++i) {
            if (agent.setAsideOf(id, clients[i]) != 0) wasSetAside[id][clients[i]] = true;
            if (afterwards[i] == before[i]) continue;
            ++times[id][clients[i]];
            received += afterwards[i] - before[i];
        }
    }

    function _wealth() private view returns (uint256[6] memory wealth) {
        for (uint256 i = 0; i < 6; ++i) {
            for (uint256 bank = 0; bank < 3; ++bank) {
                wealth[i] += money(bank, clients[i]);
            }
        }
    }
}
