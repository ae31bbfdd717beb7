"""Writes what slither reads of the contracts: their syntax trees, in the form of forge's build-info.

python scripts/lib/syntax_trees.py FILE

The compiler is asked for nothing else. Making the code is what takes its time, and slither does not look at it; and
what is left in forge's own build-info from an earlier state of the sources is not analysed either.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from settlement.chain.compiler import find_solc, standard_input

ROOT = Path(__file__).resolve().parents[2]
NO_CODE = {"object": "", "sourceMap": ""}


def build_info(root: Path) -> dict[str, Any]:
    """What the compiler made of the contracts under `root`; ends the program where it is not content with them."""
    request = standard_input(root)
    request["settings"]["outputSelection"] = {"*": {"": ["ast"], "*": ["abi"]}}
    solc, version = find_solc(root)
    command = [str(solc), "--standard-json", "--base-path", str(root)]
    answer = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, cwd=root, check=False)
    if answer.returncode != 0:
        sys.exit(f"The compiler did not run: {answer.stderr.strip()}")
    output = json.loads(answer.stdout)
    if errors := [each["formattedMessage"] for each in output.get("errors", []) if each["severity"] == "error"]:
        sys.exit("The contracts do not compile:\n" + "\n".join(errors))
    for contracts in output["contracts"].values():
        for contract in contracts.values():
            contract["evm"] = {"bytecode": NO_CODE, "deployedBytecode": NO_CODE}
    return {"solcVersion": version.split("+")[0], "input": request, "output": output}


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(build_info(ROOT)), "utf-8")
