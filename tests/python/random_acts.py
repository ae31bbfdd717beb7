"""A walk of acts by chance, by random parties, that are more often possible than not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from side_by_side import BILLS, BONDS, MONEY, PARTIES, SideBySide

from settlement.domain import acts, bills
from settlement.domain.instruction import Consent, Instruction, Leg, title_id
from settlement.domain.quantity import MAX_QUANTITY, Quantity

CLIENTS = ("seller", "buyer", "trader", "issuer")
BANKS = ("bank-amber", "bank-jade")
DEPOSITS = ("amber-hkd", "jade-hkd")
AT_BANK = {"amber-hkd": ("seller", "trader", "issuer"), "jade-hkd": ("buyer", "trader")}
SMALL, LARGE = (5, 10, 15, 20, 100, 400), (0, 1, 600, 3_000, 500_001, MAX_QUANTITY, MAX_QUANTITY + 1)


class RandomActs:
    """Does acts by chance on both sides, one a step; the same seed does the same."""

    def __init__(self, both: SideBySide, seed: int) -> None:
        self.both = both
        self.done: Counter[tuple[str, bool]] = Counter()
        self._chance = random.Random(seed)
        self._instructions: list[tuple[Instruction, tuple[str, ...]]] = []
        self._locked: list[tuple[Instruction, tuple[str, ...]]] = []
        self._count = 0

    def step(self) -> None:
        """One act, or a batch, or time that passes."""
        kinds = {
            self._instruct: 40,
            self._go_on: 12,
            self._batch: 10,
            self._book: 8,
            self._bar: 6,
            self._bill: 8,
            self._transfer: 4,
            self._account: 4,
            self._mandate: 4,
            self._bond: 3,
            self._wait: 3,
        }
        self._chance.choices(list(kinds), list(kinds.values()))[0]()

    def _do(self, act: acts.Act) -> bool:
        accepted = self.both.do(act)
        self.done[act.kind, accepted] += 1
        return accepted

    def _one(self, some: Sequence[str]) -> str:
        return self._chance.choice(some)

    def _two(self, some: Sequence[str]) -> tuple[str, str]:
        """Two of them, rarely one twice."""
        first = self._one(some)
        return first, first if self._rarely(0.02) else self._one([each for each in some if each != first])

    def _rarely(self, share: float = 0.12) -> bool:
        return self._chance.random() < share

    def _amount(self) -> int:
        return self._chance.choice(LARGE if self._rarely(0.2) else SMALL)

    # ---- registry, issuers, holders ----------------------------------------------------------------------------------

    def _bar(self) -> None:
        """Somebody is barred; most often that ends soon."""
        changes = ("suspend", "freeze", "reinstate", "unfreeze", "reinstate", "unfreeze")
        party = self._one(PARTIES if self._rarely() else CLIENTS)
        if self._rarely():
            address, roles = self.both.address_of("stranger"), self._chance.choice((("bank",), ("investor",)))
            self._do(acts.AdmitParty(party="stranger", address=address, roles=roles))
        elif self._do(acts.ChangePartyStatus.model_validate({"party": party, "change": self._one(changes)})):
            self._instruct()
            for change in ("unfreeze", "reinstate"):
                if not self._rarely(0.3):
                    self._do(acts.ChangePartyStatus.model_validate({"party": party, "change": change}))

    def _account(self) -> None:
        instrument, holder = self._one(MONEY), self._one(PARTIES)
        if self._rarely(0.4):
            self._do(acts.OpenAccount(instrument=instrument, holder=holder))
        else:
            blocked = self._rarely(0.4)
            self._do(acts.ChangeAccountBlock(instrument=instrument, holder=holder, blocked=blocked))

    def _mandate(self) -> None:
        instrument, bank, limit = self._one(DEPOSITS), self._one((*BANKS, "seller")), self._chance.choice((0, 20, 400))
        self._do(acts.SetCounterpartyLimit(instrument=instrument, counterparty=bank, limit_per_payment=limit))
        self._do(acts.SetDailyLimit(instrument=instrument, limit_per_day=limit * 2))

    def _book(self) -> None:
        """Money is issued or redeemed, now and then under a reference that has served."""
        money = self._one(MONEY)
        holder = self._one(PARTIES if self._rarely() else BANKS if money == "wholesale-hkd" else AT_BANK[money])
        kind = acts.RedeemMoney if self._rarely(0.4) else acts.IssueMoney
        quantity = Quantity(instrument=money, amount=min(self._amount() or 1, MAX_QUANTITY))
        reference = f"B-{self._chance.randrange(60)}"
        self._do(kind(holder=holder, quantity=quantity, booking_reference=reference))

    def _bond(self) -> None:
        kind = acts.RedeemBond if self._rarely(0.5) else acts.IssueBond
        self._do(kind(quantity=Quantity(instrument=self._one(BONDS), amount=self._amount())))

    def _transfer(self) -> None:
        quantity = Quantity(instrument=self._one((*DEPOSITS, *BONDS)), amount=self._amount())
        self._do(acts.Transfer(giver=self._one(CLIENTS), receiver=self._one(CLIENTS), quantity=quantity))

    def _wait(self) -> None:
        self.both.advance(self._chance.choice((3_000, 3_000, 86_400)))

    # ---- bills -------------------------------------------------------------------------------------------------------

    def _bill(self) -> None:
        """Something is done with a bill, most often by whoever has it."""
        name, to = self._one(BILLS), self._one((*CLIENTS, "ocean-line") if self._rarely() else CLIENTS)
        holder = self.both.holder_of(name) or "seller"
        by = self._one(CLIENTS) if self._rarely(0.2) else holder
        about = {"instrument": "ocean-bills", "document_reference": name, "by": by}
        carrier = about | {"by": "ocean-line"}
        choice = self._chance.randrange(8)
        if choice == 0:
            number = self._chance.randint(1, 5)
            self._do(
                bills.IssueBill(
                    instrument="ocean-bills",
                    holder=to,
                    document_reference=f"BILL-{number}",
                    document_hash=f"0x{self._chance.randint(1, 5):064x}",
                    bill_kind=self._chance.choice(("to-order", "straight", "blank")),
                )
            )
        elif choice in (1, 2):
            self._do(bills.EntrustBill(**about, receiver=to, realisable_from=0))
            self._do(bills.AcceptEntrustment(**about | {"by": to}, giver=by, realisable_from=0))
        elif choice == 3:
            self._do(bills.RevokeEntrustment(**about, receiver=to))
        elif choice in (4, 5):
            endorsement = self._chance.choice(("ENDORSE", "ENDORSE_TO_ORDER", "ENDORSE_TO_ORDER", "BLANK_ENDORSE"))
            endorsee = None if endorsement == "BLANK_ENDORSE" else to
            self._do(bills.EndorseBill(**about, endorsement=endorsement, endorsee=endorsee))
        else:
            self._do(bills.SurrenderBill(**about, step="request"))
            self._do(bills.SurrenderBill(**carrier, step="accept" if self._rarely() else "reject"))

    # ---- instructions ------------------------------------------------------------------------------------------------

    def _leg(self) -> Leg:
        amount = self._amount()
        kind = self._chance.choices(("bond", "within", "across", "reserves", "title", "odd"), (4, 2, 6, 1, 3, 0.5))[0]
        if kind == "bond":
            return leg(*self._two(CLIENTS), self._one(BONDS), amount)
        if kind == "within":
            money = self._one(DEPOSITS)
            return leg(*self._two(AT_BANK[money]), money, amount)
        if kind == "across":
            gives, takes = self._chance.sample(DEPOSITS, 2)
            return leg(self._one(AT_BANK[gives]), self._one(AT_BANK[takes]), gives, amount, takes)
        if kind == "reserves":
            return leg(*self._chance.sample(BANKS, 2), "wholesale-hkd", self._chance.choice((100, 999_000, 1_000_000)))
        if kind == "title":
            name = self._one(BILLS)
            giver, receiver = self._two(CLIENTS)
            holder = self.both.holder_of(name)
            giver = giver if self._rarely() or holder in (None, receiver) else str(holder)
            return leg(giver, receiver, "ocean-bills", title_id(name))
        names = (*MONEY, *BONDS)
        return leg(self._one(PARTIES), self._one(PARTIES), self._one(names), amount, self._one(names))

    def _instruct(self) -> None:
        """An instruction that is settled, or locked, or kept for a batch."""
        now, self._count = self.both.now, self._count + 1
        window = self._chance.choices(((-100, 5_000), (2_000, 8_000), (-200, -100)), (12, 1, 1))[0]
        instruction = Instruction(
            reference=f"R-{self._count}",
            legs=tuple(self._leg() for _ in range(self._chance.choice((1, 1, 2, 2, 3)))),
            terms={},
            not_before=now + window[0],
            deadline=now + window[1],
            nonce=self._chance.randrange(3) if self._rarely(0.2) else self._count + 100,
        )
        parties = [*instruction.parties, *(() if self._rarely(0.2) else BANKS)]
        if self._rarely(0.08):
            parties.remove(self._one(instruction.parties))
        signing = tuple(dict.fromkeys(parties))
        choice = self._chance.randrange(8)
        if choice < 4:
            self._do(acts.Settle(instruction=instruction, consents=self._consents(instruction, signing)))
        elif choice < 6 and self._do(acts.Lock(instruction=instruction, consents=self._consents(instruction, signing))):
            self._locked.append((instruction, signing))
        self._instructions.append((instruction, signing))

    def _consents(self, instruction: Instruction, parties: Sequence[str]) -> tuple[Consent, ...]:
        forged = self._one(parties) if parties and self._rarely(0.05) else None
        return self.both.consents(instruction, parties, forged)

    def _go_on(self) -> None:
        """Something is done with an instruction that was there before, most often one that was locked."""
        some = self._locked if self._locked and not self._rarely(0.25) else self._instructions
        if not some:
            return
        instruction, parties = self._chance.choice(some)
        consents = self._consents(instruction, parties)
        choice = self._chance.randrange(7)
        if choice < 3:
            self._do(acts.SettleLocked(instruction=instruction, consents=consents))
        elif choice == 3:
            self._do(acts.Settle(instruction=instruction, consents=consents))
        elif choice == 4:
            saying = instruction.parties[:1] if self._rarely(0.4) else instruction.parties
            words = tuple(self.both.network.ledger.cancellation(party, instruction, "no") for party in saying)
            self._do(acts.Cancel(instruction=instruction, reason="no", cancellations=words))
        elif choice == 5:
            if not self._rarely(0.4):
                self.both.advance(10_000)
            self._do(acts.Expire(instruction=instruction))
        else:
            self._do(acts.ReleaseLeg(instruction=instruction, leg=self._chance.randrange(3)))

    def _batch(self) -> None:
        """Some of the last instructions and some new ones, a few of them twice or bad."""
        for _ in range(3):
            self._instruct()
        some = self._chance.choices(self._instructions[-8:], k=self._chance.randint(1, 6))
        items = [acts.Settle(instruction=each, consents=self._consents(each, parties)) for each, parties in some]
        mode = self._one(("all-or-nothing", "each-for-itself", "each-for-itself"))
        self._do(acts.SettleBatch.model_validate({"items": tuple(items), "mode": mode}))


def leg(giver: str, receiver: str, instrument: str, amount: int, takes: str | None = None) -> Leg:
    """A movement of smallest units, or of a title."""
    quantity = Quantity(instrument=instrument, amount=amount)
    return Leg(giver=giver, receiver=receiver, quantity=quantity, receiver_instrument=takes or instrument)
