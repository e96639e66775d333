"""Prunes one file as onnxsim's documentation says: simplified first, then attention heads, then channels. Prints what it did as JSON."""

import json
import sys

import numpy
import onnx

FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.DOUBLE}


def parameters(model):
    """The constant floating-point numbers that a model computes with, however its file makes them: an initializer, a Constant node,
    or nodes that have no other inputs. Where those give more numbers than they take (a weight filled or repeated, as in light test
    files), what they give counts; otherwise what they take."""
    counts, floats, used, sources = {}, set(), set(), {}
    inferred = {}

    def known(graph):
        counts.update((tensor.name, int(numpy.prod(tensor.dims))) for tensor in graph.initializer)
        floats.update(tensor.name for tensor in graph.initializer if tensor.data_type in FLOATS)
        for node in graph.node:
            inner = [inner for attribute in node.attribute for inner in [*attribute.graphs, attribute.g] if inner.node]
            names = [name for name in node.input if name]
            if inner or not all(name in counts for name in names) or node.op_type.startswith("Random"):
                used.update(names)
            else:
                for name in node.output:
                    sources[name] = set(names)
                    shape, kind = inferred.get(name, (None, None))
                    counts[name] = int(numpy.prod(shape)) if shape is not None else max((counts[name] for name in names), default=0)
                    if kind in FLOATS or (kind is None and any(name in floats for name in names)):
                        floats.add(name)
            for graph_inside in inner:
                known(graph_inside)
        used.update(info.name for info in graph.output)

    def gather(graph):
        for info in [*graph.value_info, *graph.output]:
            kind = info.type.tensor_type
            if kind.HasField("shape") and all(axis.HasField("dim_value") for axis in kind.shape.dim):
                inferred[info.name] = [axis.dim_value for axis in kind.shape.dim], kind.elem_type
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("t") and node.op_type == "Constant":
                    inferred[node.output[0]] = list(attribute.t.dims), attribute.t.data_type
                for inner in [*attribute.graphs, attribute.g]:
                    gather(inner)

    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]  # A tool may have left the sizes of before.
    try:
        bare = onnx.shape_inference.infer_shapes(bare, data_prop=True)
    except Exception:
        pass  # Too large, or contradictory: then a repeated weight counts once.
    gather(bare.graph)
    known(model.graph)

    def origins(name):
        taken = set().union(*map(origins, sources.get(name, ())))
        return {name} if not sources.get(name) or counts[name] > sum(counts[each] for each in taken & floats) else taken

    counted = set().union(*(origins(name) for name in used & floats))
    return sum(counts[name] for name in counted & floats)


def main():
    import onnxsim

    source, target, sparsity = sys.argv[1], sys.argv[2], float(sys.argv[3])
    model, outcome = onnx.load(source), {}
    try:
        model = onnxsim.simplify(model)[0]
    except Exception as error:
        # Its pruning takes files that are not simplified, too, and finds less in them.
        outcome["unsimplified"] = str(error).strip().splitlines()[0]
    outcome["simplified"] = parameters(model)
    model = onnxsim.apply_attention_head_pruning(model, sparsity=sparsity, importance_norm="l1")
    model = onnxsim.apply_structured_pruning(model, sparsity=sparsity, importance_norm="l1")
    large = model.ByteSize() > 1 << 30
    onnx.save(model, target, save_as_external_data=large, location="pruned.data" if large else None)
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
