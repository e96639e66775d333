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
    [node("Add", ["x", "k"])], "bfloat16", [helper.make_tensor_value_info("x", TensorProto.BFLOAT16, [1, 5])],
    [helper.make_tensor_value_info("y", TensorProto.BFLOAT16, [1, 5])],
    [helper.make_tensor("k", TensorProto.BFLOAT16, [1, 5], np.array(bits, np.uint16).tobytes(), raw=True)])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), os.path.join(OUT, "type_bfloat16.onnx"))

write("unknown_operator_13", 13, [node("Selu", ["x"])])

# Forms that have changed since.

scales = np.array([1, 1, 2, 3], np.float32)
empty = np.array([], np.float32)
write("upsample_7", 7, [node("Upsample", ["x"], mode="nearest", scales=[1.0, 1.0, 2.0, 3.0])])
write("upsample_9_linear", 9, [node("Upsample", ["x", "s"], mode="linear")], [("s", scales)])
write("resize_10", 10, [node("Resize", ["x", "s"], mode="nearest")], [("s", np.array([1, 1, 0.5, 1.7], np.float32))])
write("resize_10_linear", 10, [node("Resize", ["x", "s"], mode="linear")], [("s", scales)])
write("resize_11_sizes", 11, [node("Resize", ["x", "r", "s", "z"], mode="linear")], [("r", empty), ("s", empty), ("z", ints(1, 4, 9, 5))], x=(1, 4, 6, 6))
write("resize_11_scales", 11, [node("Resize", ["x", "r", "s"], coordinate_transformation_mode="align_corners", mode="cubic")], [("r", empty), ("s", scales)])
write("resize_11_half_pixel_nn", 11, [node("Resize", ["x", "r", "s"], coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="floor")], [("r", empty), ("s", np.array([1, 1, 1.5, 0.6], np.float32))])
write("squeeze_11", 11, [helper.make_node("Squeeze", ["x"], ["a"], axes=[2]), node("Unsqueeze", ["a"], axes=[0, 3])], x=("batch", 4, 1, 6))
write("split_11", 11, [helper.make_node("Split", ["x"], ["a", "b"], axis=1, split=[1, 3]), node("Mul", ["a", "b"])])
write("split_11_equal", 11, [helper.make_node("Split", ["x"], ["a", "b"], axis=1), node("Sub", ["a", "b"])])
write("topk_9", 9, [helper.make_node("TopK", ["x"], ["a", "i"], k=3), helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT), node("Add", ["a", "f"])])
for name in ["ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"]:
    write(name.lower() + "_11", 11, [node(name, ["x"], axes=[1, -1], keepdims=0)])
write("logsoftmax_11_joined", 11, [node("LogSoftmax", ["x"])])
write("hardmax_11_joined", 11, [node("Hardmax", ["x"], axis=2)])
write("softmax_11_spatial", 11, [node("Softmax", ["x"])], x=("batch", 12, 1, 1))
group_scale, group_bias = weights(2), weights(2)
write("gridsample_16", 16, [node("GridSample", ["x", "g"], mode="bicubic")], [("g", np.clip(weights(1, 3, 5, 2), -1, 1))], x=(1, 4, 6, 6))
regions = np.array([[0, 0, 5, 5], [1.5, 0.5, 4, 3]], np.float32)
write("roialign_10", 10, [node("RoiAlign", ["x", "r", "i"], output_height=3, output_width=2, sampling_ratio=2)], [("r", regions), ("i", ints(0, 0))], x=(1, 4, 6, 6))
write("dft_17", 17, [node("DFT", ["x", "n"], axis=2)], [("n", np.array(4, np.int64))], x=("batch", 4, 6, 1))
write("scatter_9", 9, [node("Scatter", ["x", "i", "u"], axis=1)], [("i", np.array([[[[1]], [[0]]]], np.int64)), ("u", weights(1, 2, 1, 1))])
write("lstm_7", 7, [helper.make_node("LSTM", ["x", "w", "r", "b"], ["a", "", "c"], hidden_size=3, direction="reverse"), helper.make_node("Squeeze", ["a"], ["d"], axes=[1]), node("Add", ["d", "c"])], [("w", weights(1, 12, 4)), ("r", weights(1, 12, 3)), ("b", weights(1, 24))], x=(5, "batch", 4))
for name, kind in [("double", TensorProto.DOUBLE), ("half", TensorProto.FLOAT16)]:
    graph = helper.make_graph(
        [helper.make_node("Clip", ["x"], ["a"], min=-0.1, max=0.7), helper.make_node("Pad", ["a"], ["y"], pads=[0, 1, 0, 1], value=0.3)], name,
        [helper.make_tensor_value_info("x", kind, ["batch", 5])], [helper.make_tensor_value_info("y", kind, ["batch", 7])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4), os.path.join(OUT, f"clip_pad_9_{name}.onnx"))


