// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ISIN
/// @notice ISO 6166: two letters, nine letters or digits, and a check digit over them.
library Isin {
    /// @notice Whether `isin` is well formed and its check digit is right (modulus 10, "double add double").
    function isValid(bytes12 isin) internal pure returns (bool) {
        uint256 sum = 0;
        bool doubled = false; // The check digit, read first from the right, is not doubled.
        for (uint256 i = 12; i > 0; --i) {
            uint8 character = uint8(isin[i - 1]);
            bool digit = character >= 0x30 && character <= 0x39;
            bool letter = character >= 0x41 && character <= 0x5A;
            if (i <= 2 ? !letter : i == 12 ? !digit : !(digit || letter)) return false;
            uint256 value = digit ? character - 0x30 : character - 0x37;
            // A letter stands for two digits, A = 10 up to Z = 35.
            for (uint256 rest = value;; rest /= 10) {
                uint256 part = (rest % 10) * (doubled ? 2 : 1);
                sum += part / 10 + part % 10;
                doubled = !doubled;
                if (rest < 10) break;
            }
        }
        return sum % 10 == 0;
    }
}
