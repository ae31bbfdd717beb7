"""Ctrl-C, SIGTERM and a reader that goes away: the right exit code, no traceback, no chain left behind."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from settlement.cli import signals
from settlement.errors import ChainUnreachable

PLACES = {
    "run, starting": (("run", "green-bond-2023"), "preparing the chain"),
    "run, setting up": (("run", "green-bond-2023"), "admitting parties"),
    "run, settling": (("run", "green-bond-2023"), "locked, both sides"),
    "demo, in the first": (("demo",), "opening positions"),
    "demo, in the second": (("demo",), "ebl-collection: "),
    "bench": (("bench", "gas"), "settling one by one"),
}


def interrupted(settle, place, number):
    """Starts it, sends the signal at this place, and returns how it ended and what it said since."""
    arguments, line = PLACES[place]
    with settle.start(*arguments) as process:
        for said in process.stderr:
            if line in said:
                break
        else:
            pytest.fail(f"it never said {line!r}")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize("place", PLACES)
def test_ctrl_c(settle, place):
    code, _, err = interrupted(settle, place, signal.SIGINT)
    assert code == 130
    assert "Traceback" not in err
    assert settle.left_running() == []


@pytest.mark.parametrize("place", [place for place in PLACES if place != "demo, in the second"])
def test_sigterm(settle, place):
    code, _, err = interrupted(settle, place, signal.SIGTERM)
    assert code in (128 + signal.SIGTERM, -signal.SIGTERM)
    assert "Traceback" not in err
    assert settle.left_running() == []


@pytest.mark.parametrize("torn", [ChainUnreachable("half an answer"), ValueError("half a number")], ids=type)
@pytest.mark.parametrize(("asked", "code"), [([signal.SIGTERM], 143), ([signal.SIGINT], 130), ([], 3)])
def test_what_a_signal_tore_ends_as_the_signal_does(monkeypatch, capsys, torn, asked, code):
    class Command:
        def main(self, *_, **__):
            raise torn

    monkeypatch.setattr(signals, "asked", asked)
    cli = importlib.import_module("settlement.cli.main")  # The package gives its function that name.
    monkeypatch.setattr(cli, "command", Command)
    with pytest.raises(SystemExit) as ended:
        cli._run()
    assert (ended.value.code, "half a" in capsys.readouterr().err) == (code, True)


def test_ctrl_c_is_said_in_a_sentence(settle):
    _, _, err = interrupted(settle, "run, settling", signal.SIGINT)
    assert err.splitlines()[-1].startswith("interrupted")


def test_ctrl_c_while_it_runs_on_the_chain_that_is_up_leaves_that_up(settle):
    up = settle.json("up")
    code, _, err = interrupted(settle, "run, settling", signal.SIGINT)
    assert code == 130
    assert "Traceback" not in err
    assert settle.left_running(0) == [up["pid"]]
    assert settle.json("run", "interbank-transfer")["ok"] is True


@pytest.mark.parametrize("command", ["demo", "schema", "run failures --json"])
def test_a_reader_that_goes_away(settle, command):
    with settle.start(*command.split()) as process:
        with subprocess.Popen(["head", "-1"], stdin=process.stdout, stdout=subprocess.PIPE, text=True) as head:
            process.stdout.close()
            first = head.communicate(timeout=60)[0]
        err = process.stderr.read()
    assert first.count("\n") == 1
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert process.returncode in (0, 1)
    assert settle.left_running() == []


@pytest.mark.parametrize("command", ["scenarios", "scenarios --json", "show nothing --json"])
def test_output_that_cannot_be_written_is_told(settle, command):
    program = Path(sys.executable).with_name("settle")
    ran = settle.program("sh", "-c", f'"$0" {command} > /dev/full', program)
    assert ran.code == 3
    said = ran.err.splitlines()[-1]
    assert said.startswith("error: standard output cannot be written: No space left on device; what the command did")
    assert "Traceback" not in ran.err
    assert "a fault" not in ran.err
