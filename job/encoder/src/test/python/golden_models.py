"""Writes the models of src/test/resources/models: small checkpoints with random weights, and the vectors
that the reference libraries compute from them.

    python golden_models.py OUTPUT_FOLDER [NAME ...]

The committed folders were written by two runs of this script, each in its own virtual environment:

    "st5": sentence-transformers 5.1.0, transformers 4.56.1, tokenizers 0.22.0, safetensors 0.8.0, torch 2.8.0
    "st6": sentence-transformers 6.2.0, transformers 5.24.0, tokenizers 0.23.3, safetensors 0.8.0, torch 2.8.0

plus sentencepiece and protobuf in both. Models whose name starts with `st6-` need the second environment, every
other model needs the first one; a run writes the models that its environment can write. The Java tests need
neither Python nor these libraries: they read the committed folders.

Every folder is what `save_pretrained` of the library writes, less README.md, plus `expected.jsonl`: one line per
text, {"role": "document" | "query", "text": ..., "indices": [...], "values": [...]}, computed by loading the folder
again and calling `encode_document` or `encode_query`. Weights are random, of every parameter (also biases and
normalizations), rounded to multiples of 1/256 so that Git compresses them; the bias of the decoder is shifted until
about a fifth of the terms are positive. All arithmetic is float32; 16-bit weights are converted to float32 first.

Three kinds of model have no library that saves them in this layout, so the script writes them itself:

    gte-*         the published modeling code of Alibaba-NLP/new-impl is not part of transformers. `NewForMaskedLM`
                  below is a reimplementation of it, limited to inference.
    opensearch-*  the vectors are computed as the model cards of opensearch-project document it.
    bge-m3*       the sparse head of FlagEmbedding: relu(linear(hidden state)), maximum per token id. Both folders were
                  compared with FlagEmbedding 1.4.2 (largest difference 5e-6).
"""
import json
import math
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import sentence_transformers
import tokenizers
import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SparseEncoder
from torch import nn
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer

torch.set_num_threads(1)
ST6 = int(sentence_transformers.__version__.split(".")[0]) >= 6
if ST6:
    from sentence_transformers.base.modules import Router, Transformer
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling
else:
    from sentence_transformers.models import Router
    from sentence_transformers.sparse_encoder.models import MLMTransformer, SparseStaticEmbedding, SpladePooling

# ---------------------------------------------------------------------------------------------------- texts

SENTENCES = [
    "The old mill by the river was built of stone and wood.",
    "In winter the ferry crosses the bay only once a day.",
    "A baker sold three hundred loaves of bread before noon.",
    "Who remembers the miller's daughter, and her garden of roses?",
    "Ships carried grain, salt and wool along the coast.",
    "Every Sunday the market opens at seven; it closes at one.",
]
DOCUMENTS = [
    "A ferry crosses the bay twice a day, except in winter.",
    "Bread, bread and more BREAD: the baker sold 300 loaves! Bread, bread, bread.",
    "Zürich café menus: crème brûlée, naïve Ångström \u2013 北京 мир ﬁne 😀",
    " ".join(SENTENCES * 3),
    "",
    "WHO BUILT THE OLD MILL?",
    "river",
    "  (stone), [wood]; don't -- \"stop\"...\there!\n",
]
QUERIES = ["ferry in winter", "Café menu, Bread bread", "who built the OLD mill by the river?", "", "naïve 北京 ☃ stone"]
WORDS = """a ferry cross the bay twice day except in winter bread and more baker sold loaves menu creme brulee naive cafe
who built old mill river stone wood don stop here by was of only once three hundred before noon remember miller
daughter her garden rose ship carried grain salt wool along coast every sunday market open at seven it close one
query document represent this for search : - ##s ##es ##ing ##er ##ed ##ly ##t ##rich ##strom ##ul ##th Bread The A
Who In BREAD Ships Every zurich angstrom""".split()


# ----------------------------------------------------------------------------------------------- tokenizers

def characters(cased):
    ascii_ = [chr(c) for c in range(33, 127) if cased or not chr(c).isupper()]
    return ascii_ + list("éüößæø北京мир")


def word_piece(folder, specials, cased=False, config=None):
    """vocab.txt and tokenizer_config.json, as checkpoints of 2019 have them."""
    words = specials + characters(cased) + ["##" + c for c in characters(cased) if c.isalnum()]
    words += [w for w in WORDS if cased or w == w.lower()]
    Path(folder, "vocab.txt").write_text("".join(w + "\n" for w in dict.fromkeys(words)), encoding="utf-8")
    Path(folder, "tokenizer_config.json").write_text(json.dumps(config, indent=2))


def bert_tokenizer(folder, cased=False, **options):
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": not cased, "model_max_length": 512, **options}
    word_piece(folder, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], cased, config)
    return AutoTokenizer.from_pretrained(folder)


def distilbert_tokenizer(folder, **options):
    return bert_tokenizer(folder, tokenizer_class="DistilBertTokenizer", **options)


