// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Dual control
/// @notice Holds powers over other contracts that no single key may use: a proposer schedules a call, after the delay
/// an executor makes it, and until then a canceller may veto it. One account has one of these three roles.
/// @dev The functions for that are those of OpenZeppelin's TimelockController. What is told here is what this adds: the
/// roles stay apart and stay held, nobody but this contract itself grants any, and a canceller revokes at once.
///
/// Where it issues money, or admits parties, the caller that others see is this contract. It signs nothing: a bank that
/// has to consent to instructions needs an ERC-1271 account instead.
interface IDualControl {
    /// @notice Emitted when a canceller has revoked a role at once.
    /// @param target The contract whose role it was.
    /// @param role The role.
    /// @param account Who had it.
    /// @param canceller Who revoked it.
    event RevokedAtOnce(address indexed target, bytes32 indexed role, address indexed account, address canceller);

    /// @notice Thrown when a role would go to the zero address, to an account that has another of the three, or when
    /// anybody but this contract would administer it.
    /// @param account The account.
    /// @param role The role it would have been given.
    error DualControl_IncompatibleRole(address account, bytes32 role);

    /// @notice Thrown when a role would be left to nobody, after which nothing could be proposed, executed or vetoed.
    /// @param role The role.
    error DualControl_RoleVacant(bytes32 role);

    /// @notice Thrown when there is nothing to revoke, or what would be revoked is this contract's own power.
    /// @param target The contract whose role it would be.
    /// @param role The role.
    /// @param account Who does not have it, or is this contract.
    error DualControl_NotRevocable(address target, bytes32 role, address account);

    /// @notice Revokes a role at once, without a proposal: one of this contract's own, or of a contract that it
    /// administers. Takes CANCELLER_ROLE. What a revoked proposer has scheduled stays scheduled: veto that too.
    /// @param target This contract, or the one that it administers.
    /// @param role The role, as the target names it.
    /// @param account Who has it.
    function revokeAtOnce(address target, bytes32 role, address account) external;
}