# Sparse weights, branches and functions.


def sparse(name, values, indices, dims):
    return helper.make_sparse_tensor(
        helper.make_tensor(name, TensorProto.FLOAT, [len(values)], values),
        helper.make_tensor(name + ".at", TensorProto.INT64, np.shape(indices), np.ravel(indices)), dims)


def save(name, graph, opset=17, functions=(), domains=(), check=True):
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains],
        functions=list(functions), ir_version=8)
    if check:
        onnx.checker.check_model(model)
    onnx.save(model, os.path.join(OUT, name + ".onnx"))


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, *values):
    kinds = {"value_int": 1, "value_ints": 0}
    key = "value_int" if len(values) == 1 else "value_ints"
    return helper.make_node("Constant", [], [name], **{key: values[0] if kinds[key] else list(values)})


# With one scale for each group, a form that was soon withdrawn.
graph = helper.make_graph(
    [node("GroupNormalization", ["x", "s", "b"], num_groups=2)], "groups", [value("x", ["batch", 4, 6, 6])],
    [value("y", ["batch", 4, 6, 6])], [numpy_helper.from_array(group_scale, "s"), numpy_helper.from_array(group_bias, "b")])
save("groupnorm_18", graph, 18, check=False)

graph = helper.make_graph(
    [helper.make_node("Constant", [], ["b"], sparse_value=sparse("", [0.5, -2.0], [1, 4], [5])),
     helper.make_node("MatMul", ["x", "w"], ["a"]), node("Add", ["a", "b"])],
    "sparse", [value("x", ["batch", 3])], [value("y", ["batch", 5])])
graph.sparse_initializer.append(sparse("w", [1.0, 2.0, 3.0], [[0, 1], [1, 4], [2, 0]], [3, 5]))
save("sparse_13", graph, 13)

# The condition is the number of axes of x; the branches use names of the graph around them, and one name twice.
double = helper.make_graph([helper.make_node("Add", ["x", "x"], ["t"]), helper.make_node("Mul", ["t", "k"], ["r"])], "then", [], [value("r", None)])
plain = helper.make_graph([helper.make_node("Identity", ["x"], ["r"])], "else", [], [value("r", None)])
outside = helper.make_graph([helper.make_node("Neg", ["u"], ["t"])], "then2", [], [value("t", None)], [helper.make_tensor("z", TensorProto.FLOAT, [1], [1.0])])
inside = helper.make_graph([helper.make_node("Mul", ["u", "z"], ["t"])], "else2", [], [value("t", None)], [helper.make_tensor("z", TensorProto.FLOAT, [1], [0.5])])
graph = helper.make_graph(
    [helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Size", ["s"], ["rank"]), constant("four", 4),
     helper.make_node("Equal", ["rank", "four"], ["is"]),
     helper.make_node("If", ["is"], ["u"], then_branch=double, else_branch=plain),
     helper.make_node("Not", ["is"], ["isnt"]),
     helper.make_node("If", ["isnt"], ["y"], then_branch=outside, else_branch=inside)],
    "branches", [value("x", ["batch", 4, 6, 6])], [value("y", ["batch", 4, 6, 6])],
    [helper.make_tensor("k", TensorProto.FLOAT, [1], [3.0])])
save("if_rank_13", graph, 13)

# By the value of an input, or the size of an axis.
slow = helper.make_graph([helper.make_node("Relu", ["x"], ["r"])], "then", [], [value("r", None)])
fast = helper.make_graph([helper.make_node("Neg", ["x"], ["r"])], "else", [], [value("r", None)])
nodes = [constant("rate", 16000), helper.make_node("Equal", ["sr", "rate"], ["is"]), helper.make_node("If", ["is"], ["y"], then_branch=slow, else_branch=fast)]
save("if_input_13", helper.make_graph(nodes, "rates", [value("x", ["batch", 4]), value("sr", [], TensorProto.INT64)], [value("y", ["batch", 4])]), 13)
nodes = [helper.make_node("Shape", ["x"], ["s"]), constant("one", 1), helper.make_node("Gather", ["s", "one"], ["n"]), constant("limit", 10),
         helper.make_node("Greater", ["n", "limit"], ["is"]), helper.make_node("If", ["is"], ["y"], then_branch=slow, else_branch=fast)]
