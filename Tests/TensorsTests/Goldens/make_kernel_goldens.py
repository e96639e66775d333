"""Makes kernels.safetensors beside it, in the form of make_layer_goldens.py, with the same packages installed.

The cases are ONNX's node tests of products, windows, normalisations, functions, reductions, shapes and positions, and
what those leave out, from ONNX Runtime.
"""

import numpy as np

import make_layer_goldens as goldens

KINDS = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr
    BitwiseXor Cast CastLike Ceil Celu Clip Compress Concat Conv ConvTranspose Cos Cosh DepthToSpace Div Dropout Elu
    Equal Erf Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool
    Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization IsInf IsNaN
    LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max MaxPool Mean Min Mish Mod Mul Neg NonZero
    Not Or PRelu Pad Pow RMSNormalization Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax
    ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Round ScatterElements ScatterND Selu Shape
    Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum SwiGLU
    Swish Tan Tanh ThresholdedRelu Tile Transpose Trilu Unsqueeze Where Xor
""".split()
# Others of the same kind stay; and what drops at random has no golden.
LEFT_OUT = """
    maxpool_3d_default averagepool_3d_default tile maxpool_3d_dilations_use_ref_impl_large mish
    averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True
    averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True
    averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False
    averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False
    averagepool_2d_same_lower averagepool_2d_default averagepool_2d_pads averagepool_2d_strides
    training_dropout training_dropout_default training_dropout_default_mask training_dropout_mask
