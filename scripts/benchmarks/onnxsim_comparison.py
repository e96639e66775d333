"""Cuts the same files by Coppice and by onnxsim; see scripts/benchmarks/onnxsim."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import onnx
from onnxsim_prune import parameters
from zoo import arrays, export, feasible_inputs, session, torchvision

# Small ones of every family, so that a run takes minutes.
SELECTION = (
    "squeezenet1_1,shufflenet_v2_x0_5,mnasnet0_5,mobilenet_v3_small,mobilenet_v2,regnet_y_400mf,regnet_x_400mf,efficientnet_b0,"
    "googlenet,densenet121,resnet18,resnet50,resnext50_32x4d,wide_resnet50_2,inception_v3,convnext_tiny,swin_t,maxvit_t,vgg11_bn,vit_b_16"
).split(",")
TOOLS = ("ours", "onnxsim")
# Reading a file and starting a tool take as long as some millions of parameters do.
OVERHEAD = 5e6


def signature(model):
    """Names, types and axes of a model's inputs (those that are no initializers) and outputs; None stands for an open axis."""
    weights = {tensor.name for tensor in model.graph.initializer}

    def described(info):
        kind = info.type.tensor_type
        if not info.type.HasField("tensor_type") or not kind.HasField("shape"):
            return info.name, kind.elem_type, None
        return info.name, kind.elem_type, [axis.dim_value if axis.HasField("dim_value") else None for axis in kind.shape.dim]

    return (
        [described(info) for info in model.graph.input if info.name not in weights],
        [described(info) for info in model.graph.output])


def changed(before, after):
    """The first way in which names, types or sizes of inputs and outputs differ, and whether an input's axis became free. An axis
    that was fixed may be free now, since every array that was taken still is; an input's free axis may not become fixed."""
    opened = False
    for place, (old, new) in zip(("input", "output"), zip(before, after)):
        if [info[:2] for info in old] != [info[:2] for info in new]:
            return f"{place}s {[info[0] for info in old]} became {[info[0] for info in new]}, or of other types", opened
        for (name, _, dense), (_, _, small) in zip(old, new):
            if dense is None or small is None:
                continue
            pairs = list(zip(dense, small))
            if len(dense) != len(small) or any(b is not None and a != b and (a is not None or place == "input") for a, b in pairs):
                return f"{place} {name}: {dense} became {small}".replace("None", "free"), opened
            opened = opened or (place == "input" and any(a is not None and b is None for a, b in pairs))
    return None, opened


def first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = re.sub(r"^error: |'/[^']*': |\[ONNXRuntimeError\] : \d+ : \w+ : ", "", lines[0] if lines else type(error).__name__)
    return line if len(line) <= 130 else line[:130] + " ..."


def call(words, limit):
    """A tool's standard output; an error carries the first line of what it said."""
    try:
        outcome = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"no result after {limit} s") from None
    if outcome.returncode == 0:
        return outcome.stdout
    lines = [line for line in outcome.stderr.splitlines() if line.strip()] or [f"exit status {outcome.returncode}, no message"]
    # Python puts the reason last.
    raise RuntimeError(lines[-1] if lines[0].startswith("Traceback") else lines[0])


def cut(tool, path, target, arguments):
    if tool == "onnxsim":
        worker = Path(__file__).with_name("onnxsim_prune.py")
        return json.loads(call([arguments.peer, worker, path, target, arguments.sparsity], arguments.limit).splitlines()[-1])
    words = ["prune", path, "--sparsity", arguments.sparsity, "--criterion", "l1", "--scope", "local", "-o", target]
    call([arguments.coppice, *words], arguments.limit)
    return {}


def contradiction(path):
    """What the checker says when it also infers all shapes anew: shapes that a file states and that its weights contradict."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
        return None
    except Exception as error:
        return first_line(error)


def judge(path, dense, arguments, tool):
    folder = Path(tempfile.mkdtemp(prefix="coppice-onnxsim-"))
    result, started = {}, time.time()
    try:
        small, step = folder / "small.onnx", None
        result.update(cut(tool, path, small, arguments))
        result["seconds"] = round(time.time() - started, 2)
        result["parameters"] = parameters(onnx.load(small))
        step = "onnx.checker"
        onnx.checker.check_model(str(small))
        result["other shapes"], result["opened"] = changed(dense["signature"], signature(onnx.load(small, load_external_data=False)))
        step = "ONNX Runtime"
        network = session(small)
        outputs = network.run(None, arrays(network, dense["sizes"], {}, previous=dense["feed"]))
        shapes = [getattr(output, "shape", None) for output in outputs]
        if shapes != dense["shapes"] and not result["other shapes"]:
            raise RuntimeError(f"outputs of {dense['shapes']} became {shapes}")
        if not dense["contradiction"]:
            result["contradiction"] = contradiction(small)
    except Exception as error:
        result["broken" if step else "refused"] = f"{step}: {first_line(error)}" if step else first_line(error)
    finally:
        shutil.rmtree(folder)
    return result


def compare(name, make, arguments):
    row, folder = {"name": name}, Path(tempfile.mkdtemp(prefix="coppice-onnxsim-"))
    try:
        path = make(folder)
        model = onnx.load(path)
        row["dense"] = parameters(model)
        network = session(path)
        feed, outputs, sizes = feasible_inputs(network, {})
        dense = {
            "signature": signature(model), "contradiction": contradiction(path), "feed": feed, "sizes": sizes,
            "shapes": [getattr(output, "shape", None) for output in outputs]}
        del network, model, outputs
        for tool in TOOLS:
            row[tool] = judge(path, dense, arguments, tool)
    except Exception as error:
        row["skipped"] = first_line(error)
    finally:
        shutil.rmtree(folder)
    return row


def smaller(row, tool):
    """Whether a tool's result is there, holds together and has fewer parameters than folding constants alone leaves."""
    result = row[tool]
    if "broken" in result or "refused" in result:
        return False
    return result["parameters"] < min(result.get("simplified", row["dense"]), row["dense"])


