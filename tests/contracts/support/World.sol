// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../../../contracts/interfaces/IControlTrackingRegistry.sol";
import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ISettlementDryRun} from "../../../contracts/interfaces/ISettlementDryRun.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {Call, Coupon, DayCount, Repayment} from "../../../contracts/types/Bond.sol";
import {InstrumentKind, Roles} from "../../../contracts/types/Participation.sol";

/// @dev The parties and instruments that every test has: a central bank, three banks with two clients each, an issuer
/// of bonds and a carrier; nothing issued, no mandate set.
abstract contract World is Test {
    uint256 internal constant START = 1_700_000_000;
    uint256 internal constant HONG_KONG = 8 hours;
    bytes12 internal constant ISIN = "HK0000000007";
    uint32 internal constant ISSUE_DAY = 19_404; // 16 February 2023
    uint32 internal constant MATURITY_DAY = 19_769; // 16 February 2024
    uint96 internal constant NOMINAL = 800_000_000;
    uint96 internal constant MINIMUM = 1_000_000;
    uint96 internal constant INCREMENT = 500_000;

    address internal operator = makeAddr("operator");
    address internal supervisor = makeAddr("supervisor");
    address internal authority;
    address[3] internal banks;
    address[6] internal clients; // clients 2i and 2i+1 bank with bank i
    address internal issuer;
    address internal carrier;
    address internal stranger;

    IRegistry internal registry;
    ISettlementEngine internal engine;
    ISettlementDryRun internal dryRun;
    IAccountMoney internal wholesale;
    ITokenizedDeposit[3] internal deposits;
    IGreenBond internal bond;
    IControlTrackingRegistry internal control;
    IBillOfLading internal bills;

    mapping(address party => uint256) internal keyOf;
    uint256 private _bookings;

    function setUp() public virtual {
        vm.warp(START);
        _makeParties();
        registry = IRegistry(_deploy("compliance/Registry.sol:Registry", abi.encode(operator, operator, supervisor)));
        engine = ISettlementEngine(_deploy("settlement/SettlementEngine.sol:SettlementEngine", abi.encode(registry)));
        dryRun = ISettlementDryRun(_deploy("settlement/SettlementDryRun.sol:SettlementDryRun", abi.encode(engine)));
        _admitParties();
        _makeMoney();
        _makeAssets();
    }

    // ---- what tests use ----------------------------------------------------------------------------------------------

    function bankOf(address client) internal view returns (uint256) {
        for (uint256 i = 0; i < 6; ++i) {
            if (clients[i] == client) return i / 2;
        }
        revert("no client of any bank");
    }

    function depositOf(address client) internal view returns (ITokenizedDeposit) {
        return deposits[bankOf(client)];
    }

    function issueReserves(uint256 bank, uint256 amount) internal {
        vm.prank(authority);
        wholesale.issue(banks[bank], amount, nextBooking());
    }

    function tokenise(address client, uint256 amount) internal {
        uint256 bank = bankOf(client);
        vm.prank(banks[bank]);
        deposits[bank].issue(client, amount, nextBooking());
    }

    /// @dev Lets bank `from` pay bank `to` as much as a mandate can say.
    function openMandate(uint256 from, uint256 to) internal {
        vm.startPrank(banks[from]);
        deposits[from].setCounterpartyLimit(banks[to], type(uint64).max);
        deposits[from].setDailyLimit(type(uint64).max);
        vm.stopPrank();
    }

    function openAllMandates() internal {
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = 0; j < 3; ++j) {
                if (i != j) openMandate(i, j);
            }
        }
    }

    function liveBillOf(bytes32 document) internal view returns (uint256 titleId) {
        (, titleId) = control.liveRecordOf(document);
    }

    function nextBooking() internal returns (bytes32) {
        return bytes32(++_bookings);
    }

    function addParty(string memory name, uint16 roles) internal returns (address party) {
        uint256 key;
        (party, key) = makeAddrAndKey(name);
        keyOf[party] = key;
        if (roles != 0) {
            vm.prank(operator);
            registry.admitParty(party, roles);
        }
    }

    // ---- making it ---------------------------------------------------------------------------------------------------

    function _deploy(string memory path, bytes memory arguments) internal returns (address) {
        return vm.deployCode(string.concat("contracts/", path), arguments);
    }

    function _makeParties() private {
        string[12] memory names = [
            "authority",
            "bank 0",
            "bank 1",
            "bank 2",
            "client 0",
            "client 1",
            "client 2",
            "client 3",
            "client 4",
            "client 5",
            "issuer",
            "carrier"
        ];
        address[12] memory made;
        for (uint256 i = 0; i < 12; ++i) {
            uint256 key;
            (made[i], key) = makeAddrAndKey(names[i]);
            keyOf[made[i]] = key;
        }
        authority = made[0];
        for (uint256 i = 0; i < 3; ++i) {
            banks[i] = made[1 + i];
        }
        for (uint256 i = 0; i < 6; ++i) {
            clients[i] = made[4 + i];
        }
        issuer = made[10];
        carrier = made[11];
        uint256 strangerKey;
        (stranger, strangerKey) = makeAddrAndKey("stranger");
        keyOf[stranger] = strangerKey;
    }

    function _admitParties() private {
        vm.startPrank(operator);
        registry.admitParty(authority, Roles.CENTRAL_BANK);
        for (uint256 i = 0; i < 3; ++i) {
            registry.admitParty(banks[i], Roles.BANK);
        }
        for (uint256 i = 0; i < 6; ++i) {
            registry.admitParty(clients[i], Roles.INVESTOR | Roles.CORPORATE);
        }
        registry.admitParty(issuer, Roles.ISSUER);
        registry.admitParty(carrier, Roles.CARRIER);
        vm.stopPrank();
    }

    function _makeMoney() private {
        wholesale = IAccountMoney(
            _deploy(
                "money/WholesaleCBDC.sol:WholesaleCBDC",
                abi.encode("Wholesale HKD", "wHKD", uint8(2), engine, authority, registry)
            )
        );
        _admit(address(wholesale), authority, InstrumentKind.Money);
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(authority);
            wholesale.openAccount(banks[i]);
            deposits[i] = ITokenizedDeposit(
                _deploy(
                    "money/TokenizedDeposit.sol:TokenizedDeposit",
                    abi.encode("Deposit", "dHKD", uint8(2), engine, banks[i], registry, wholesale, HONG_KONG)
                )
            );
            _admit(address(deposits[i]), banks[i], InstrumentKind.Money);
            vm.startPrank(banks[i]);
            deposits[i].openAccount(clients[2 * i]);
            deposits[i].openAccount(clients[2 * i + 1]);
            vm.stopPrank();
        }
    }

    function _makeAssets() private {
        IGreenBond.Terms memory terms = IGreenBond.Terms({
            isin: ISIN,
            currency: "HKD",
            nominal: NOMINAL,
            minimumDenomination: MINIMUM,
            increment: INCREMENT,
            dayCount: DayCount.Actual365Fixed,
            frequency: 1,
            utcOffset: uint32(HONG_KONG),
            calculationAgent: address(0),
            termsHash: keccak256("terms"),
            frameworkHash: keccak256("framework")
        });
        bond = IGreenBond(
            _deploy(
                "assets/GreenBond.sol:GreenBond",
                abi.encode(
                    "Green bond",
                    "GB",
                    engine,
                    issuer,
                    registry,
                    terms,
                    oneCoupon(),
                    new Repayment[](0),
                    new Call[](0),
                    "framework"
                )
            )
        );
        _admit(address(bond), issuer, InstrumentKind.Asset);
        vm.prank(issuer);
        bond.open(); // What is delivered later comes out of the issuer's own account.
        control = IControlTrackingRegistry(
            _deploy("compliance/ControlTrackingRegistry.sol:ControlTrackingRegistry", abi.encode(registry))
        );
        bills = anotherRegister(carrier);
        _admit(address(bills), carrier, InstrumentKind.Title);
    }

    /// @dev Another platform's bills of a carrier; not admitted.
    function anotherRegister(address carrier_) internal returns (IBillOfLading) {
        bytes memory arguments = abi.encode("Bills", "BL", engine, carrier_, registry, control);
        return IBillOfLading(_deploy("assets/BillOfLading.sol:BillOfLading", arguments));
    }

    /// @dev A year at 4.05 %, paid at its end.
    function oneCoupon() internal pure returns (Coupon[] memory coupons) {
        coupons = new Coupon[](1);
        coupons[0] = Coupon({
            start: ISSUE_DAY,
            end: MATURITY_DAY,
            split: 0,
            recordDay: MATURITY_DAY - 1,
            paymentDay: MATURITY_DAY,
            referenceDays: 365,
            referenceDaysAfterSplit: 0,
            rate: 40_500
        });
    }

    function _admit(address instrument, address issuer_, InstrumentKind kind) internal {
        vm.prank(operator);
        registry.admitInstrument(instrument, issuer_, kind);
    }

    function balance(address instrument, address holder) internal view returns (uint256) {
        (bool ok, bytes memory data) = instrument.staticcall(abi.encodeWithSignature("balanceOf(address)", holder));
        require(ok, "balanceOf failed");
        return abi.decode(data, (uint256));
    }

    function supply(address instrument) internal view returns (uint256) {
        (bool ok, bytes memory data) = instrument.staticcall(abi.encodeWithSignature("totalSupply()"));
        require(ok, "totalSupply failed");
        return abi.decode(data, (uint256));
    }

    function held(address instrument, address holder) internal view returns (uint256) {
        return IFungibleInstrument(instrument).heldOf(holder);
    }
}
