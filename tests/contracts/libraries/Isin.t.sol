// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {Isin} from "../../../contracts/libraries/Isin.sol";

contract IsinTest is Test {
    bytes private constant ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// @dev The first is Hong Kong's digital green bond of 2023; the others are shares of well-known companies.
    function test_When_TheIsinIsReal() external pure {
        bytes12[6] memory real =
            [bytes12("HK0000963295"), "US0378331005", "GB0002634946", "AU0000XVGZA3", "DE0007164600", "JP3633400001"];
        for (uint256 i = 0; i < real.length; ++i) {
            assertTrue(Isin.isValid(real[i]), string(abi.encodePacked(real[i])));
        }
    }

    function test_When_TheCheckDigitIsAnother() external pure {
        for (uint8 digit = 0; digit < 10; ++digit) {
            assertEq(Isin.isValid(replace("HK0000963295", 11, bytes1(0x30 + digit))), digit == 5, "only one is right");
        }
    }

    function test_When_TheShapeIsWrong() external pure {
        bytes12[9] memory bad = [
            bytes12("HK000096329"), // short
            "hk0000963295",
            "Hk0000963295",
            "H00000963295",
            "0K0000963295",
            "HK00009632 5",
            "HK000096329A", // a letter as check digit
            "HK-000963295",
            ""
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            assertFalse(Isin.isValid(bad[i]), string(abi.encodePacked(bad[i])));
        }
    }

    /// @dev Exactly one check digit fits any eleven characters, and it is the one that the standard's own procedure,
    /// written down here a second time, gives.
    function testFuzz_When_AnyElevenCharactersAreGiven(uint256 seed) external pure {
        bytes12 isin = compose(seed);
        uint256 right = checkDigit(isin);
        for (uint256 digit = 0; digit < 10; ++digit) {
            assertEq(Isin.isValid(replace(isin, 11, bytes1(uint8(0x30 + digit)))), digit == right, "one digit");
        }
    }

    function testFuzz_When_OneDigitIsMistyped(uint256 seed, uint256 where, uint256 by) external pure {
        bytes12 isin = compose(seed);
        isin = replace(isin, 11, bytes1(uint8(0x30 + checkDigit(isin))));
        where = bound(where, 2, 11);
        uint8 character = uint8(isin[where]);
        if (character > 0x39) return;
        by = bound(by, 1, 9);
        isin = replace(isin, where, bytes1(uint8(0x30 + (character - 0x30 + by) % 10)));
        assertFalse(Isin.isValid(isin), "a wrong digit shows");
    }

    function testFuzz_When_OneCharacterIsOutsideTheAlphabet(uint256 seed, uint256 where, bytes1 character)
        external
        pure
    {
        bytes12 isin = compose(seed);
        isin = replace(isin, 11, bytes1(uint8(0x30 + checkDigit(isin))));
        for (uint256 i = 0; i < 36; ++i) {
            vm.assume(character != ALPHABET[i]);
        }
        assertFalse(Isin.isValid(replace(isin, bound(where, 0, 11), character)), "no such character");
    }

    function compose(uint256 seed) private pure returns (bytes12 isin) {
        for (uint256 i = 0; i < 11; ++i) {
            uint256 pick = i < 2 ? 10 + (seed >> (8 * i)) % 26 : (seed >> (8 * i)) % 36;
            isin = replace(isin, i, ALPHABET[pick]);
        }
    }

    function replace(bytes12 isin, uint256 where, bytes1 character) private pure returns (bytes12) {
        uint256 shift = 8 * where;
        return (isin & ~(bytes12(bytes1(0xff)) >> shift)) | (bytes12(character) >> shift);
    }

    /// @dev Write the digits out, double every second one from the right, add all digits up, fill up to ten.
    function checkDigit(bytes12 isin) private pure returns (uint256) {
        uint256[22] memory digits;
        uint256 count;
        for (uint256 i = 0; i < 11; ++i) {
            uint256 value = uint8(isin[i]) <= 0x39 ? uint8(isin[i]) - 0x30 : uint8(isin[i]) - 0x37;
            if (value > 9) digits[count++] = value / 10;
            digits[count++] = value % 10;
        }
        uint256 sum;
        for (uint256 i = 0; i < count; ++i) {
            uint256 digit = digits[count - 1 - i];
            if (i % 2 == 0) digit = digit < 5 ? 2 * digit : 2 * digit - 9;
            sum += digit;
        }
        return (10 - sum % 10) % 10;
    }
}
