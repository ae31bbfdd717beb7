// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {
    BatchMode,
    Consent,
    Instruction,
    InstructionId,
    InstructionStatus,
    Leg,
    Settlement
} from "../../../contracts/types/Settlement.sol";
import {Surroundings} from "./Surroundings.sol";

/// @dev What anybody may do with instructions, in any order. Each act may be refused; where it succeeds, the model's
/// rules are asked whether it may.
contract Handler is Surroundings {
    uint256 private constant POOL_MAX = 12;

    struct Signed {
        Consent[] consents;
        bool genuine; // No signature is false.
        bool complete; // And every giver and every receiver of a title has signed.
        bool[3] banks; // Whose bank has signed too.
    }

    // ---- settling ----------------------------------------------------------------------------------------------------

    function settleNew(uint256 seed) external {
        seed = _mixAndMend(seed);
        _settle(_make(seed), seed);
    }

    function settleAgain(uint256 seed) external {
        seed = _mix(seed);
        if (pool.length != 0) _settle(pooled(seed % pool.length), seed);
    }

    function _settle(Instruction memory instruction, uint256 seed) private {
        Signed memory signed = _sign(instruction, seed);
        try engine.settle(instruction, signed.consents) {
            _expectAllowed(instruction, InstructionStatus.Open, false, signed.complete);
            _settled(instruction, signed.banks);
            ++done["settle"];
            ++done[_kindOf(instruction)];
        } catch {
            if (!signed.complete) ++done["refused, a consent missing or false"];
            if (settledOnce[engine.idOf(instruction)]) ++done["refused, settled before"];
        }
        _compare("DVP-1");
    }

    /// @dev Up to four at once, new ones and old ones, perhaps one of them twice.
    function batch(uint256 seed, bool allOrNothing) external {
        seed = _mixAndMend(seed);
        uint256 size = 1 + seed % 4;
        Settlement[] memory settlements = new Settlement[](size);
        Signed[] memory signed = new Signed[](size);
        for (uint256 i = 0; i < size; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            bool old = pool.length != 0 && seed >> 200 & 3 == 0;
            Instruction memory instruction = old ? pooled(seed % pool.length) : _make(seed);
            signed[i] = _sign(instruction, allOrNothing ? seed | 7 : seed);
            settlements[i] = Settlement(instruction, signed[i].consents);
        }
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        BatchMode mode = allOrNothing ? BatchMode.AllOrNothing : BatchMode.EachForItself;
        try engine.settleBatch(accounts, items, mode) returns (uint256 settled) {
            bool all = settled == (1 << size) - 1;
            if (!all && settled != 0) ++done["batch, one refused and another settled"];
            _expect(!allOrNothing || all, "DVP-1", "all or nothing was neither");
            for (uint256 i = 0; i < size; ++i) {
                if ((settled >> i) & 1 == 0) continue;
                Instruction memory instruction = settlements[i].instruction;
                bool held = lockedNow[engine.idOf(instruction)];
                InstructionStatus from = held ? InstructionStatus.Locked : InstructionStatus.Open;
                _expectAllowed(instruction, from, false, held ? signed[i].genuine : signed[i].complete);
                if (held) _hold(instruction, false);
                _settled(instruction, signed[i].banks);
                if (held) ++done["batch, out of its holds"];
                ++done[allOrNothing ? "batch, all or nothing" : "batch, each for itself"];
            }
        } catch {
            if (size > 1) ++done["batch, refused as a whole"];
            _expect(allOrNothing, "DVP-1", "each for itself failed as a whole");
        }
        _compare("DVP-1");
    }

    // ---- holding -----------------------------------------------------------------------------------------------------

    function lock(uint256 seed) external {
        seed = _mixAndMend(seed);
        Instruction memory instruction =
            seed >> 64 & 3 == 0 && pool.length != 0 ? pooled(seed % pool.length) : _make(seed);
        Signed memory signed = _sign(instruction, seed);
        try engine.lock(instruction, signed.consents) {
            _expectAllowed(instruction, InstructionStatus.Open, true, signed.complete);
            statuses[keyOfNonce(instruction)] = InstructionStatus.Locked;
            _hold(instruction, true);
            ++done["lock"];
        } catch {}
        _compare("HLD-1");
    }

    function settleLocked(uint256 seed) external {
        seed = _mix(seed);
        (bool found, Instruction memory instruction) = _pickLocked(seed);
        if (!found) return;
        Signed memory signed = _sign(instruction, seed | 7);
        if (seed >> 40 & 1 == 0) _moveNearlyAll(instruction, seed);
        try engine.settleLocked(instruction, signed.consents) {
            _expect(lockedNow[engine.idOf(instruction)], "DVP-2", "it was not locked itself");
            _expectAllowed(instruction, InstructionStatus.Locked, false, true);
            _hold(instruction, false);
            _settled(instruction, signed.banks);
            ++done["settleLocked"];
        } catch (bytes memory reason) {
            bool short = bytes4(reason) == IGreenBond.GreenBond_BelowMinimumDenomination.selector;
            _expect(!short, "HLD-1", "what is on hold cannot be delivered");
            bool idle = bytes4(reason) == IInstrument.Instrument_SelfMovement.selector;
            _expect(!idle, "HLD-1", "what could never move is on hold");
        }
        _compare("DVP-1");
    }

    /// @dev A side of a bond on hold tries to keep all but too little of what else it has.
    function _moveNearlyAll(Instruction memory instruction, uint256 seed) private {
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            Leg memory held = instruction.legs[i];
            if (held.instrument != address(bond)) continue;
            (address side, address other) =
                seed >> 41 & 1 == 0 ? (held.giver, held.receiver) : (held.receiver, held.giver);
            uint256 free = balances[address(bond)][side] - holds[address(bond)][side];
            if (free > INCREMENT) _transfer(address(bond), side, other, free - INCREMENT);
        }
    }

    // ---- ending ------------------------------------------------------------------------------------------------------

    function cancel(uint256 seed) external {
        seed = _mix(seed);
        if (pool.length == 0) return;
        (bool found, Instruction memory instruction) = _pickLocked(seed);
        if (!found || seed >> 32 & 3 == 0) instruction = pooled(seed % pool.length);
        Consent[] memory all = cancellationsOf(instruction, "words");
        bool everybody = seed >> 16 & 1 == 0 || all.length == 1;
        bytes32 key = keyOfNonce(instruction);
        InstructionStatus status = statuses[key];
        try engine.cancel(instruction, "words", everybody ? all : only(all[all.length - 1])) {
            bool allowed = status == InstructionStatus.Open || status == InstructionStatus.Locked && everybody;
            _expect(allowed, "DVP-2", "a final or matched instruction was cancelled");
            _end(instruction, status, InstructionStatus.Cancelled);
            ++done[status == InstructionStatus.Locked ? "cancel, locked" : "cancel, open"];
        } catch {}
        _compare("HLD-1");
    }

    function expire(uint256 seed) external {
        seed = _mix(seed);
        (bool found, Instruction memory instruction) = _pickLocked(seed);
        if (!found) return;
        try engine.expire(instruction) {
            InstructionStatus status = statuses[keyOfNonce(instruction)];
            _expect(status == InstructionStatus.Locked, "DVP-2", "it expired without being locked");
            _expect(block.timestamp > instruction.deadline, "DVP-2", "it expired inside its window");
            _end(instruction, status, InstructionStatus.Expired);
            ++done["expire"];
        } catch {}
        _compare("HLD-1");
    }

    /// @dev Honest instruments let every hold go at once, so there is never one left to release.
    function release(uint256 seed) external {
        seed = _mix(seed);
        if (pool.length == 0) return;
        Instruction memory instruction = pooled(seed % pool.length);
        try engine.releaseLeg(instruction, (seed >> 128) % instruction.legs.length) {
            _expect(false, "HLD-1", "a hold was released that had ended");
        } catch {}
        _compare("HLD-1");
    }

    function _end(Instruction memory instruction, InstructionStatus from, InstructionStatus to) private {
        statuses[keyOfNonce(instruction)] = to;
        if (from == InstructionStatus.Locked) _hold(instruction, false);
    }

    function _pickLocked(uint256 seed) private view returns (bool found, Instruction memory instruction) {
        for (uint256 i = 0; i < pool.length; ++i) {
            uint256 index = (seed % pool.length + i) % pool.length;
            if (lockedNow[poolIds[index]]) return (true, pooled(index));
        }
    }

    // ---- making them -------------------------------------------------------------------------------------------------

    function _make(uint256 seed) private returns (Instruction memory instruction) {
        address from = clients[seed % 6];
        address to = clients[(seed >> 8) % 6];
        uint256 amount = 1 + (seed >> 16) % (CASH / 4);
        uint256 kind = (seed >> 96) % 6;
        Leg memory bonds = leg(from, to, address(bond), (1 + (seed >> 64) % 20) * INCREMENT);
        if (kind == 0) instruction = instruct(bonds, payment(to, from, amount));
        if (kind == 1) instruction = instruct(payment(from, to, amount));
        if (kind == 2) {
            instruction = instruct(leg(banks[seed % 3], banks[(seed >> 8) % 3], address(wholesale), amount));
        }
        if (kind == 3) instruction = instruct(_billLeg(seed, to), payment(to, from, amount));
        if (kind == 4) instruction = instruct(payment(from, to, amount), payment(to, from, amount / 2 + 1));
        if (kind == 5) {
            Leg[] memory legs = new Leg[](3);
            (legs[0], legs[1]) = (bonds, payment(to, from, amount));
            legs[2] = payment(from, clients[(seed >> 104) % 6], amount / 100 + 1);
            instruction = instruct(legs);
        }
        if (seed >> 112 & 3 == 0) instruction.nonce = (seed >> 116) % 2;
        if (seed >> 120 & 7 == 0) instruction.notBefore += 1 hours;
        instruction.deadline = uint64(block.timestamp + 1 hours + (seed >> 124) % 1 days);
        _remember(instruction, (seed >> 140) % POOL_MAX);
    }

    /// @dev In the place of another one, unless that one is locked and has to be ended some day.
    function _remember(Instruction memory instruction, uint256 index) private {
        InstructionId id = engine.idOf(instruction);
        if (pool.length < POOL_MAX) {
            pool.push(abi.encode(instruction));
            poolIds.push(id);
        } else if (!lockedNow[poolIds[index]]) {
            (pool[index], poolIds[index]) = (abi.encode(instruction), id);
        }
    }

    /// @dev Mostly of a bill that a client controls; of any bill, ended ones too, one time in four.
    function _billLeg(uint256 seed, address to) private view returns (Leg memory) {
        uint256 count = titles.length;
        if (count == 0) return leg(clients[0], to, address(bills), 1);
        uint256 index = (seed >> 72) % count;
        for (uint256 i = 0; i < count && seed >> 90 & 3 != 0; ++i) {
            uint256 next = (index + i) % count;
            address holder = ownerOf[titles[next]];
            if (holder == address(0) || holder == carrier || holder == to) continue;
            index = next;
            break;
        }
        address owner = ownerOf[titles[index]] == address(0) ? clients[0] : ownerOf[titles[index]];
        return leg(owner, to, address(bills), titles[index]);
    }

    /// @dev Mostly everybody signs; sometimes one does not, or signs other words; often the banks do too.
    function _sign(Instruction memory instruction, uint256 seed) private view returns (Signed memory signed) {
        signed.consents = consentsOf(instruction);
        (signed.genuine, signed.complete) = (true, true);
        uint256 flaw = seed & 7;
        if (flaw == 0) {
            signed.consents[0].signature[7] ^= 0x01;
            (signed.genuine, signed.complete) = (false, false);
        }
        if (flaw == 1) {
            signed.consents = new Consent[](0);
            signed.complete = false;
        }
        bytes32 digest = InstructionId.unwrap(engine.idOf(instruction));
        for (uint256 i = 0; i < 3; ++i) {
            signed.banks[i] = _isParty(instruction, banks[i]);
            if (signed.banks[i] || seed >> (3 + i) & 1 == 0) continue;
            signed.consents = with(signed.consents, sign(banks[i], digest));
            signed.banks[i] = true;
        }
    }

    function _kindOf(Instruction memory instruction) private view returns (string memory) {
        Leg memory first = instruction.legs[0];
        if (first.instrument == address(bills)) return "settle, bill against cash";
        if (first.instrument == address(bond)) return "settle, bond against cash";
        if (first.instrument == address(wholesale)) return "settle, wholesale money";
        return first.instrument == first.receiverInstrument ? "settle, within a bank" : "settle, across banks";
    }

    function _isParty(Instruction memory instruction, address party) private pure returns (bool) {
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            if (instruction.legs[i].giver == party || instruction.legs[i].receiver == party) return true;
        }
        return false;
    }
}
