"""Golden vectors of the built-in model, computed with NumPy only, in double precision, from the formula in docs/builtin-model.md.

  python3 golden.py ENCODER.onnx TOKENIZER.json HEAD.onnx "text" ["text" ...] > golden.json

Independent of the merged graph and of ONNX Runtime: it reads the weights from the ONNX files itself, and computes the
encoder's six layers itself. Requires Python 3 and NumPy; takes a few seconds per text.
"""
import json
import math
import sys

import numpy as np

from splade import MATS, Tokenizer


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]; at += 1
        value |= (byte & 127) << shift; shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """-> (number, value) pairs of a protobuf message: integers and memoryviews"""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(key & 7)
            if size is None:
                size, at = varint(data, at)
            value = data[at:at + size]; at += size
        yield key >> 3, value


def read_onnx(path):
    """-> float32 and float16 initializers by name, and the second input of each MatMul by the node's name"""
    weights, matmuls = {}, {}
    graph = dict(fields(memoryview(open(path, "rb").read())))[7]
    for number, value in fields(graph):
        if number == 1:  # node: input 1, name 3, op_type 4
            parts = list(fields(value))
            op, name = (next((bytes(v).decode() for n, v in parts if n == k), "") for k in (4, 3))
            if op == "MatMul":
                matmuls[name] = [bytes(v).decode() for n, v in parts if n == 1][1]
        elif number == 5:  # initializer: dims 1, data_type 2, name 8, raw_data 9
            parts = list(fields(value)); last = dict(parts)
            if last[2] in (1, 10):
                dims = [v for n, v in parts if n == 1]
                weights[bytes(last[8]).decode()] = np.frombuffer(last[9], "<f4" if last[2] == 1 else "<f2").reshape(dims)
    return weights, matmuls


def vector(ids, w, matmuls, z):
    """-> [30522] weights, in double precision"""
    f = lambda name: w[name].astype(np.float64)
    erf = np.vectorize(math.erf)
    gelu = lambda t: t * (1 + erf(t / math.sqrt(2))) / 2

    def norm(t, name):
        t = t - t.mean(-1, keepdims=True)
        return t / np.sqrt((t * t).mean(-1, keepdims=True) + 1e-12) * f(name + ".weight") + f(name + ".bias")

    nodes = ("attention/self/query", "attention/self/key", "attention/self/value", "attention/output/dense", "intermediate/dense", "output/dense")
    n = len(ids); word = f("embeddings.word_embeddings.weight")
    x = norm(word[ids] + f("embeddings.position_embeddings.weight")[:n] + f("embeddings.token_type_embeddings.weight")[0], "embeddings.LayerNorm")
    for layer in range(6):
        def linear(t, k):
            node = nodes[MATS.index(k)]
            m = f(matmuls[f"/encoder/layer.{layer}/{node}/MatMul"])  # [in, out]
            if f"lora_a_{layer}_{k}" in z:
                m = m + (z[f"lora_b_{layer}_{k}"] @ z[f"lora_a_{layer}_{k}"]).T
            return t @ m + f(f"encoder.layer.{layer}.{node.replace('/', '.')}.bias")

        heads = lambda t: t.reshape(n, 12, 32).transpose(1, 0, 2)
        q, k, v = (heads(linear(x, j)) for j in "qkv")
        s = q @ k.transpose(0, 2, 1) / math.sqrt(32)
        s = np.exp(s - s.max(-1, keepdims=True))
        a = (s / s.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(n, 384)
        x = norm(x + linear(a, "o"), f"encoder.layer.{layer}.attention.output.LayerNorm")
        x = norm(x + linear(gelu(linear(x, "up")), "down"), f"encoder.layer.{layer}.output.LayerNorm")
    h = x + gelu(x @ z["up.weight"].T + z["up.bias"]) @ z["down.weight"].T + z["down.bias"] + z["own"][ids][:, None] * word[ids]
    keep = [i for i, t in enumerate(ids) if t not in (101, 102)]
    if not keep:
        return np.zeros(len(word))
    m = (h[keep] @ word.T).max(0)
    out = np.log1p(np.maximum(z["gain"] * m + z["bias"], 0))
    out[:999] = 0
    return out


if __name__ == "__main__":
    onnx, tokenizer, head = sys.argv[1:4]
    w, matmuls = read_onnx(onnx)
    z = {k: v.astype(np.float64) for k, v in read_onnx(head)[0].items()}
    tok, lines = Tokenizer(tokenizer), []
    for text in sys.argv[4:]:
        ids = tok.encode(text, 128)
        v = vector(ids, w, matmuls, z)
        at = np.nonzero(v)[0]
        lines.append(json.dumps({"text": text, "ids": ids, "indices": at.tolist(), "values": [round(float(x), 7) for x in v[at]]}))
    print("[\n" + ",\n".join(lines) + "\n]")
