import pathlib

import pytest

from avspeech.core import hardware
from avspeech.errors import InputError

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


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "mps:7", "", "cpu:x"])
def test_a_device_that_is_not_there_is_one_line_with_those_that_are(device):
    with pytest.raises(InputError, match="there are cpu") as caught:
        hardware.usable(device)
    assert "\n" not in str(caught.value) and repr(device) in str(caught.value)
    assert hardware.usable("cpu").type == "cpu"
