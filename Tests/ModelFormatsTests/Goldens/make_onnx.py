"""Writes the small ONNX networks that ONNXImportTests reads: one file for each form that an operator has had.

Usage: make_onnx.py OUT_DIR (needs onnx and numpy). Each network takes `x` and gives `y`; weights come from a fixed seed.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = sys.argv[1]
rng = np.random.default_rng(0)
INT_MAX = np.iinfo(np.int64).max


def weights(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


def write(name, opset, nodes, inits=(), x=("batch", 4, 6, 6), y=None, ir=8, as_inputs=False, metadata=(), typed=False):
    """`inits`: pairs of name and array; `typed` puts values into the typed fields instead of raw bytes."""
    tensors = []
    for key, value in inits:
        if typed:
            tensors.append(helper.make_tensor(key, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape, value.flatten().tolist()))
        else:
            tensors.append(numpy_helper.from_array(value, key))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)]
    if as_inputs:
        inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in tensors]
    graph = helper.make_graph(nodes, name, inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)
    for key, value in metadata:
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(OUT, name + ".onnx"))


def node(op, inputs, **attributes):
    return helper.make_node(op, inputs, ["y"], **attributes)


conv = [("w", weights(8, 4, 3, 3)), ("b", weights(8))]
write("conv_bias_9", 9, [node("Conv", ["x", "w", "b"], kernel_shape=[3, 3], pads=[1, 0, 2, 1], strides=[2, 1])], conv, ir=3, as_inputs=True)
write("conv_same_upper_13", 13, [node("Conv", ["x", "w"], auto_pad="SAME_UPPER", strides=[2, 2])], conv[:1])
write("conv_same_lower_13", 13, [node("Conv", ["x", "w"], auto_pad="SAME_LOWER", strides=[2, 2], kernel_shape=[3, 3])], conv[:1], x=("batch", 4, 7, 6))
write("conv_same_dilated_13", 13, [node("Conv", ["x", "w"], auto_pad="SAME_UPPER", dilations=[2, 1])], conv[:1])
write("conv_valid_13", 13, [node("Conv", ["x", "w"], auto_pad="VALID")], conv[:1])
write("conv_group_13", 13, [node("Conv", ["x", "w"], group=2)], [("w", weights(6, 2, 3, 3))])
write("conv_1d_13", 13, [node("Conv", ["x", "w"])], [("w", weights(8, 4, 3))], x=("batch", 4, 6))

bn = [("s", weights(4)), ("b", weights(4)), ("m", weights(4)), ("v", np.abs(weights(4)) + 0.5)]
names = ["x", "s", "b", "m", "v"]
write("batchnorm_9", 9, [node("BatchNormalization", names, epsilon=1e-3, momentum=0.99)], bn)
write("batchnorm_15", 15, [node("BatchNormalization", names)], bn)
write("batchnorm_typed_15", 15, [node("BatchNormalization", names)], bn, typed=True)
write("batchnorm_training_15", 15, [helper.make_node("BatchNormalization", names, ["y", "rm", "rv"], training_mode=1)], bn)

write("clip_6", 9, [node("Clip", ["x"], min=0.0, max=6.0)])
write("clip_11", 11, [node("Clip", ["x", "lo", "hi"])], [("lo", np.float32(-0.1)), ("hi", np.float32(6))])
write("clip_max_only_13", 13, [node("Clip", ["x", "", "hi"])], [("hi", np.float32(0.1))])
write("leaky_relu_16", 16, [node("LeakyRelu", ["x"], alpha=0.2)])
write("sigmoid_tanh_13", 13, [helper.make_node("Sigmoid", ["x"], ["a"]), node("Tanh", ["a"])])

write("maxpool_8", 9, [node("MaxPool", ["x"], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0])])
write("maxpool_ceil_12", 12, [node("MaxPool", ["x"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)])
write("maxpool_same_12", 12, [node("MaxPool", ["x"], kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")])
write("averagepool_counts_11", 11, [node("AveragePool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)])
write("averagepool_7", 9, [node("AveragePool", ["x"], kernel_shape=[2, 2])])

write("slice_1", 9, [node("Slice", ["x"], axes=[2, 3], starts=[0, 1], ends=[INT_MAX, -1])])
write("slice_10", 10, [node("Slice", ["x", "s", "e", "a", "t"])], [("s", ints(0, 1)), ("e", ints(INT_MAX, INT_MAX)), ("a", ints(-2, -1)), ("t", ints(2, 2))])
write("slice_13_no_axes", 13, [node("Slice", ["x", "s", "e"])], [("s", ints(0, 1)), ("e", ints(INT_MAX, 3))])
write("slice_backwards_13", 13, [node("Slice", ["x", "s", "e", "a", "t"])], [("s", ints(-1)), ("e", ints(-INT_MAX)), ("a", ints(1)), ("t", ints(-1))])
write("pad_2", 9, [node("Pad", ["x"], pads=[0, 1, 0, 0, 0, 2, 0, 3], value=0.5)])
write("pad_11", 11, [node("Pad", ["x", "p", "v"])], [("p", ints(0, 0, 1, 1, 0, 0, 1, 1)), ("v", np.float32(-1))])
write("pad_18_axes", 18, [node("Pad", ["x", "p", "", "a"])], [("p", ints(2, 1, 3, 0)), ("a", ints(1, -1))])
write("pad_reflect_13", 13, [node("Pad", ["x", "p"], mode="reflect")], [("p", ints(0, 0, 1, 1, 0, 0, 1, 1))])

write("flatten_13", 13, [node("Flatten", ["x"])])
write("reshape_zero_13", 13, [node("Reshape", ["x", "s"])], [("s", ints(0, -1))])
write("reshape_sizes_19", 19, [node("Reshape", ["x", "s"], allowzero=1)], [("s", ints(-1, 144))])
write("reshape_batch_13", 13, [node("Reshape", ["x", "s"])], [("s", ints(2, -1))], x=(2, 4, 6, 6))
write("reshape_rows_13", 13, [node("Reshape", ["x", "s"])], [("s", ints(-1, 6))])

linear = [("w", weights(5, 12)), ("b", weights(5))]
write("gemm_9", 9, [node("Gemm", ["x", "w", "b"], transB=1, alpha=0.5, beta=2.0)], linear, x=("batch", 12))
write("gemm_no_bias_13", 13, [node("Gemm", ["x", "w"], transB=1)], linear[:1], x=("batch", 12))
write("matmul_13", 13, [helper.make_node("MatMul", ["x", "w"], ["a"]), node("Add", ["a", "b"])], [("w", weights(12, 5)), ("b", weights(5))], x=("batch", 12))
write("matmul_3d_13", 13, [node("MatMul", ["x", "w"])], [("w", weights(12, 5))], x=("batch", 3, 12))

write("reducemean_13", 13, [node("ReduceMean", ["x"], axes=[2, 3], keepdims=0)])
write("reducemean_18", 18, [node("ReduceMean", ["x", "a"], keepdims=1)], [("a", ints(-1, -2))])
write("reducemean_all_13", 13, [node("ReduceMean", ["x"], keepdims=1)])
write("softmax_11", 11, [node("Softmax", ["x"], axis=1)], x=("batch", 12))
write("softmax_11_joined", 11, [node("Softmax", ["x"], axis=1)])
write("softmax_13", 13, [node("Softmax", ["x"], axis=1)])
write("dropout_7", 9, [node("Dropout", ["x"], ratio=0.25)])
write("dropout_13", 13, [node("Dropout", ["x", "r"])], [("r", np.float32(0.3))])
write("concat_sub_mul_13", 13, [
    helper.make_node("Sub", ["x", "c"], ["a"]), helper.make_node("Mul", ["x", "a"], ["b"]),
    helper.make_node("Sum", ["a", "b"], ["c2"]), node("Concat", ["x", "c2"], axis=-3)], [("c", weights(1, 4, 1, 1))])
write("constant_identity_13", 13, [
    helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(weights(8, 4, 1, 1))),
    helper.make_node("Identity", ["k"], ["w"]),
    helper.make_node("Constant", [], ["shape"], value_ints=[8]),
    helper.make_node("ConstantOfShape", ["shape"], ["b"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [0.5])),
    node("Conv", ["x", "w", "b"])])
write("names_13", 13, [
    helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Relu", ["a"], ["b"], name="same"),
    helper.make_node("Relu", ["b"], ["c"], name="same"), node("Relu", ["c"])],
    metadata=[("source", "a test"), ("plan", "{}")])

half = np.array([[0.5, -2.0, 65504.0, 6e-8, 1.0]], np.float16)
for kind, array in [("float16", half), ("float64", half.astype(np.float64) / 3)]:
    graph = helper.make_graph(
        [helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(array)), node("Add", ["x", "k"])], kind,
        [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(array.dtype), ["batch", 5])],
        [helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(array.dtype), None)])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), os.path.join(OUT, f"type_{kind}.onnx"))
bits = [0x3F80, 0xC000, 0x3E99, 0x0000, 0x4049]
graph = helper.make_graph(
    [node("Add", ["x", "k"])], "bfloat16", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 5])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])],
    [helper.make_tensor("k", TensorProto.BFLOAT16, [1, 5], np.array(bits, np.uint16).tobytes(), raw=True)])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), os.path.join(OUT, "type_bfloat16.onnx"))

write("unknown_operator_13", 13, [node("Selu", ["x"])])

if os.path.exists(os.path.join(OUT, "external_13.data")):
    os.remove(os.path.join(OUT, "external_13.data"))
external = onnx.load(os.path.join(OUT, "matmul_13.onnx"))
onnx.save(external, os.path.join(OUT, "external_13.onnx"), save_as_external_data=True, location="external_13.data", size_threshold=0)
