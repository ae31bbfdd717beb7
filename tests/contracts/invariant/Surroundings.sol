// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {Call, Repayment} from "../../../contracts/types/Bond.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {BillKind} from "../../../contracts/types/Bill.sol";
import {InstrumentKind} from "../../../contracts/types/Participation.sol";
import {Model} from "./Model.sol";

/// @dev What happens around settlement: issuers, the operator, the supervisor, the carrier, the clock, and holders who
/// transfer by themselves.
abstract contract Surroundings is Model {
    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = 0; j < 3; ++j) {
                if (i != j) _setLimits(i, j, CASH / 8, CASH / 2);
            }
        }
        _makeBond();
        _open();
    }

    /// @dev In the place of the world's bond, which is issued in full: of this one there is more to issue.
    function _makeBond() private {
        IGreenBond.Terms memory terms = bond.terms();
        terms.nominal = 2 * NOMINAL;
        bytes memory arguments = abi.encode(
            "Bond", "B", engine, issuer, registry, terms, oneCoupon(), new Repayment[](0), new Call[](0), "framework"
        );
        bond = IGreenBond(_deploy("assets/GreenBond.sol:GreenBond", arguments));
        _admit(address(bond), issuer, InstrumentKind.Asset);
        vm.startPrank(issuer);
        bond.open();
        bond.issue(NOMINAL);
        for (uint256 i = 0; i < 6; ++i) {
            IERC20(address(bond)).transfer(clients[i], BONDS);
        }
        vm.stopPrank();
    }

    /// @dev The fuzzer likes small numbers, and these seeds are taken apart bit by bit.
    function _mix(uint256 seed) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }

    /// @dev Three times out of four what was barred, withdrawn, blocked or closed is put right again, or soon nothing
    /// would settle any more.
    function _mixAndMend(uint256 seed) internal returns (uint256 mixed) {
        mixed = _mix(seed);
        if (mixed >> 250 & 3 == 0) return mixed;
        liftAll();
        for (uint256 i = 0; i < 5; ++i) {
            if (withdrawn[_instrumentAt(i)]) _withdrawOrAdmit(i);
        }
        for (uint256 i = 0; i < 3; ++i) {
            _call(authority, address(wholesale), abi.encodeCall(wholesale.unblockAccount, (banks[i])));
        }
        for (uint256 i = 0; i < 6; ++i) {
            ITokenizedDeposit money = depositOf(clients[i]);
            if (money.canTransact(clients[i])) continue;
            _call(banks[i / 2], address(money), abi.encodeCall(money.openAccount, (clients[i])));
            _call(banks[i / 2], address(money), abi.encodeCall(money.unblockAccount, (clients[i])));
        }
    }

    function warp(uint256 seed) external {
        seed = _mix(seed);
        vm.warp(block.timestamp + 1 + seed % 8 hours);
        ++done["warp"];
    }

    // ---- the operator and the supervisor -----------------------------------------------------------------------------

    /// @dev A client, a bank or the issuer; more often lifted than barred, so that the world goes on.
    function bar(uint256 seed) external {
        seed = _mix(seed);
        // A bank every other time: barring it bars what its deposits do, and there are few banks among the holders.
        address party = seed >> 16 & 1 == 0 ? banks[seed % 3] : holders[1 + seed % (holders.length - 1)];
        bool on = seed >> 8 & 1 == 0;
        bytes4 selector = on ? registry.freezeParty.selector : registry.unfreezeParty.selector;
        _bar(supervisor, selector, party, on);
        if (!on) _bar(operator, registry.reinstateParty.selector, party, false);
    }

    function suspendOne(uint256 seed) external {
        seed = _mix(seed);
        _bar(operator, registry.suspendParty.selector, holders[7 + seed % (holders.length - 7)], true);
    }

    function liftAll() public {
        for (uint256 i = 1; i < holders.length; ++i) {
            if (!barred[holders[i]]) continue;
            _bar(supervisor, registry.unfreezeParty.selector, holders[i], false);
            _bar(operator, registry.reinstateParty.selector, holders[i], false);
        }
    }

    function _bar(address by, bytes4 selector, address party, bool on) private {
        vm.prank(by);
        (bool success,) = address(registry).call(abi.encodeWithSelector(selector, party));
        if (!success) return;
        barred[party] = on || uint8(registry.statusOf(party)) != 1;
        ++done[on ? by == operator ? "suspend" : "freeze" : by == operator ? "reinstate" : "unfreeze"];
    }

    function withdrawOrAdmit(uint256 seed) external {
        _withdrawOrAdmit(_mix(seed) % 5);
    }

    function _withdrawOrAdmit(uint256 index) private {
        address token = _instrumentAt(index);
        InstrumentKind kind =
            index == 4 ? InstrumentKind.Title : index == 3 ? InstrumentKind.Asset : InstrumentKind.Money;
        address by = index == 4 ? carrier : index == 3 ? issuer : banks[index];
        bytes memory call = withdrawn[token]
            ? abi.encodeCall(registry.admitInstrument, (token, by, kind))
            : abi.encodeCall(registry.withdrawInstrument, (token));
        if (!_call(operator, address(registry), call)) return;
        ++done[withdrawn[token] ? "admit" : "withdraw"];
        withdrawn[token] = !withdrawn[token];
    }

    function _instrumentAt(uint256 index) private view returns (address) {
        return index == 4 ? address(bills) : fungibles[1 + index];
    }

    // ---- issuers -----------------------------------------------------------------------------------------------------

    function issueMoney(uint256 seed) external {
        seed = _mix(seed);
        _changeMoney(seed, true);
    }

    function redeemMoney(uint256 seed) external {
        seed = _mix(seed);
        _changeMoney(seed, false);
    }

    function _changeMoney(uint256 seed, bool up) private {
        uint256 index = seed % 4; // Wholesale money first, then the deposits.
        address token = fungibles[index];
        address holder = index == 0 ? banks[seed >> 8 & 1] : clients[(seed >> 8) % 6];
        uint256 amount = 1 + (seed >> 16) % (CASH / 8);
        bytes memory call = up
            ? abi.encodeCall(wholesale.issue, (holder, amount, nextBooking()))
            : abi.encodeCall(wholesale.redeem, (holder, amount, nextBooking()));
        if (_call(index == 0 ? authority : banks[index - 1], token, call)) {
            int256 change = up ? int256(amount) : -int256(amount);
            balances[token][holder] = uint256(int256(balances[token][holder]) + change);
            supplies[token] = uint256(int256(supplies[token]) + change);
            if (index == 0) gaps[seed >> 8 & 1] -= change;
            else gaps[index - 1] += change;
            _expect(!barred[holder], "CMP-1", "money was issued to or redeemed from a barred party");
            ++done[string.concat(up ? "issue " : "redeem ", index == 0 ? "wholesale money" : "deposits")];
        }
        _compare("MON-1");
    }

    function changeAccount(uint256 seed) external {
        seed = _mix(seed);
        uint256 bank = seed % 3;
        address client = clients[2 * bank + (seed >> 8 & 1)];
        bytes4[5] memory acts = [
            wholesale.blockAccount.selector,
            wholesale.unblockAccount.selector,
            wholesale.unblockAccount.selector,
            wholesale.closeAccount.selector,
            wholesale.openAccount.selector
        ];
        uint256 act = (seed >> 16) % 5;
        if (_call(banks[bank], address(deposits[bank]), abi.encodeWithSelector(acts[act], client))) {
            ++done[act == 0 ? "block" : act < 3 ? "unblock" : act == 3 ? "close" : "open"];
        }
        _call(authority, address(wholesale), abi.encodeWithSelector(acts[1 + (seed >> 24) % 2], banks[bank]));
    }

    function blockReserves(uint256 seed) external {
        seed = _mix(seed);
        _call(authority, address(wholesale), abi.encodeCall(wholesale.blockAccount, (banks[seed % 3])));
    }

    function setLimits(uint256 seed) external {
        seed = _mix(seed);
        uint256 from = seed % 3;
        _setLimits(from, (from + 1 + (seed >> 8 & 1)) % 3, (seed >> 16) % (CASH / 4), (seed >> 80) % CASH);
    }

    function _setLimits(uint256 from, uint256 to, uint256 perPayment, uint256 perDay) internal {
        address token = address(deposits[from]);
        bytes memory call = abi.encodeCall(deposits[from].setCounterpartyLimit, (banks[to], uint64(perPayment)));
        if (_call(banks[from], token, call)) limitPerPayment[from][to] = perPayment;
        call = abi.encodeCall(deposits[from].setDailyLimit, (uint64(perDay)));
        if (_call(banks[from], token, call)) limitPerDay[from] = perDay;
    }

    function changeBond(uint256 seed) external {
        seed = _mix(seed);
        uint256 nominal = (1 + seed % 40) * INCREMENT;
        bool up = seed >> 8 & 3 == 0;
        bytes memory call = up ? abi.encodeCall(bond.issue, (nominal)) : abi.encodeCall(bond.redeem, (nominal));
        if (_call(issuer, address(bond), call)) {
            int256 change = up ? int256(nominal) : -int256(nominal);
            balances[address(bond)][issuer] = uint256(int256(balances[address(bond)][issuer]) + change);
            supplies[address(bond)] = uint256(int256(supplies[address(bond)]) + change);
            ++done[up ? "issue bonds" : "redeem bonds"];
        }
        _compare("AST-1");
    }

    // ---- holders by themselves ---------------------------------------------------------------------------------------

    function transferDirectly(uint256 seed) external {
        seed = _mix(seed);
        address token = fungibles[seed % 5];
        bool wholesaleMoney = token == address(wholesale);
        address from = wholesaleMoney ? banks[(seed >> 8) % 3] : clients[(seed >> 8) % 6];
        address to = wholesaleMoney ? banks[(seed >> 16) % 3] : holders[(seed >> 16) % holders.length];
        uint256 amount = token == address(bond) ? (1 + (seed >> 24) % 20) * INCREMENT : 1 + (seed >> 24) % (CASH / 4);
        _transfer(token, from, to, amount);
        _compare("MON-1");
    }

    function _transfer(address token, address from, address to, uint256 amount) internal {
        if (_call(from, token, abi.encodeCall(IERC20.transfer, (to, amount)))) {
            uint256 free = balances[token][from] - holds[token][from];
            _expect(amount <= free, "HLD-1", "a held quantity was transferred");
            _expect(!barred[from] && !barred[to] && !_issuerBarred(token), "CMP-1", "a barred party transferred");
            _move(token, from, to, amount);
            ++done["transfer"];
        }
    }

    // ---- bills -------------------------------------------------------------------------------------------------------

    /// @dev Few documents and many references, so that a second live bill is often tried. To the holder's order, so
    /// that title goes with possession; what else can be done with a bill is in Carrying.sol.
    function newBill(uint256 seed) external {
        seed = _mix(seed);
        string memory documentReference = vm.toString(seed % 40);
        address holder = seed >> 8 & 7 == 0 ? carrier : clients[(seed >> 16) % 6];
        bytes32 documentHash = bytes32(1 + (seed >> 24) % 4);
        vm.prank(carrier);
        try bills.issue(holder, documentReference, documentHash, BillKind.ToOrder, holder) returns (uint256 title) {
            titles.push(title);
            ownerOf[title] = holder;
            ++done["bill"];
        } catch {}
        _compare("EBL-1");
    }

    function surrender(uint256 seed) external {
        seed = _mix(seed);
        if (titles.length == 0) return;
        uint256 title = titles[seed % titles.length];
        address caller = seed >> 8 & 3 == 0 ? clients[(seed >> 16) % 6] : ownerOf[title];
        if (_call(caller, address(bills), abi.encodeCall(bills.surrenderForDelivery, (title)))) {
            _expect(caller == ownerOf[title], "EBL-1", "it was surrendered by another than the party in control");
            ownerOf[title] = carrier;
            ++done["surrender"];
        }
        _compare("EBL-1");
    }

    function answer(uint256 seed) external {
        seed = _mix(seed);
        if (titles.length == 0) return;
        uint256 title = titles[seed % titles.length];
        address by = bills.bill(title).surrenderedBy;
        uint256 act = (seed >> 8) % 3;
        bytes4 selector = act == 0
            ? bills.acceptSurrender.selector
            : act == 1 ? bills.rejectSurrender.selector : bills.voidBill.selector;
        if (_call(carrier, address(bills), abi.encodeWithSelector(selector, title))) {
            ownerOf[title] = act == 1 ? by : address(0);
            ++done[act == 0 ? "accept" : act == 1 ? "reject" : "void"];
        }
        _compare("EBL-1");
    }

    function _call(address by, address target, bytes memory call) internal returns (bool success) {
        vm.prank(by);
        (success,) = target.call(call);
    }
}