def mpnet_tokenizer(folder, **options):
    config = {"tokenizer_class": "MPNetTokenizer", "do_lower_case": True, "model_max_length": 512, **options}
    word_piece(folder, ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>"], False, config)
    return AutoTokenizer.from_pretrained(folder)


def byte_level(specials, vocab, template=None):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=None))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=vocab, special_tokens=specials, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES + DOCUMENTS + QUERIES, trainer)
    return tokenizer


def roberta_tokenizer(folder, **options):
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    byte_level(specials, 380).model.save(str(folder))
    config = {"tokenizer_class": "RobertaTokenizer", "model_max_length": 512, "add_prefix_space": False,
              "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>",
              "pad_token": "<pad>", "mask_token": "<mask>", **options}
    Path(folder, "tokenizer_config.json").write_text(json.dumps(config, indent=2))
    return AutoTokenizer.from_pretrained(folder)


def modernbert_tokenizer(folder, **options):
    specials = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    tokenizer = byte_level(specials, 380)
    tokenizer.normalizer = tokenizers.normalizers.NFC()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    names = dict(unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512,
                                                model_input_names=["input_ids", "attention_mask"], **names)
    fast.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def sentence_piece(folder, rule):
    import sentencepiece
    corpus = Path(folder, "corpus.txt")
    corpus.write_text("\n".join((SENTENCES + DOCUMENTS + QUERIES + WORDS) * 20), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(Path(folder, "sentencepiece.bpe")), vocab_size=300, model_type="unigram",
        character_coverage=0.995, normalization_rule_name=rule, minloglevel=2, hard_vocab_limit=False)
    corpus.unlink()
    Path(folder, "sentencepiece.bpe.vocab").unlink()
    return Path(folder, "sentencepiece.bpe.model")


def xlm_roberta_tokenizer(folder, rule="identity", **options):
    sentence_piece(folder, rule)
    if ST6:
        config = {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 512}
        Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
        return AutoTokenizer.from_pretrained(folder)
    tokenizer = transformers.XLMRobertaTokenizerFast(vocab_file=str(Path(folder, "sentencepiece.bpe.model")), model_max_length=512, **options)
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def camembert_tokenizer(folder, **options):
    sentence_piece(folder, "identity")
    tokenizer = transformers.CamembertTokenizerFast(vocab_file=str(Path(folder, "sentencepiece.bpe.model")), model_max_length=512, **options)
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


# -------------------------------------------------------------------------------------------------- weights

def grid(tensor):
    return torch.round(tensor * 256) / 256


@torch.no_grad()
def randomize(model, seed, keep=()):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if any(k in name for k in keep):
            continue
        random = torch.randn(parameter.shape, generator=generator)
        norm = "norm" in name.lower() or "_ln" in name
        if norm and name.endswith("weight"):
            random = 1 + 0.3 * random
        elif parameter.dim() == 1:
            random = 0.25 * random
        elif "relative_attention_bias" in name:
            random = 1.5 * random
        elif "embeddings" in name:
            random = 0.6 * random
        elif "decoder" in name or "vocab_projector" in name:
            random = 0.6 * random
        else:
            random = 1.3 * random / math.sqrt(parameter.shape[1])
        parameter.copy_(grid(random))
    return model.eval()


BIAS = ("cls.predictions.decoder.bias", "cls.predictions.bias", "vocab_projector.bias", "lm_head.bias", "lm_head.decoder.bias", "decoder.bias")


@torch.no_grad()
def calibrate(model, tokenizer, share=0.2, length=32):
    """Shifts the decoder's bias until `share` of the terms of an average text are positive."""
    peaks = []
    for text in DOCUMENTS:
        features = tokenizer(text, truncation=True, max_length=length, return_tensors="pt")
        peaks.append(model(**features).logits[0].max(0).values)
    shift = torch.cat(peaks).quantile(1 - share)
    names = dict(model.named_parameters())
    bias = next((names[b] for b in BIAS if b in names), None)
    if bias is not None:
        bias.sub_(grid(shift))
    else:  # no bias: the first hidden unit shifts all terms
        names["head.norm.bias"][0] = -grid(shift)
        names["head.norm.weight"][0] = 0.125
        names["decoder.weight"][:, 0] = 1
    return model


def base_model(config, tokenizer, seed, share=0.2, keep=(), dtype=None):
    torch.manual_seed(seed)
    model = randomize(AutoModelForMaskedLM.from_config(config), seed, keep)
    if dtype is not None:
        model = model.to(dtype).float()
    return calibrate(model, tokenizer, share)


# --------------------------------------------------------------------------------------------------- saving

def crc(name):
    return zlib.crc32(name.encode())


