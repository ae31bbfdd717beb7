// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {HoldId} from "../../../contracts/types/Settlement.sol";

/// @dev What halmos offers beside forge's cheat codes.
interface SVM {
    function enableSymbolicStorage(address account) external;
    function createBytes32(string memory name) external returns (bytes32);
    function createBytes(uint256 size, string memory name) external returns (bytes memory);
    function createCalldata(string memory contractName) external returns (bytes memory);
}

/// @dev In the registry's place while the others are made: their constructors ask it for roles.
contract Anything {
    fallback() external {}
}

/// @dev A world for proofs. Contracts are the deployed bytecode, and what they have in storage is arbitrary, so that what
/// is proved holds after any history whatever.
///
/// A `check_` function is proved: no input makes an assertion in it fail. A call in it that reverts ends it, which is why
/// arithmetic here is unchecked: an overflow would hide what it is about. Its `reach_` function, which does the same and
/// then fails, has to be refuted: the property does not hold merely because everything reverts.
abstract contract Symbolic {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    SVM internal constant svm = SVM(address(uint160(uint256(keccak256("svm cheat code")))));

    IRegistry internal constant registry = IRegistry(address(0x4e61));
    address internal constant ISSUER = address(0x155e);
    uint256 internal constant HONG_KONG = 8 hours;

    modifier reaches() {
        _;
        assert(false);
    }

    function setUp() public virtual {
        vm.etch(address(registry), address(new Anything()).code);
        make();
        vm.etch(address(registry), make("Registry", abi.encode(this, this, this)).code);
        svm.enableSymbolicStorage(address(registry));
    }

    /// @dev Makes what the proofs are about.
    function make() internal virtual;

    function make(string memory name, bytes memory arguments) internal returns (address made) {
        string memory artifact = string.concat("build/proofs/out/", name, ".sol/", name, ".json");
        bytes memory code = bytes.concat(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), "not made");
        svm.enableSymbolicStorage(made);
    }

    function selectorOf(bytes memory input) internal pure returns (bytes4) {
        return bytes4(input);
    }

    /// @dev The hold that `input` names, as its first argument, is of what is held.
    function assumeSoundHold(IFungibleInstrument instrument, bytes memory input) internal view {
        bytes32 id;
        assembly ("memory-safe") {
            id := mload(add(input, 36))
        }
        (address owner, uint256 quantity) = instrument.holdOf(HoldId.wrap(id));
        vm.assume(quantity <= instrument.heldOf(owner));
    }

    /// @dev Any call of anybody's, which has to succeed.
    function call(address target, address caller, bytes memory input) internal {
        vm.prank(caller);
        (bool success,) = target.call(input);
        vm.assume(success);
    }
}
