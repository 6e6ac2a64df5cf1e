"""Products of 8 bits, which not every processor makes exactly by itself."""

import numpy as np
import pytest

from avspeech.core import exporting

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.mark.parametrize("rows", [1, 3, 40])
def test_sums_of_the_largest_products_are_whole(rows: int) -> None:
    a, b = np.full((rows, 96), 255, np.uint8), np.full((96, 24), 127, np.int8)
    b[:, ::2] = -128
    model = onnx.load_from_string(exporting.PRODUCT)
    assert [node.op_type for node in model.graph.node] == ["MatMulInteger"]
    model.graph.initializer.append(onnx.numpy_helper.from_array(b, "b"))  # as weights are
    del model.graph.input[1]
    session = exporting.onnx_session(model.SerializeToString())
    assert np.array_equal(session.run(None, {"a": a})[0], a.astype(np.int32) @ b.astype(np.int32))


@pytest.mark.parametrize("exact", [True, False])
def test_the_slow_way_is_for_processors_that_need_it(exact: bool,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "exact_products", lambda: exact)
    options = onnxruntime.SessionOptions()
    exporting.make_exact(options)
    if exact:
        with pytest.raises(RuntimeError):
            options.get_session_config_entry("session.x64quantprecision")
    else:
        assert options.get_session_config_entry("session.x64quantprecision") == "1"