def clean(folder):
    """Removes what no reader needs."""
    for path in Path(folder).rglob("README.md"):
        path.unlink()
    for path in Path(folder).rglob("*.model"):  # SentencePiece's own file; tokenizer.json has the same vocabulary
        path.unlink()
    for path in Path(folder).rglob("*.json"):   # machine and time dependent keys
        data = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(data, dict) and data.pop("_name_or_path", None) is not None:
            path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def sparse(vector, columns=None):
    vector = vector.to_dense() if vector.is_sparse else vector
    vector = vector.float()
    indices = vector.nonzero().flatten().tolist()
    indices = [i for i in indices if columns is None or i < columns]
    return {"indices": indices, "values": [float(f"{vector[i].item():.6g}") for i in indices]}


def write_expected(folder, documents, queries, encode, columns=None):
    lines, shares = [], []
    for role, texts in (("document", documents), ("query", queries)):
        for text, vector in zip(texts, encode(role, texts)):
            line = {"role": role, "text": text, **sparse(vector, columns)}
            shares.append(len(line["indices"]) / vector.shape[-1])
            lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    Path(folder, "expected.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    size = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file())
    print(f"{Path(folder).name:28} {size // 1024:5} KiB   terms " + " ".join(f"{s:.2f}" for s in shares), flush=True)


def library_encode(folder, **kwargs):
    key = "dtype" if ST6 else "torch_dtype"
    return encode_with(SparseEncoder(str(folder), device="cpu", model_kwargs={key: torch.float32}, **kwargs))


def encode_with(encoder):
    def encode(role, texts):
        method = encoder.encode_document if role == "document" else encoder.encode_query
        batch = method(list(texts), convert_to_sparse_tensor=False)
        for text, vector in zip(texts, batch):  # a text's vector must not depend on its neighbors
            if text.strip():
                single = method(text, convert_to_sparse_tensor=False)
                assert torch.allclose(single, vector, atol=2e-5), text
        return batch

    return encode


def masked_language_model(folder, max_seq_length=None, do_lower_case=False):
    kwargs = {"max_seq_length": max_seq_length, "do_lower_case": do_lower_case}
    if ST6:
        return Transformer(str(folder), transformer_task="fill-mask", **kwargs)
    return MLMTransformer(str(folder), **kwargs)


def temporary():
    return Path(tempfile.mkdtemp(prefix="golden-"))


def checkpoint(name, config, make_tokenizer, share=0.2, keep=(), dtype=None, save=None, tokenizer_options=None):
    """A folder as `save_pretrained` of transformers writes it: config.json, weights, tokenizer."""
    folder, source = temporary(), temporary()
    tokenizer = make_tokenizer(source, **(tokenizer_options or {}))
    if config.vocab_size == 1:
        config.vocab_size = len(tokenizer)
    model = base_model(config, tokenizer, crc(name), share, keep, dtype)
    model.to(dtype or torch.float32).save_pretrained(folder, **(save or {}))
    tokenizer.save_pretrained(folder)
    return folder


def encoder_folder(out, name, source, pooling="max", activation="relu", max_seq_length=32, do_lower_case=False, prompts=None, dtype=None):
    """A folder as `SparseEncoder.save_pretrained` writes it: MLM transformer and SpladePooling."""
    module = masked_language_model(source, max_seq_length, do_lower_case)
    pool = SpladePooling(pooling_strategy=pooling, activation_function=activation)
    if dtype is not None:
        module.auto_model.to(dtype)
    encoder = SparseEncoder(modules=[module, pool], prompts=prompts, device="cpu", similarity_fn_name="dot")
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    encoder.save_pretrained(str(folder))
    clean(folder)
    return folder


def finish(folder, documents=DOCUMENTS, queries=QUERIES[:3], columns=None):
    write_expected(folder, documents, queries, library_encode(folder), columns)


def configuration(kind, **options):
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=64)
    if kind == "distilbert":
        sizes = dict(dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=64)
    ids = dict(pad_token_id=0)
    if kind in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        ids = dict(pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-3)
        sizes["max_position_embeddings"] = 66
        if kind != "mpnet":
            ids["type_vocab_size"] = 1
    if kind == "modernbert":
        ids = dict(pad_token_id=3, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2)
        sizes.update(num_hidden_layers=4, max_position_embeddings=128)
    return AutoConfig.for_model(kind, **{**sizes, **ids, "vocab_size": 1, **options})


# --------------------------------------------------------------------------------------------- GTE ("new")

class NewConfig(transformers.PretrainedConfig):
    model_type = "new"

    def __init__(self, vocab_size=30528, hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072,
                 hidden_act="gelu", max_position_embeddings=2048, type_vocab_size=1, layer_norm_type="layer_norm",
                 layer_norm_eps=1e-12, position_embedding_type="rope", rope_theta=10000.0, rope_scaling=None, pack_qkv=True,
                 logn_attention_scale=False, logn_attention_clip1=False, **kwargs):
        super().__init__(**kwargs)
        self.vocab_size, self.hidden_size, self.num_hidden_layers = vocab_size, hidden_size, num_hidden_layers
        self.num_attention_heads, self.intermediate_size, self.hidden_act = num_attention_heads, intermediate_size, hidden_act
        self.max_position_embeddings, self.type_vocab_size = max_position_embeddings, type_vocab_size
        self.layer_norm_type, self.layer_norm_eps = layer_norm_type, layer_norm_eps
        self.position_embedding_type, self.rope_theta, self.rope_scaling = position_embedding_type, rope_theta, rope_scaling
        self.pack_qkv, self.logn_attention_scale, self.logn_attention_clip1 = pack_qkv, logn_attention_scale, logn_attention_clip1


class RootMeanSquareNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def layer_norm(config, kind="layer_norm"):
    return {"layer_norm": nn.LayerNorm, "rms_norm": RootMeanSquareNorm}[kind](config.hidden_size, eps=config.layer_norm_eps)


def new_frequencies(config):
    size = config.hidden_size // config.num_attention_heads
    base, scaling = config.rope_theta, config.rope_scaling
    mixed = scaling.get("mixed_b") if scaling else None
    if scaling and mixed is None:
        base = base * scaling["factor"]
    frequencies = 1.0 / base ** (torch.arange(0, size, 2).float() / size)
    if scaling and mixed is None:
        frequencies = frequencies / scaling["factor"] ** (2 / size)
    elif scaling:
        a = math.log(scaling["factor"]) / (size / 2) ** mixed
        frequencies = frequencies / (a * torch.arange(1, size // 2 + 1).float() ** mixed).exp()
    return frequencies


class NewAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, size = config, config.hidden_size
        if config.pack_qkv:
            self.qkv_proj = nn.Linear(size, 3 * size)
        else:
            self.q_proj, self.k_proj, self.v_proj = (nn.Linear(size, size) for _ in range(3))
        self.o_proj = nn.Linear(size, size)

    def forward(self, x, mask):
        config = self.config
        heads, size = config.num_attention_heads, config.hidden_size // config.num_attention_heads
        parts = self.qkv_proj(x).chunk(3, -1) if config.pack_qkv else (self.q_proj(x), self.k_proj(x), self.v_proj(x))
        q, k, v = (p.view(*p.shape[:2], heads, size).transpose(1, 2) for p in parts)
        if config.position_embedding_type == "rope":
            angles = torch.outer(torch.arange(x.shape[1]).float(), new_frequencies(config))
            angles = torch.cat((angles, angles), -1)
            q, k = (t * angles.cos() + torch.cat((-t[..., size // 2:], t[..., :size // 2]), -1) * angles.sin() for t in (q, k))
        if config.logn_attention_scale:
            scale = mask.sum(1).float().log() / math.log(config.max_position_embeddings)
            if config.logn_attention_clip1:
                scale = scale.clamp(min=1)
            q = q * scale[:, None, None, None]
        scores = q @ k.transpose(-1, -2) / math.sqrt(size)
        scores = scores.masked_fill(mask[:, None, None, :] == 0, float("-inf"))
        return self.o_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape))


class NewGatedMlp(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.up_gate_proj = nn.Linear(config.hidden_size, 2 * config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size)
        self.act = transformers.activations.ACT2FN[config.hidden_act]

    def forward(self, x):
        up, gate = self.up_gate_proj(x).chunk(2, -1)
        return self.down_proj(self.act(gate) * up)


class NewLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention, self.mlp = NewAttention(config), NewGatedMlp(config)
        self.attn_ln = layer_norm(config, config.layer_norm_type)
        self.mlp_ln = layer_norm(config, config.layer_norm_type)

    def forward(self, x, mask):
        x = self.attn_ln(x + self.attention(x, mask))
        return self.mlp_ln(x + self.mlp(x))


class NewEmbeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        if config.position_embedding_type == "absolute":
            self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        if config.type_vocab_size > 0:
            self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = layer_norm(config)

    def forward(self, ids, types):
        x = self.word_embeddings(ids)
        if hasattr(self, "position_embeddings"):
            x = x + self.position_embeddings(torch.arange(ids.shape[1]))
        if hasattr(self, "token_type_embeddings"):
            x = x + self.token_type_embeddings(torch.zeros_like(ids) if types is None else types)
        return self.LayerNorm(x)


class NewModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embeddings, self.encoder = NewEmbeddings(config), nn.Module()
        self.encoder.layer = nn.ModuleList(NewLayer(config) for _ in range(config.num_hidden_layers))


class NewHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense, self.norm = nn.Linear(config.hidden_size, config.hidden_size), layer_norm(config)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)
        self.act = transformers.activations.ACT2FN[config.hidden_act]

    def forward(self, x):
        return self.decoder(self.norm(self.act(self.dense(x))))


class NewForMaskedLM(transformers.PreTrainedModel):
    config_class, base_model_prefix = NewConfig, "new"
    _tied_weights_keys = ["lm_head.decoder.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.new, self.lm_head = NewModel(config), NewHead(config)
        self.post_init()

    def _init_weights(self, module):
        pass

    def get_input_embeddings(self):
        return self.new.embeddings.word_embeddings

    def get_output_embeddings(self):
        return self.lm_head.decoder

    def set_output_embeddings(self, value):
        self.lm_head.decoder = value

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, **_):
        x = self.new.embeddings(input_ids, token_type_ids)
        for layer in self.new.encoder.layer:
            x = layer(x, attention_mask)
        return transformers.modeling_outputs.MaskedLMOutput(logits=self.lm_head(x))


def new_configuration(**options):
    return NewConfig(**{**dict(vocab_size=1, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
                               max_position_embeddings=64, pad_token_id=0, torch_dtype="float32",
                               auto_map={"AutoConfig": "Alibaba-NLP/new-impl--configuration.NewConfig",
                                         "AutoModelForMaskedLM": "Alibaba-NLP/new-impl--modeling.NewForMaskedLM"}), **options})


if not ST6:
    AutoConfig.register("new", NewConfig)
    AutoModelForMaskedLM.register(NewConfig, NewForMaskedLM)


# --------------------------------------------------------------------------------------------------- models

MODELS = {}


def model(name, six=False):
    def register(function):
        if six == ST6:
            MODELS[name] = lambda out: function(out, name)
        return function
    return register


def simple(name, six=False, kind="bert", tokenizer=bert_tokenizer, options=None, encoder=None, padded=False, **kwargs):
    """An MLM transformer with SpladePooling."""
    @model(name, six)
    def build(out, name):
        config = new_configuration(**options or {}) if kind == "new" else configuration(kind, **options or {})
        source = checkpoint(name, config, tokenizer, **kwargs)
        folder = encoder_folder(out, name, source, dtype=kwargs.get("dtype"), **encoder or {})
        finish(folder, columns=len(AutoTokenizer.from_pretrained(folder)) if padded else None)


simple("bert-gelu", options=dict(hidden_act="gelu"))
simple("bert-gelu-new", options=dict(hidden_act="gelu_new"))
simple("bert-relu-eps", options=dict(hidden_act="relu", layer_norm_eps=1e-2))
simple("bert-silu-untied", options=dict(hidden_act="silu", tie_word_embeddings=False))
simple("bert-fp16", dtype=torch.float16)
simple("bert-bf16", dtype=torch.bfloat16, options=dict(tie_word_embeddings=False))
simple("bert-padded-vocab", options=dict(vocab_size=320), padded=True)
simple("bert-sum", encoder=dict(pooling="sum"))
simple("bert-max-log1p", encoder=dict(activation="log1p_relu"))
simple("bert-sum-log1p", encoder=dict(pooling="sum", activation="log1p_relu"))
simple("bert-no-limit", encoder=dict(max_seq_length=None))
simple("bert-model-max-length", encoder=dict(max_seq_length=None), tokenizer_options=dict(model_max_length=20))
simple("bert-cased-lower", tokenizer_options=dict(cased=True), encoder=dict(do_lower_case=True))
simple("bert-prompts", encoder=dict(prompts={"query": "query: ", "document": "represent this document for search - "}))
simple("distilbert-gelu", kind="distilbert", tokenizer=distilbert_tokenizer,
       options=dict(sinusoidal_pos_embds=True), keep=["position_embeddings"])
simple("distilbert-relu", kind="distilbert", tokenizer=distilbert_tokenizer, options=dict(activation="relu"),
       encoder=dict(activation="log1p_relu"))
simple("roberta", kind="roberta", tokenizer=roberta_tokenizer, options=dict(hidden_act="gelu_new"))
simple("roberta-prompts", kind="roberta", tokenizer=roberta_tokenizer,
       encoder=dict(prompts={"query": " query: ", "document": "document: "}))
simple("xlm-roberta", kind="xlm-roberta", tokenizer=lambda f: xlm_roberta_tokenizer(f, "nmt_nfkc"))
simple("xlm-roberta-types", kind="xlm-roberta", tokenizer=xlm_roberta_tokenizer, options=dict(type_vocab_size=2, pad_token_id=1))
simple("camembert", kind="camembert", tokenizer=camembert_tokenizer, options=dict(hidden_act="relu"))
simple("mpnet", kind="mpnet", tokenizer=mpnet_tokenizer, encoder=dict(max_seq_length=180),
       options=dict(hidden_act="relu", max_position_embeddings=202))
LONG = dict(max_seq_length=100)
simple("modernbert", kind="modernbert", tokenizer=modernbert_tokenizer, encoder=LONG,
       options=dict(local_attention=8, global_rope_theta=1000.0, local_rope_theta=50.0))
simple("modernbert-biases", kind="modernbert", tokenizer=modernbert_tokenizer, encoder=LONG,
       options=dict(local_attention=7, global_attn_every_n_layers=2, norm_bias=True, attention_bias=True, mlp_bias=True,
                    classifier_bias=True, classifier_activation="silu", hidden_activation="relu", norm_eps=1e-3))
simple("modernbert-untied", kind="modernbert", tokenizer=modernbert_tokenizer, encoder=LONG,
       options=dict(local_attention=16, tie_word_embeddings=False, decoder_bias=False, norm_bias=True, local_rope_theta=None,
                    global_rope_theta=100.0))
simple("gte", kind="new", tokenizer=bert_tokenizer, options=dict(type_vocab_size=0, rope_theta=500.0))
simple("gte-ntk", kind="new", tokenizer=bert_tokenizer, encoder=dict(max_seq_length=60),
       options=dict(rope_theta=500.0, rope_scaling={"factor": 2.0, "type": "ntk"}, vocab_size=320, hidden_act="relu"), padded=True)
simple("gte-mixed", kind="new", tokenizer=bert_tokenizer, encoder=dict(max_seq_length=60),
       options=dict(rope_scaling={"factor": 4.0, "type": "ntk", "mixed_b": 0.625}, type_vocab_size=2, layer_norm_type="rms_norm",
                    layer_norm_eps=1e-5, tie_word_embeddings=False))
simple("gte-unpacked", kind="new", tokenizer=bert_tokenizer,
       options=dict(position_embedding_type="absolute", pack_qkv=False, logn_attention_scale=True, max_position_embeddings=40))

simple("st6-bert", six=True)
simple("st6-bert-untied", six=True, options=dict(tie_word_embeddings=False))
simple("st6-bert-bf16", six=True, dtype=torch.bfloat16, encoder=dict(pooling="sum"))
simple("st6-bert-cased-lower", six=True, tokenizer_options=dict(cased=True), encoder=dict(do_lower_case=True))
simple("st6-bert-prompts", six=True,
       encoder=dict(prompts={"query": "query: ", "document": "represent this document for search - "}))
simple("st6-distilbert", six=True, kind="distilbert", tokenizer=distilbert_tokenizer, encoder=dict(activation="log1p_relu"))
simple("st6-roberta", six=True, kind="roberta", tokenizer=roberta_tokenizer)
simple("st6-xlm-roberta", six=True, kind="xlm-roberta", tokenizer=xlm_roberta_tokenizer)
simple("st6-mpnet", six=True, kind="mpnet", tokenizer=mpnet_tokenizer, encoder=dict(max_seq_length=60))
simple("st6-modernbert", six=True, kind="modernbert", tokenizer=modernbert_tokenizer, encoder=LONG,
       options=dict(local_attention=8, rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 1000.0},
                                                        "sliding_attention": {"rope_type": "default", "rope_theta": 50.0}},
                    layer_types=["sliding_attention", "full_attention", "sliding_attention", "full_attention"]))


def bert_source(name, tokenizer=bert_tokenizer, options=None, **kwargs):
    return checkpoint(name, configuration("bert", **options or {}), tokenizer, **kwargs)


@model("bert-plain")
def bert_plain(out, name):
    """A folder that transformers wrote: no modules.json. The library pools it with max and relu."""
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(bert_source(name), folder)
    clean(folder)
    finish(folder)


@model("bert-sharded")
def bert_sharded(out, name):
    folder = encoder_folder(out, name, bert_source(name))
    mlm = AutoModelForMaskedLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    mlm.save_pretrained(folder, max_shard_size="24KB")
    finish(folder)


@model("bert-gamma-beta")
def bert_gamma_beta(out, name):
    """The names of checkpoints that were converted from TensorFlow, with the pooler and the next-sentence head."""
    folder = encoder_folder(out, name, bert_source(name))
    tensors = load_file(folder / "model.safetensors")
    renamed = {}
    for key, value in tensors.items():
        renamed[key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")] = value
    generator = torch.Generator().manual_seed(1)
    for key, shape in (("bert.pooler.dense.weight", (16, 16)), ("bert.pooler.dense.bias", (16,)),
                       ("cls.seq_relationship.weight", (2, 16)), ("cls.seq_relationship.bias", (2,))):
        renamed[key] = grid(torch.randn(shape, generator=generator))
    renamed["cls.predictions.decoder.weight"] = renamed["bert.embeddings.word_embeddings.weight"].clone()
    renamed["bert.embeddings.position_ids"] = torch.arange(64).unsqueeze(0)
    save_file(renamed, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config["architectures"] = ["BertForPreTraining"]
    for key in ("torch_dtype", "dtype", "transformers_version", "layer_norm_eps", "position_embedding_type", "use_cache", "hidden_act"):
        config.pop(key, None)  # absent in configurations of 2018; the defaults apply
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    finish(folder)


def vocabulary_only(name, **options):
    @model(name)
    def build(out, name):
        """vocab.txt and tokenizer_config.json, no tokenizer.json."""
        folder = encoder_folder(out, name, bert_source(name, tokenizer_options=options))
        for file in ("tokenizer.json", "special_tokens_map.json"):
            (folder / file).unlink()
        config = {"do_lower_case": not options.get("cased", False), "model_max_length": 512, "tokenizer_class": "BertTokenizer"}
        config.update({k: v for k, v in options.items() if k != "cased"})
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
        finish(folder)


vocabulary_only("vocab-uncased")
vocabulary_only("vocab-cased", cased=True)
vocabulary_only("vocab-keep-accents", strip_accents=False)
vocabulary_only("vocab-strip-accents", cased=True, strip_accents=True)


# -------------------------------------------------------------------------------------------------- routers

def weights(name, size, zeros=()):
    generator = torch.Generator().manual_seed(crc(name) ^ 1)
    vector = grid(torch.rand(size, generator=generator) * 5)
    vector[list(zeros)] = 0
    return vector


def router_folder(out, name, query_modules, document_modules, **kwargs):
    encoder = SparseEncoder(modules=[Router.for_query_document(query_modules=query_modules, document_modules=document_modules)],
                            device="cpu", similarity_fn_name="dot", **kwargs)
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    encoder.save_pretrained(str(folder))
    clean(folder)
    return folder


def static_router(out, name, activation="log1p_relu", **kwargs):
    source = bert_source(name)
    document = masked_language_model(source, 32)
    tokenizer = AutoTokenizer.from_pretrained(source, model_max_length=20)
    query = SparseStaticEmbedding(tokenizer=tokenizer, weight=weights(name, len(tokenizer), zeros=(0, 40, 41)), frozen=True)
    return router_folder(out, name, [query], [document, SpladePooling("max", activation)], **kwargs)


def flatten_router(folder, module):
    """Moves the document's encoder to the root, as the models of opensearch-project have it."""
    config = json.loads((folder / "router_config.json").read_text())
    for path in (folder / module).iterdir():
        path.rename(folder / path.name)
    (folder / module).rmdir()
    config["types"] = {("" if k == module else k): v for k, v in config["types"].items()}
    config["structure"] = {r: ["" if m == module else m for m in modules] for r, modules in config["structure"].items()}
    (folder / "router_config.json").write_text(json.dumps(config, indent=4) + "\n")


ROUTER_QUERIES = QUERIES + [DOCUMENTS[3]]


@model("router-static")
@model("st6-router-static", six=True)
def router_static(out, name):
    finish(static_router(out, name), queries=ROUTER_QUERIES)


@model("router-static-prompts")
def router_static_prompts(out, name):
    folder = static_router(out, name, prompts={"query": "query: ", "document": "document: "})
    finish(folder, queries=ROUTER_QUERIES)


@model("router-static-root")
def router_static_root(out, name):
    folder = static_router(out, name)
    flatten_router(folder, "document_0_MLMTransformer")
    finish(folder, queries=ROUTER_QUERIES)


@model("router-static-idf")
def router_static_idf(out, name):
    """The query's weights in idf.json at the root. Versions 5.1.0 and 6.2.0 fail to load a module with "path"
    (from_json gets an unknown argument cache_dir), so the encoder is put together from the same files."""
    folder = static_router(out, name, "relu")
    flatten_router(folder, "document_0_MLMTransformer")
    module = folder / "query_0_SparseStaticEmbedding"
    vector = load_file(module / "model.safetensors")["weight"]
    (module / "model.safetensors").unlink()
    tokenizer = AutoTokenizer.from_pretrained(module)
    tokens = tokenizer.convert_ids_to_tokens(range(len(vector)))
    idf = {t: v for t, v in zip(tokens, vector.tolist()) if v > 0 and t not in tokenizer.all_special_tokens}
    (folder / "idf.json").write_text(json.dumps(idf, ensure_ascii=False) + "\n", encoding="utf-8")
    (module / "config.json").write_text(json.dumps({"frozen": True, "path": "idf.json"}, indent=4) + "\n")
    query = SparseStaticEmbedding.from_json(str(folder / "idf.json"), tokenizer=tokenizer, frozen=True)
    document = [masked_language_model(folder, 32), SpladePooling("max", "relu")]
    router = Router.for_query_document(query_modules=[query], document_modules=document)
    write_expected(folder, DOCUMENTS, ROUTER_QUERIES, encode_with(SparseEncoder(modules=[router], device="cpu")))


@model("router-asym")
def router_asym(out, name):
    """The names that the module had before version 5: Asym, with its configuration in config.json."""
    folder = static_router(out, name)
    (folder / "router_config.json").rename(folder / "config.json")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "sentence_transformers.models.Asym"
    (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n")
    config = json.loads((folder / "config.json").read_text())
    config["parameters"] = {"allow_empty_key": True}
    (folder / "config.json").write_text(json.dumps(config, indent=4) + "\n")
    finish(folder, queries=ROUTER_QUERIES)


@model("router-pair")
@model("st6-router-pair", six=True)
def router_pair(out, name):
    """An encoder for each route, with different limits, activations and poolings."""
    query = [masked_language_model(bert_source(name + " query"), 12), SpladePooling("sum", "relu")]
    document = [masked_language_model(bert_source(name), 32), SpladePooling("max", "log1p_relu")]
    finish(router_folder(out, name, query, document), queries=ROUTER_QUERIES)


@model("st6-router-shared", six=True)
def router_shared(out, name):
    """One encoder in both routes, each with its own pooling."""
    shared = masked_language_model(bert_source(name), 32)
    finish(router_folder(out, name, [shared, SpladePooling("sum", "relu")], [shared, SpladePooling("max", "log1p_relu")]))


# ----------------------------------------------------------------------- layouts of before sentence-transformers

def opensearch(name, second_log, table, kind):
    @model(name)
    def build(out, name):
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        tokenizers_of = {"bert": bert_tokenizer, "distilbert": distilbert_tokenizer}
        shutil.copytree(checkpoint(name, configuration(kind), tokenizers_of[kind], tokenizer_options=dict(model_max_length=40)), folder)
        clean(folder)
        tokenizer, mlm = AutoTokenizer.from_pretrained(folder), AutoModelForMaskedLM.from_pretrained(folder)
        vector = weights(name, len(tokenizer), zeros=range(5))
        lines = {t: v for t, v in zip(tokenizer.convert_ids_to_tokens(range(len(vector))), vector.tolist()) if v > 0}
        if "idf.json" in table:
            (folder / "idf.json").write_text(json.dumps(lines, ensure_ascii=False) + "\n", encoding="utf-8")
        if "query_token_weights.txt" in table:
            (folder / "query_token_weights.txt").write_text("".join(f"{t}\t{v}\n" for t, v in lines.items()), encoding="utf-8")
        special = [tokenizer.vocab[token] for token in tokenizer.special_tokens_map.values()]

        @torch.no_grad()
        def encode(role, texts):
            for text in texts:
                features = tokenizer([text], padding=True, truncation=True, return_tensors="pt", return_token_type_ids=False)
                if role == "query":
                    values = torch.zeros(1, len(vector))
                    values[0, features["input_ids"][0]] = 1
                    values = values * vector
                else:
                    values = torch.max(mlm(**features)[0] * features["attention_mask"].unsqueeze(-1), dim=1).values
                    values = torch.log(1 + torch.relu(values))
                    values = torch.log(1 + values) if second_log else values
                    values[:, special] = 0
                yield values[0]

        write_expected(folder, DOCUMENTS, ROUTER_QUERIES, encode)


opensearch("opensearch-v2", False, ("idf.json",), "bert")
opensearch("opensearch-v2-weights", False, ("query_token_weights.txt",), "distilbert")
opensearch("opensearch-v3", True, ("idf.json", "query_token_weights.txt"), "distilbert")


@model("bge-m3-bin")
@model("bge-m3")
def bge_m3(out, name):
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tokenizer = xlm_roberta_tokenizer(temporary())
    config = configuration("xlm-roberta", vocab_size=len(tokenizer), torch_dtype="float32")
    base = randomize(transformers.XLMRobertaModel(config), crc(name))
    base.save_pretrained(folder)
    if name.endswith("bin"):
        (folder / "model.safetensors").unlink()
        torch.save(base.state_dict(), folder / "pytorch_model.bin")
    tokenizer.save_pretrained(folder)
    generator = torch.Generator().manual_seed(crc(name) ^ 1)
    for file, rows in (("sparse_linear.pt", 1), ("colbert_linear.pt", 16)):
        linear = nn.Linear(16, rows)
        with torch.no_grad():
            linear.weight.copy_(grid(torch.randn(rows, 16, generator=generator) * 0.3))
            linear.bias.copy_(grid(torch.randn(rows, generator=generator) * 0.1))
        state = linear.state_dict()  # float16 in the repository of BAAI/bge-m3
        torch.save(state if name.endswith("bin") else {k: v.half() for k, v in state.items()}, folder / file)
        if rows == 1:
            sparse_linear = linear
    pipeline = ["Transformer", "1_Pooling:Pooling", "2_Normalize:Normalize"]
    modules = [{"idx": i, "name": str(i), "path": p.split(":")[0] if i else "", "type": "sentence_transformers.models." + p.split(":")[-1]}
               for i, p in enumerate(pipeline)]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(
        {"word_embedding_dimension": 16, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False,
         "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False}, indent=2) + "\n")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 60, "do_lower_case": False}, indent=2) + "\n")
    clean(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    unused = {tokenizer.cls_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id}

    @torch.no_grad()
    def encode(role, texts):
        for text in texts:
            features = tokenizer(text, truncation=True, max_length=60, return_tensors="pt")
            token_weights = torch.relu(sparse_linear(base(**features).last_hidden_state))[0, :, 0]
            vector = torch.zeros(config.vocab_size)
            for token, weight in zip(features["input_ids"][0].tolist(), token_weights):
                if token not in unused:
                    vector[token] = max(vector[token], weight)
            yield vector

    write_expected(folder, DOCUMENTS, QUERIES[:3], encode)


if __name__ == "__main__":
    output = Path(sys.argv[1]).resolve()
    names = sys.argv[2:] or list(MODELS)
    for key in names:
        if key in MODELS:
            MODELS[key](output)