def cells(row, tool):
    result = row[tool]
    if "broken" in result or "refused" in result:
        verdict = f"broken: {result['broken']}" if "broken" in result else f"no result: {result['refused']}"
    elif result["other shapes"]:
        verdict = f"other shapes: {result['other shapes']}"
    else:
        notes = [
            ("nothing cut", not smaller(row, tool)), ("batch free", result["opened"]),
            ("shapes stated wrongly", result.get("contradiction"))]
        verdict = ", ".join(["yes", *(note for note, holds in notes if holds)])
    left = f"{result['parameters']:,} ({result['parameters'] / max(row['dense'], 1):.1%})" if "parameters" in result else ""
    return f"| {left} | {verdict.replace('|', '/')} "


def total(rows, tool):
    """A network that a tool broke, refused or did not cut counts with all its parameters."""
    broken, refused = (sum(word in row[tool] for row in rows) for word in ("broken", "refused"))
    cut = sum(smaller(row, tool) for row in rows)
    shares = [row[tool]["parameters"] / row["dense"] if smaller(row, tool) else 1 for row in rows if row["dense"]]
    words = [f"{tool}: {cut} cut, {len(rows) - broken - refused - cut} left whole, {refused} without a result, {broken} broken"]
    other = sum(bool(row[tool].get("other shapes")) and smaller(row, tool) for row in rows)
    wrong = sum(bool(row[tool].get("contradiction")) for row in rows)
    words += [f"{other} of those cut with other inputs or outputs"] if other else []
    words += [f"{wrong} with shapes stated wrongly"] if wrong else []
    return ", ".join(words) + f"; {sum(shares) / max(len(shares), 1):.1%} of the parameters left on average"


def table(rows):
    yield "| file | parameters dense | left by ours | sound | left by onnxsim | sound |"
    yield "|---|---:|---:|---|---:|---|"
    for row in rows:
        if "skipped" in row:
            yield f"| {row['name']} | | | | | not compared: {row['skipped']} |"
        else:
            yield f"| {row['name']} | {row['dense']:,} {''.join(cells(row, tool) for tool in TOOLS)}|"
    rows = [row for row in rows if "skipped" not in row]
    yield ""
    yield f"{len(rows)} networks. " + ". ".join(total(rows, tool) for tool in TOOLS) + "."


def weight_of(name):
    return torchvision.models.get_model_weights(name).DEFAULT.meta["num_params"]


def plan(arguments):
    """What to compare, as name, size and how its file is made; small ones first."""
    files, names = [Path(file) for file in arguments.files], []
    if arguments.networks:
        names = arguments.networks.split(",")
    elif not files:
        data = Path(os.environ.get("COPPICE_DATA", "../shared"))
        models = next((folder for folder in (data / "models", data.parent / "models") if folder.is_dir()), None)
        if models is None:
            sys.exit(f"error: there is no folder 'models' in '{data}' or beside it. Let COPPICE_DATA name the folder that holds it.")
        files = list(models.rglob("*.onnx"))
        names = torchvision.models.list_models(module=torchvision.models) if arguments.all else SELECTION
    tasks = [(file.name, file.stat().st_size / 4, lambda _, file=file: file) for file in files]
    tasks += [(name, weight_of(name), lambda folder, name=name: export(name, "script", folder)) for name in names]
    return sorted(tasks, key=lambda task: task[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coppice", required=True)
    parser.add_argument("--peer", required=True, help="Python with onnxsim")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--networks", default="")
    parser.add_argument("--files", nargs="*", default=[])
    parser.add_argument("--sparsity", default="0.5")
    parser.add_argument("--limit", type=float, default=600)
    parser.add_argument("--out", default="coppice-out/onnxsim")
    parser.add_argument("--anew", action="store_true")
    arguments = parser.parse_args()
    store = Path(arguments.out) / "results.jsonl"
    store.parent.mkdir(parents=True, exist_ok=True)
    if arguments.anew:
        store.unlink(missing_ok=True)
    # Results of another build of Coppice, another share or another limit are no results of this run.
    build = os.stat(arguments.coppice)
    run = {"sparsity": arguments.sparsity, "limit": arguments.limit, "build": f"{build.st_size} {build.st_mtime_ns}"}
    lines = store.read_text().splitlines() if store.exists() else []
    known = {}
    for line in lines:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # The last line of a run that was killed while it wrote.
        if row.get("run") == run:
            known[row["name"]] = row
    tasks = plan(arguments)
    todo = [task for task in tasks if task[0] not in known]
    started, done, total = time.time(), 0.0, sum(size + OVERHEAD for _, size, _ in todo)
    for place, (name, size, make) in enumerate(todo, 1):
        left = f", about {(time.time() - started) / done * (total - done) / 60:.1f} min left" if done else ""
        print(f"[{len(tasks) - len(todo) + place}/{len(tasks)}] {name}{left}", file=sys.stderr, flush=True)
        row = {**compare(name, make, arguments), "run": run}
        known[name] = row
        with store.open("a") as file:
            # On a line of its own even after one that a killed run left half written.
            file.write("\n" * bool(lines) * (place == 1) + json.dumps(row) + "\n")
        done += size + OVERHEAD
    for line in table([known[name] for name, _, _ in tasks]):
        print(line)


if __name__ == "__main__":
    main()