save("if_axis_13", helper.make_graph(nodes, "lengths", [value("x", ["batch", "time"])], [value("y", ["batch", "time"])]), 13)
nodes = [helper.make_node("ReduceSum", ["x"], ["n"], keepdims=0), helper.make_node("Cast", ["n"], ["is"], to=TensorProto.BOOL), helper.make_node("If", ["is"], ["y"], then_branch=slow, else_branch=fast)]
save("if_data_13", helper.make_graph(nodes, "data", [value("x", ["batch", 4])], [value("y", ["batch", 4])]), 13)

# A function that calls another with its own attribute.
leaky = helper.make_function(
    "own", "Leaky", ["v"], ["w"], [helper.make_node("LeakyRelu", ["v"], ["w"])], [helper.make_opsetid("", 17)], ["slope"])
leaky.node[0].attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
twice = helper.make_function(
    "own", "Twice", ["a", "b"], ["c", "d"],
    [helper.make_node("Leaky", ["a"], ["t"], domain="own"), helper.make_node("Softmax", ["t"], ["c"]),
     helper.make_node("Add", ["t", "b"], ["d"])],
    [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)], ["slope"])
twice.node[0].attribute.append(onnx.AttributeProto(name="slope", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
nodes = [helper.make_node("Twice", ["x", "k"], ["p", "q"], domain="own", slope=0.3, name="one"),
         helper.make_node("Twice", ["q", "p"], ["t", ""], domain="own", slope=0.7, name="two"),
         helper.make_node("Leaky", ["t"], ["y"], domain="own", slope=0.5)]
graph = helper.make_graph(nodes, "functions", [value("x", ["batch", 4, 6])], [value("y", ["batch", 4, 6])], [helper.make_tensor("k", TensorProto.FLOAT, [6], list(range(6)))])
save("function_17", graph, 17, [leaky, twice], ["own"])
# A function in an older operator set than the network around it.
old = helper.make_function("own", "Old", ["v"], ["w"], [helper.make_node("Softmax", ["v"], ["w"])], [helper.make_opsetid("", 11)])
graph = helper.make_graph(
    [helper.make_node("Old", ["x"], ["a"], domain="own"), helper.make_node("Softmax", ["a"], ["y"])], "old",
    [value("x", ["batch", 4, 6])], [value("y", ["batch", 4, 6])])
save("function_old_17", graph, 17, [old], ["own"], check=False)
endless = helper.make_function("own", "Endless", ["v"], ["w"], [helper.make_node("Endless", ["v"], ["w"], domain="own")], [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)])
save("function_endless_17", helper.make_graph([helper.make_node("Endless", ["x"], ["y"], domain="own")], "endless", [value("x", [1])], [value("y", [1])]), 17, [endless], ["own"], check=False)

# What ONNX Runtime's optimiser writes.
nodes = [helper.make_node("FusedConv", ["x", "w", "b"], ["a"], domain="com.microsoft", activation="LeakyRelu", activation_params=[0.2]),
         helper.make_node("QuickGelu", ["a"], ["c"], domain="com.microsoft", alpha=1.5),
         helper.make_node("FastGelu", ["c", "v"], ["d"], domain="com.microsoft"), helper.make_node("Gelu", ["d"], ["e"], domain="com.microsoft"),
         helper.make_node("BiasGelu", ["e", "v"], ["y"], domain="com.microsoft")]
tensors = [numpy_helper.from_array(weights(8, 4, 3, 3), "w"), numpy_helper.from_array(weights(8), "b"), numpy_helper.from_array(weights(4), "v")]
save("microsoft_17", helper.make_graph(nodes, "fused", [value("x", ["batch", 4, 6, 6])], [value("y", ["batch", 8, 4, 4])], tensors), 17, (), ["com.microsoft"])

# What is refused.
save("foreign_17", helper.make_graph([helper.make_node("FusedMatMul", ["x", "x"], ["y"], domain="com.microsoft")], "foreign", [value("x", [4, 4])], [value("y", [4, 4])]), 17, (), ["com.microsoft"])
save("random_17", helper.make_graph([helper.make_node("RandomNormalLike", ["x"], ["y"])], "random", [value("x", [4, 4])], [value("y", [4, 4])]))
body = helper.make_graph([helper.make_node("Identity", ["go"], ["on"])], "body", [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL)], [value("on", [], TensorProto.BOOL)])
save("loop_17", helper.make_graph([constant("n", 3), helper.make_node("Loop", ["n", ""], [], body=body), helper.make_node("Relu", ["x"], ["y"])], "loop", [value("x", [4])], [value("y", [4])]), check=False)
save("no_rank_17", helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "open", [value("x", None)], [value("y", None)]), check=False)
save("future_17", helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "future", [value("x", [4])], [value("y", [4])]), 99, check=False)
save("attribute_17", helper.make_graph([helper.make_node("Relu", ["x"], ["y"], bend=1)], "attribute", [value("x", [4])], [value("y", [4])]), check=False)
save("first_forms_6", helper.make_graph(
    [helper.make_node("Add", ["x", "b"], ["a"], broadcast=1, axis=1), helper.make_node("PRelu", ["a", "b"], ["c"]),
     helper.make_node("Mul", ["c", "c"], ["d"]), helper.make_node("Dropout", ["d"], ["e"], is_test=1, ratio=0.25), helper.make_node("Clip", ["e"], ["y"], min=0.5)],
    "first", [value("x", ["batch", 4, 6, 6])], [value("y", ["batch", 4, 6, 6])], [helper.make_tensor("b", TensorProto.FLOAT, [4], [1, 2, 3, 4])]), 6, check=False)

