// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccountMoney} from "../interfaces/IAccountMoney.sol";

/// @title Bookings
/// @notice The issuer's booking references; each serves one issue or redemption.
abstract contract Bookings {
    mapping(bytes32 bookingReference => bool) private _booked;

    function _book(bytes32 bookingReference) internal {
        if (_booked[bookingReference]) revert IAccountMoney.AccountMoney_BookingReferenceUsed(bookingReference);
        _booked[bookingReference] = true;
    }
}
