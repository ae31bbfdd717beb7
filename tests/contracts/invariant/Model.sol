// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {BillStatus} from "../../../contracts/types/Bill.sol";
import {Instruction, InstructionId, InstructionStatus, Leg} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Books of our own beside the system's: what every balance, hold, nonce, mandate and bill must be after what the
/// handlers have done. They are written in handlers only, because what an invariant function writes is gone at its next
/// call. A handler that sees a rule broken notes it under the rule's id; the invariant reads the note.
abstract contract Model is Base {
    /// @dev The first breach of each rule, in words.
    mapping(string id => string) public breach;
    /// @dev How often each act succeeded, so that a test can tell that none of them is idle.
    mapping(string act => uint256) public done;

    address[] public fungibles;
    address[] public holders;
    uint256[] public titles;
    /// @dev Instructions made so far, for later acts to come back to, each with its id.
    bytes[] public pool;
    InstructionId[] public poolIds;

    mapping(address token => mapping(address holder => uint256)) public balances;
    mapping(address token => mapping(address holder => uint256)) public holds;
    mapping(address token => uint256) public supplies;
    mapping(uint256 title => address) public ownerOf;
    /// @dev Deposits less reserves of each bank: no payment across banks changes it.
    int256[3] public gaps;
    mapping(bytes32 key => InstructionStatus) public statuses;
    mapping(InstructionId id => bool) public lockedNow;
    mapping(InstructionId id => bool) public settledOnce;
    mapping(address party => bool) public barred;
    mapping(address token => bool) public withdrawn;
    mapping(uint256 from => mapping(uint256 to => uint256)) public limitPerPayment;
    uint256[3] public limitPerDay;
    mapping(uint256 bank => mapping(uint256 day => uint256)) public usedOn;

    /// @dev Takes the world as it is for the books' beginning.
    function _open() internal {
        fungibles =
            [address(wholesale), address(deposits[0]), address(deposits[1]), address(deposits[2]), address(bond)];
        holders = [authority, banks[0], banks[1], banks[2], issuer, carrier, address(wallet)];
        for (uint256 i = 0; i < 6; ++i) {
            holders.push(clients[i]);
        }
        for (uint256 i = 0; i < fungibles.length; ++i) {
            supplies[fungibles[i]] = supply(fungibles[i]);
            for (uint256 j = 0; j < holders.length; ++j) {
                balances[fungibles[i]][holders[j]] = balance(fungibles[i], holders[j]);
            }
        }
        for (uint256 i = 0; i < 3; ++i) {
            gaps[i] = int256(supplies[address(deposits[i])]) - int256(balances[address(wholesale)][banks[i]]);
        }
    }

    /// @dev All holders in one call; asking one by one is what takes an invariant's time.
    function everybody() external view returns (address[] memory) {
        return holders;
    }

    function heldBy(address token) external view returns (uint256[] memory held_) {
        held_ = new uint256[](holders.length);
        for (uint256 i = 0; i < held_.length; ++i) {
            held_[i] = holds[token][holders[i]];
        }
    }

    function counts() external view returns (uint256 tokens, uint256 parties, uint256 bills_, uint256 instructions) {
        return (fungibles.length, holders.length, titles.length, pool.length);
    }

    function pooled(uint256 index) public view returns (Instruction memory) {
        return abi.decode(pool[index], (Instruction));
    }

    function keyOfNonce(Instruction memory instruction) public pure returns (bytes32 key) {
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            key = keccak256(abi.encode(key, instruction.legs[i].giver, instruction.legs[i].receiver));
        }
        return keccak256(abi.encode(key, instruction.nonce));
    }

    function today() public view returns (uint256) {
        return (block.timestamp + HONG_KONG) / 1 days;
    }

    // ---- rules that a success has to obey ----------------------------------------------------------------------------

    function _expect(bool holdsTrue, string memory id, string memory what) internal {
        if (!holdsTrue && bytes(breach[id]).length == 0) breach[id] = what;
    }

    /// @dev DVP-2 and CMP-1 for an instruction that has just been settled, locked, or settled out of its holds.
    function _expectAllowed(Instruction memory instruction, InstructionStatus from, bool early, bool consented)
        internal
    {
        _expect(statuses[keyOfNonce(instruction)] == from, "DVP-2", "its nonce was spent or not locked");
        _expect(block.timestamp <= instruction.deadline, "DVP-2", "it was past its deadline");
        _expect(early || block.timestamp >= instruction.notBefore, "DVP-2", "its window was not open");
        _expect(consented, "DVP-2", "a consent was missing or false");
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            Leg memory one = instruction.legs[i];
            _expect(!barred[one.giver] && !barred[one.receiver], "CMP-1", "a party was barred");
            _expect(!withdrawn[one.instrument] && !withdrawn[one.receiverInstrument], "CMP-1", "not admitted");
            _expect(!_issuerBarred(one.instrument), "CMP-1", "the payer's bank was barred");
            _expect(!_issuerBarred(one.receiverInstrument), "CMP-1", "the payee's bank was barred");
        }
    }

    /// @dev Only a claim on its issuer stops with the issuer.
    function _issuerBarred(address token) internal view returns (bool) {
        for (uint256 i = 0; i < 3; ++i) {
            if (token == address(deposits[i])) return barred[banks[i]];
        }
        return token == address(wholesale) && barred[authority];
    }

    function _settled(Instruction memory instruction, bool[3] memory banksConsent) internal {
        InstructionId id = engine.idOf(instruction);
        _expect(!settledOnce[id], "DVP-2", "it settled twice");
        settledOnce[id] = true;
        statuses[keyOfNonce(instruction)] = InstructionStatus.Settled;
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            _apply(instruction.legs[i], banksConsent);
        }
    }

    /// @dev Unchecked: where the system has let through what the books cannot, the comparison says so.
    function _apply(Leg memory one, bool[3] memory banksConsent) private {
        uint256 quantity = one.quantity;
        if (one.instrument == address(bills)) {
            ownerOf[quantity] = one.receiver;
        } else if (one.instrument == one.receiverInstrument) {
            _move(one.instrument, one.giver, one.receiver, quantity);
        } else {
            uint256 from = _bankOfDeposit(one.instrument);
            uint256 to = _bankOfDeposit(one.receiverInstrument);
            _useMandate(from, to, quantity, banksConsent);
            unchecked {
                balances[one.instrument][one.giver] -= quantity;
                balances[one.receiverInstrument][one.receiver] += quantity;
                supplies[one.instrument] -= quantity;
                supplies[one.receiverInstrument] += quantity;
                balances[address(wholesale)][banks[from]] -= quantity;
                balances[address(wholesale)][banks[to]] += quantity;
            }
        }
    }

    function _move(address token, address from, address to, uint256 quantity) internal {
        unchecked {
            balances[token][from] -= quantity;
            balances[token][to] += quantity;
            if (token != address(wholesale)) return;
            for (uint256 i = 0; i < 3; ++i) {
                if (banks[i] == from) gaps[i] += int256(quantity);
                if (banks[i] == to) gaps[i] -= int256(quantity);
            }
        }
    }

    function _useMandate(uint256 from, uint256 to, uint256 quantity, bool[3] memory banksConsent) private {
        bool covered = quantity <= limitPerPayment[from][to] && usedOn[from][today()] + quantity <= limitPerDay[from];
        _expect(covered || banksConsent[from], "MON-3", "reserves left without mandate or consent");
        if (covered) usedOn[from][today()] += quantity;
    }

    function _bankOfDeposit(address token) private view returns (uint256 bank) {
        while (address(deposits[bank]) != token) ++bank;
    }

    // ---- holds -------------------------------------------------------------------------------------------------------

    function _hold(Instruction memory instruction, bool on) internal {
        lockedNow[engine.idOf(instruction)] = on;
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            Leg memory one = instruction.legs[i];
            if (one.instrument == address(bills)) continue;
            unchecked {
                if (on) holds[one.instrument][one.giver] += one.quantity;
                else holds[one.instrument][one.giver] -= one.quantity;
            }
        }
    }

    // ---- comparison --------------------------------------------------------------------------------------------------

    /// @dev After every act: each position is what the books say, or the act broke the rule `id`.
    function _compare(string memory id) internal {
        uint256 tokens = fungibles.length;
        uint256 parties = holders.length;
        for (uint256 i = 0; i < tokens; ++i) {
            IERC20 token = IERC20(fungibles[i]);
            mapping(address => uint256) storage books = balances[address(token)];
            for (uint256 j = 0; j < parties; ++j) {
                address holder = holders[j];
                if (token.balanceOf(holder) == books[holder]) continue;
                _expect(false, id, "a position is not what its legs make it");
            }
        }
        for (uint256 i = 0; i < titles.length; ++i) {
            address owner = ownerOf[titles[i]];
            if (owner == address(0) || titleOwner(titles[i]) == owner) continue;
            _expect(false, id, "a title is not where its leg put it");
        }
    }

    function titleOwner(uint256 title) public view returns (address owner) {
        (bool ok, bytes memory data) = address(bills).staticcall(abi.encodeWithSignature("ownerOf(uint256)", title));
        if (ok) owner = abi.decode(data, (address));
    }

    function isLive(uint256 title) public view returns (bool) {
        BillStatus status = bills.bill(title).status;
        return status == BillStatus.Issued || status == BillStatus.PendingSurrenderForDelivery;
    }
}
