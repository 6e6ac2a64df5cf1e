import pathlib

import pytest

from avspeech.core import hardware

FLAGS = "flags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16 amx_int8\n"


@pytest.mark.parametrize("text, units", [
    (FLAGS, ["AMX", "AVX-512"]), ("flags\t\t: fpu avx2 fma\n", []),
    ("Features\t: fp asimd bf16 i8mm\n", ["NEON"]), ("flags\t\t: amx_bf16x\n", [])])
def test_bf16_units_are_read_from_the_flags(monkeypatch, text, units):
    monkeypatch.setattr(pathlib.Path, "read_text", lambda *_, **__: "model name\t: A CPU\n" + text)
    assert hardware.bf16_units() == units
    assert hardware.cpu_name().startswith("A CPU, ")


def test_no_cpuinfo(monkeypatch):
    def refuse(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(pathlib.Path, "read_text", refuse)
    assert hardware.bf16_units() == [] and "logical cores" in hardware.cpu_name()