# Axes without names, and outputs without shapes.
save("open_17", helper.make_graph(
    [helper.make_node("Relu", ["x"], ["same"]), helper.make_node("Transpose", ["x"], ["turned"]), helper.make_node("Reshape", ["x", "all"], ["flat"]),
     helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0)],
    "open", [value("x", [None, 4, None])], [value("same", [None, 4, None]), value("turned", None), value("flat", [None]), value("sum", [])],
    [helper.make_tensor("all", TensorProto.INT64, [1], [-1])]), check=False)

# Every element type, in the raw bytes and in the typed field.
tensors, casts = [], []
for kind in ["FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "BOOL", "FLOAT16", "DOUBLE", "UINT32", "UINT64", "BFLOAT16"]:
    number = TensorProto.DataType.Value(kind)
    array = np.array([0, 1, 1, 0] if kind == "BOOL" else [0, 1, 2, 100]).astype(helper.tensor_dtype_to_np_dtype(number))
    tensors += [numpy_helper.from_array(array, kind + ".raw"), helper.make_tensor(kind + ".typed", number, [4], array.astype(np.float64).tolist() if kind in ("FLOAT16", "BFLOAT16") else array.tolist())]
    casts += [helper.make_node("Cast", [t.name], [t.name + ".as"], to=TensorProto.FLOAT) for t in tensors[-2:]]
save("types_17", helper.make_graph(casts + [node("Sum", ["x"] + [c.output[0] for c in casts])], "types", [value("x", [4])], [value("y", [4])], tensors))

if os.path.exists(os.path.join(OUT, "external_13.data")):
    os.remove(os.path.join(OUT, "external_13.data"))
external = onnx.load(os.path.join(OUT, "matmul_13.onnx"))
onnx.save(external, os.path.join(OUT, "external_13.onnx"), save_as_external_data=True, location="external_13.data", size_threshold=0)

# External data that is not what it says.
for name, changes in {
    "offset_past": {"offset": str(2**63 - 1)}, "offset_end": {"offset": "4096"}, "offset_below": {"offset": "-8"}, "offset_words": {"offset": "1e3"},
    "length_other": {"length": "8"}, "length_huge": {"length": str(2**64)}, "place_none": {"location": None}, "place_device": {"location": "/dev/zero"},
    "place_folder": {"location": "."},
}.items():
    model = onnx.load(os.path.join(OUT, "external_13.onnx"), load_external_data=False)
    for tensor in model.graph.initializer:
        entries = {e.key: e.value for e in tensor.external_data} | changes
        del tensor.external_data[:]
        for key, text in entries.items():
            if text is not None:
                tensor.external_data.add(key=key, value=text)
    with open(os.path.join(OUT, f"external_{name}_13.onnx"), "wb") as file:
        file.write(model.SerializeToString())
model = onnx.load(os.path.join(OUT, "external_13.onnx"), load_external_data=False)
for tensor in model.graph.initializer:
    tensor.dims[:] = [2**31 - 1] * 3
with open(os.path.join(OUT, "external_shape_huge_13.onnx"), "wb") as file:
    file.write(model.SerializeToString())

# Operators that ONNX has removed, and forms of the first operator sets.
rng = np.random.default_rng(7)


def removed(name, opset, nodes, inits, y, ir=3, x=("batch", 4, 6, 6)):
    model = helper.make_model(
        helper.make_graph(nodes, name, [value("x", x)], [value("y", y)], [numpy_helper.from_array(array, key) for key, array in inits]),
        opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)
    if ir < 3:
        # Format versions before the third did not name operator sets.
        del model.opset_import[:]
    onnx.save(model, os.path.join(OUT, name + ".onnx"))


removed("removed_6", 6, [
    helper.make_node("ImageScaler", ["x"], ["a"], scale=2.0, bias=[1.0, -1.0, 0.5, 0.25]), helper.make_node("Affine", ["a"], ["b"], alpha=0.5, beta=-0.25),
    helper.make_node("ParametricSoftplus", ["b"], ["c"], alpha=1.5, beta=2.0), helper.make_node("ScaledTanh", ["c"], ["d"], alpha=2.0, beta=0.5),
    helper.make_node("Scale", ["d"], ["e"], scale=3.0), helper.make_node("Crop", ["e"], ["f"], border=[1, 0, 2, 3]),
    helper.make_node("MeanVarianceNormalization", ["f"], ["g"], across_channels=1, normalize_variance=0), node("ThresholdedRelu", ["g"], alpha=0.25)],
    [], ["batch", 4, 3, 3])
removed("removed_8", 8, [
    helper.make_node("Crop", ["x"], ["a"], border=[2, 1, 0, 0], scale=[4, 3]), helper.make_node("Affine", ["a"], ["b"]),
    helper.make_node("Affine", ["b"], ["c"], beta=1.0), node("MeanVarianceNormalization", ["c"])],
    [], ["batch", 4, 4, 3])
removed("removed_fills_1", 1, [
    helper.make_node("DynamicSlice", ["x", "starts", "ends", "axes"], ["a"]), helper.make_node("FC", ["a", "w", "b"], ["c"]),
    helper.make_node("GivenTensorFill", [], ["d"], shape=[1, 5], values=[1.0, 2.0, 3.0, 4.0, 5.0]), helper.make_node("Add", ["c", "d"], ["e"]),
    helper.make_node("ConstantFill", ["e"], ["f"], value=0.5), helper.make_node("ConstantFill", [], ["g"], value=2.0, shape=[1], extra_shape=[5], dtype=1),
    helper.make_node("Mul", ["f", "e"], ["h"]), node("Sub", ["h", "g"])],
    [("starts", ints(1, 2)), ("ends", ints(3, 6)), ("axes", ints(1, 3)), ("w", weights(5, 48)), ("b", weights(5))], ["batch", 5], ir=1)
removed("batchnorm_positions_7", 7, [node("BatchNormalization", ["x", "s", "b", "m", "v"], spatial=0, epsilon=1e-3)],
    [("s", weights(4, 6, 6)), ("b", weights(4, 6, 6)), ("m", weights(4, 6, 6)), ("v", np.abs(weights(4, 6, 6)) + 0.5)], ["batch", 4, 6, 6])
removed("first_forms_1", 1, [
    helper.make_node("Pad", ["x"], ["a"], paddings=[0, 0, 1, 0, 0, 0, 0, 1], mode="constant", value=0.5), helper.make_node("Relu", ["a"], ["b"], consumed_inputs=[0]),
    helper.make_node("Concat", ["b", "a"], ["c"]), helper.make_node("LpPool", ["c"], ["d"], kernel_shape=[7, 1], p=2.0),
    helper.make_node("Tile", ["d", "two", "one"], ["e"]), helper.make_node("Upsample", ["e"], ["f"], height_scale=2.0, width_scale=1.0, mode="nearest"),
    helper.make_node("Cast", ["f"], ["g"], to="FLOAT"), helper.make_node("Reshape", ["g"], ["h"], shape=[0, 16, -1], consumed_inputs=[0]),
    helper.make_node("Mul", ["h", "k"], ["i"], broadcast=1, axis=1, consumed_inputs=[0, 0]), node("Add", ["i", "l"], broadcast=1, axis=-1)],
    [("two", np.array([2], np.float32)), ("one", np.array([1], np.float32)), ("k", weights(16)), ("l", weights(16, 14))], ["batch", 16, 14], ir=2)
