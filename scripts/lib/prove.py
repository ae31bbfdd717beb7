"""Runs halmos over tests/contracts/proofs and says what it proved. See scripts/prove."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from proof_faults import plant
from proof_runs import Outcome, Property, compile_proofs, properties, result_of, run_halmos


def main(arguments: list[str]) -> int:
    """Proves the properties that the arguments name, lists them, or plants their faults."""
    option = arguments[0] if arguments[:1] in (["--list"], ["--faults"]) else ""
    words = arguments[1:] if option else arguments
    wanted = [found for found in properties() if found.is_one_of(words)]
    if not wanted:
        print(f"prove: no property's id, contract or name contains {' or '.join(words)}.", file=sys.stderr)
        return 2
    if option == "--list":
        for found in wanted:
            print(f"{found.id}  {found.name}\n       {found.says}\n       bounds: {found.bounds}")
        return 0
    started = time.monotonic()
    compile_proofs()
    if option == "--faults":
        return 1 if plant(wanted) else 0
    tasks = [
        (contract, kind, [f"{kind}_{one.name}" for one in wanted if one.contract == contract])
        for contract in dict.fromkeys(one.contract for one in wanted)
        for kind in ("check", "reach")
    ]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        outcomes: dict[str, Outcome] = {}
        for part in pool.map(lambda task: run_halmos(task[0], task[2], early_exit=task[1] == "reach"), tasks):
            outcomes |= part
    proved = _print_table(wanted, outcomes)
    print(f"{proved} of {len(wanted)} properties proved in {time.monotonic() - started:.0f} s")
    return 0 if proved == len(wanted) else 1


def _print_table(wanted: list[Property], outcomes: dict[str, Outcome]) -> int:
    proved = 0
    width = max(len(found.name) for found in wanted)
    print(f"{'id':6} {'property':{width}} {'result':10} {'seconds':>7}  bounds")
    for found in wanted:
        check, reach = outcomes.get(f"check_{found.name}"), outcomes.get(f"reach_{found.name}")
        result = result_of(check, reach)
        proved += result == "proved"
        seconds = sum(one.seconds for one in (check, reach) if one)
        print(f"{found.id:6} {found.name:{width}} {result:10} {seconds:7.1f}  {found.bounds}")
    return proved


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