""".split()


def runtime_cases(store, cases):
    run = goldens.runner(store, cases)
    random = np.random.default_rng(1)

    def f(*shape):
        return random.uniform(-1, 1, shape).astype(np.float32)

    def i(*values):
        return np.array(values, np.int64)

    one = [True]
    run("conv of one axis", "Conv", [f(2, 4, 9), f(6, 2, 3), f(6)], one, group=2, dilations=[2], pads=[1, 2], strides=[2])
    run("conv of three axes", "Conv", [f(2, 2, 5, 4, 6), f(3, 2, 2, 3, 2), f(3)], one, pads=[1, 0, 1, 0, 1, 0])
    for rule in ["SAME_UPPER", "SAME_LOWER", "VALID"]:
        run(f"conv {rule}", "Conv", [f(1, 2, 7, 6), f(3, 2, 4, 3)], one, auto_pad=rule, strides=[2, 3])
        run(f"transposed conv {rule}", "ConvTranspose", [f(1, 2, 4, 3), f(2, 3, 4, 3)], one, auto_pad=rule, strides=[2, 3])
        for op, more in [("MaxPool", {}), ("AveragePool", {}), ("AveragePool", {"count_include_pad": 1})]:
            name = f"{op} {rule} {len(more)}"
            run(name, op, [f(1, 2, 7, 6)], one, kernel_shape=[4, 3], strides=[2, 3], auto_pad=rule, **more)
    run("transposed conv with groups", "ConvTranspose", [f(2, 4, 3, 5), f(4, 3, 3, 2), f(6)], one, group=2,
        strides=[2, 3], pads=[1, 0, 1, 0], output_padding=[1, 2], dilations=[2, 1])
    run("transposed conv uneven", "ConvTranspose", [f(1, 2, 3, 4), f(2, 2, 3, 3), f(2)], one, strides=[2, 2], pads=[0, 2, 1, 0])
    run("transposed conv to a shape", "ConvTranspose", [f(1, 2, 3, 4), f(2, 2, 3, 3), f(2)], one, strides=[3, 2],
        output_shape=[10, 8])
    run("transposed conv of one axis", "ConvTranspose", [f(2, 3, 4), f(3, 2, 3), f(2)], one, strides=[2], pads=[1, 1])
    run("transposed conv of three axes", "ConvTranspose", [f(1, 2, 2, 3, 2), f(2, 2, 2, 2, 3)], one, strides=[2, 1, 2])
    for ceil in [0, 1]:
        for op in ["MaxPool", "AveragePool"]:
            run(f"{op} of one axis {ceil}", op, [f(2, 3, 11)], one, kernel_shape=[3], strides=[3], pads=[0, 1], ceil_mode=ceil)
            run(f"{op} of three axes {ceil}", op, [f(1, 2, 6, 5, 7)], one, kernel_shape=[2, 3, 3], strides=[2, 2, 3],
                pads=[0, 1, 1, 1, 0, 1], ceil_mode=ceil)
            run(f"{op} dilated {ceil}", op, [f(1, 2, 9, 8)], one, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 2, 1],
                dilations=[2, 3], ceil_mode=ceil)
    run("average pool dilated and counting", "AveragePool", [f(1, 2, 9, 8)], one, kernel_shape=[3, 2], strides=[2, 2],
        pads=[1, 0, 2, 1], dilations=[2, 3], count_include_pad=1)
    for order in [0, 1]:
        run(f"indices of two axes {order}", "MaxPool", [f(2, 3, 6, 5)], [True, True], kernel_shape=[3, 2], strides=[2, 2],
            pads=[1, 0, 1, 1], storage_order=order)
    run("indices of three axes", "MaxPool", [f(2, 2, 4, 5, 3)], [True, True], kernel_shape=[2, 3, 2], strides=[1, 2, 1])
    run("indices of one axis", "MaxPool", [f(2, 2, 9)], [True, True], kernel_shape=[3], strides=[2], pads=[1, 1])

    for shape in [(4,), (1, 4), (3, 1), (1,), ()]:
        run(f"gemm with a bias of {shape}", "Gemm", [f(3, 5), f(4, 5), f(*shape)], one, transB=1)
    integers = np.arange(12, dtype=np.int32).reshape(3, 4) - 5
    run("gemm of integers", "Gemm", [integers, integers.T.copy(), np.array([1, 2, 3], np.int32)], one)
    run("product of vectors", "MatMul", [f(5), f(2, 5, 3)], one)

    run("layer normalization broadcast", "LayerNormalization", [f(2, 3, 4), f(4), f(3, 4)], [True] * 3, axis=1)
    run("instance normalization of one place", "InstanceNormalization", [f(2, 3, 4), f(3), f(3)], one, epsilon=1e-2)
    run("group normalization", "GroupNormalization", [f(2, 6, 3, 2), f(6), f(6)], one, num_groups=3)
    run("batch normalization of two axes", "BatchNormalization", [f(4, 3), f(3), f(3), f(3), 1 + f(3) ** 2], one)

    for axes in [None, i(0), i(-1, 1), i(0, 1, 2)]:
        for kind in ["Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp"]:
            values = [np.abs(f(2, 3, 4)) + 0.1] + ([] if axes is None else [axes])
            keep = 1 if axes is None else 0
            run(f"{kind} over {'all' if axes is None else axes.tolist()}", f"Reduce{kind}", values, one, keepdims=keep)
    for kind in ["Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare"]:
        run(f"{kind} of integers", f"Reduce{kind}", [integers, i(1)], one, keepdims=0)

    x = f(2, 3, 4)
    for mode in ["constant", "reflect", "edge", "wrap"]:
        run(f"pad {mode}", "Pad", [x, i(0, 2, 1, 1, 0, 2)], one, mode=mode)
        run(f"pad {mode} on two axes", "Pad", [x, i(1, 2, 1, 0), np.array(0.5, np.float32), i(-1, 1)], one, mode=mode)
    run("pad cutting", "Pad", [x, i(0, -1, 1, 1, 0, -2)], one)
    run("pad integers", "Pad", [integers.astype(np.int64), i(1, 0, 0, 2), np.array(2**62 + 1, np.int64)], one)
    run("slice backwards", "Slice", [x, i(-1, 100, 1), i(-100, 0, 3), i(0, 2, 1), i(-1, -2, 1)], one)
    run("slice to nothing", "Slice", [x, i(2), i(1), i(1)], one)
    run("slice huge", "Slice", [x, i(1), i(2**63 - 1), i(-1), i(2**62)], one)
    run("gather scalar", "Gather", [x, np.array(-1, np.int64)], one, axis=1)
    run("gather grid", "Gather", [x, np.array([[0, -4], [3, 1]], np.int32)], one, axis=-1)
    run("gather elements", "GatherElements", [x, np.array([[[0, -1], [1, 2]]], np.int64)], one, axis=2)
    run("gather ND in batches", "GatherND", [f(2, 3, 4, 2), np.array([[[1, 3], [-1, 0]], [[0, 0], [2, -2]]], np.int64)],
        one, batch_dims=1)
    for reduction in ["none", "add", "mul", "max", "min"]:
        places = i(1, 0, -1) if reduction == "none" else i(1, 1, -1)
        run(f"scatter elements {reduction}", "ScatterElements", [f(3, 4), places.reshape(1, 3), f(1, 3)], one, axis=0,
            reduction=reduction)
        rows = np.array([[[0, 1]], [[1, -1]]] if reduction == "none" else [[[0, 1]], [[0, 1]]], np.int64)
        run(f"scatter ND {reduction}", "ScatterND", [x, rows, f(2, 1, 4)], one, reduction=reduction)
    run("compress flat", "Compress", [x, np.array([1, 0, 1, 0, 0, 1], bool)], one)
    run("places of what is not zero", "NonZero", [np.array([[0, 2, 0], [1, 0, 3]], np.float32)], one)
    run("split evenly", "Split", [f(2, 7)], [True] * 3, axis=1, num_outputs=3)
    run("split by sizes", "Split", [f(2, 7), i(2, 0, 5)], [True] * 3, axis=-1)
    run("range backwards", "Range", [np.array(v, np.float32) for v in (2, -1, -0.7)], one)
    run("range of integers", "Range", [np.array(v, np.int64) for v in (9, -3, -5)], one)
    run("expand both ways", "Expand", [f(3, 1), i(2, 1, 4)], one)
    run("reshape copying", "Reshape", [f(2, 3, 4), i(0, -1, 2)], one)
    for op in ["Add", "Sub", "Mul", "Div", "Max", "Min"]:
        run(f"{op} of uint64", op, [np.array([2**63 + 5, 7, 2**64 - 1], np.uint64), np.array([2**63 + 2, 3, 5], np.uint64)], one)
    for op in ["Less", "GreaterOrEqual", "Mod"]:
        run(f"{op} of uint64", op, [np.array([2**63 + 5, 7, 3], np.uint64), np.array([5, 2**63 + 2, 3], np.uint64)], one)
    run("clip integers", "Clip", [integers.astype(np.int64), np.array(-2, np.int64), np.array(3, np.int64)], one)
    run("clip above only", "Clip", [x, None, np.array(0.25, np.float32)], one)
    run("power of integers", "Pow", [integers, np.array(2, np.int32)], one)
    run("power by a float", "Pow", [np.abs(integers), np.array(0.5, np.float32)], one)


def main():
    store, cases = goldens.Store(), {}
    goldens.node_cases(store, cases, KINDS, LEFT_OUT)
    runtime_cases(store, cases)
    store.save(goldens.FOLDER / "kernels.safetensors", cases)
    print(len(cases), "cases,", len(store.body), "bytes")


if __name__ == "__main__":
    main()
