"""The second stage of the built-in model: more text, two dense teachers and low-rank updates in all layers of the encoder. It
continues from the head that splade.py trained. The commands in order, which are the steps that made the shipped weights:

  python3 further.py prepare --tokenizer T.json --sources DIR --first items.pkl --out items.npz
  python3 further.py train   --onnx all-minilm-l6-v2.onnx --teacher bge-small-en-v1.5.onnx --tokenizer T.json --items items.npz \\
                             --init first.onnx --out one.onnx
  python3 further.py train   ... --init one.onnx --out two.onnx --seconds 168 --terms-q 40 --terms-d 190 --lr .6 --pieces .003
  python3 further.py average --out head.onnx --bias .1 .5*first.onnx .5*two.onnx

first.onnx and items.pkl come from splade.py (train and prepare). The result of train depends on the GPU, because --seconds sets its
length. --bias .1 restores the number of terms per document, which averaging reduces. splade.py eval measures a head.

prepare reads DIR/openstax/*/modules/*/index.cnxml, DIR/medquad/*/*.xml, DIR/factbook/*/*.json, DIR/wordnet (data.noun, data.verb,
data.adj, data.adv, index.sense) and DIR/gcide (gcide.index, gcide.dict.dz). docs/builtin-model.md describes the text.

The shipped weights were trained with int8 weights of the teacher bge-small-en-v1.5 (rounded per row) and fp16 weights of
all-MiniLM-L6-v2. This script reads both models as they are: fp32 weights, with matrix multiplications in bf16.

Requires numpy, onnx and torch (2.0 or later). train runs on CUDA by default; --device cpu takes seconds per step.
"""
import argparse, collections, glob, html, json, math, pickle, random, re, time
import numpy as np, onnx, torch, torch.nn as nn, torch.nn.functional as F
from onnx import numpy_helper
from splade import ASK, MATS, V, Tokenizer, bm25, dictd, read_weights, squash, write_weights

CLS, SEP, FIRST_TERM, BF16 = 101, 102, 999, torch.bfloat16  # ids below FIRST_TERM are special or unused tokens, not terms

# ---------------------------------------------------------------- training text

CAP = dict(openstax=40000, glossary=8000, medquad=30000, factbook=3000, wordnet=60000, gcide=14000)
HELD_OUT = dict(openstax=400, medquad=400, wordnet=400, glossary=100, gcide=100)
DEFINE = "what is {}|what does {} mean|{} definition|define {}|meaning of {}|{}?|explain {}|tell me about {}".split("|")
STOP = set("the a an of in on at to for and or is are was were be by with that this from as it its which who can has have had not but "
           "their his her they he she we you i also such than then these those there when into may more most other some any each "
           "about after between over under very much many one two do does did so if".split())
rnd = random.Random(7)


def plain(markup):
    return squash(html.unescape(re.sub(r"<[^>]+>", " ", markup)))


def sentences(text):
    return [x for x in re.split(r"(?<=[.!?;]) +", text) if 4 <= len(x.split()) <= 45]


def thinned(text, share=.25):
    return " ".join(x for x in text.split() if rnd.random() > share)


def span(text):
    w = text.split(); n = rnd.randint(3, 9); i = rnd.randrange(max(1, len(w) - n))
    return " ".join(w[i:i + n])


def keywords(text, n):
    """n random words among the most frequent ones"""
    words = [w for w in re.findall(r"[a-z][a-z-]+", text.lower()) if w not in STOP and len(w) > 2]
    count, top = collections.Counter(words), list(dict.fromkeys(words))
    rnd.shuffle(top); top.sort(key=lambda w: -count[w]); top = top[:max(n * 2, 6)]; rnd.shuffle(top)
    return " ".join(top[:n])


def passage_queries(title, text, ask=.5):
    """four queries of a passage: heading or question, sentence, span or sentence with words removed, keywords"""
    title, found = title.rstrip(".").strip(), sentences(text) or [text]
    heading = rnd.choice(ASK).format(title.lower()) if rnd.random() < ask else title; s = rnd.choice(found)
    return [heading, s if rnd.random() < .5 else thinned(s), span(text) if rnd.random() < .5 else thinned(rnd.choice(found), .4),
            keywords(text, rnd.randint(2, 5))]


def read(path):
    return open(path, errors="ignore").read()


def passages(x, top):
    """-> (heading, passage of about 650 characters) pairs of a module"""
    drop = r"<(footnote|m:math|math|table|figure|exercise|equation|media|code)\b.*?</\1>"
    x = re.sub(r"<metadata.*?</metadata>|<glossary.*?</glossary>", " ", x, flags=re.S); head, parts = top, []

    def flush():
        body = squash(" ".join(parts)); parts.clear()
        if len(body) >= 180 and top.lower() not in ("introduction", "key terms", "references", "preface", "further reading"):
            yield (head if head == top or len(head.split()) > 2 else f"{top}: {head}"), body[:1400]

    for m in re.finditer(r"<title>(.*?)</title>|<para\b[^>]*>(.*?)</para>|<item\b[^>]*>(.*?)</item>", x, re.S):
        if m.group(1) is not None:
            yield from flush(); head = plain(m.group(1)) or head; continue
        part = plain(re.sub(drop, " ", m.group(2) or m.group(3) or "", flags=re.S))
        if len(part) >= 30:
            parts.append(part)
            if sum(map(len, parts)) > 650:
                yield from flush()
    yield from flush()


def openstax(S):
    for f in sorted(glob.glob(S + "/openstax/*/modules/*/index.cnxml")):
        x = read(f); m = re.search(r"<title>(.*?)</title>", x, re.S)
        for t, d in re.findall(r"<definition[^>]*>\s*<term[^>]*>(.*?)</term>\s*<meaning[^>]*>(.*?)</meaning>", x, re.S):
            t, d = plain(t), plain(d)
            if len(d) >= 40:
                ask = t if rnd.random() < .4 else rnd.choice(DEFINE).format(t)
                yield "glossary", f"{t}: {d}", [ask, d, thinned(d), keywords(d, rnd.randint(2, 4))]
        for head, body in passages(x, plain(m.group(1)) if m else ""):
            yield "openstax", body, passage_queries(head, body)


def medquad(S):
    seen = set()
    for f in sorted(glob.glob(S + "/medquad/*/*.xml")):
        x = read(f); m = re.search(r"<Focus>(.*?)</Focus>", x, re.S); focus = plain(m.group(1)) if m else ""
        for q, a in re.findall(r"<Question[^>]*>(.*?)</Question>\s*<Answer>(.*?)</Answer>", x, re.S):
            q, a = plain(q).replace(" ?", "?"), plain(a); b = a[:1400]
            if len(a) < 120 or a[:200] in seen:
                continue
            seen.add(a[:200]); found = sentences(b) or [a[:300]]
            yield "medquad", b, [q, rnd.choice(found), keywords(b, rnd.randint(2, 5)),
                                 focus if rnd.random() < .3 else thinned(rnd.choice(found), .35)]
            if len(a) > 2200:  # a second passage of a long answer
                b = a[1100:2500]; b = b[b.find(". ") + 2:]; found = sentences(b)
                if len(found) > 2:
                    yield "medquad", b, [q, rnd.choice(found), keywords(b, rnd.randint(2, 5)), thinned(rnd.choice(found), .35)]


def factbook(S):
    def walk(name, key, node):
        if isinstance(node.get("text"), str):
            t = plain(node["text"])
            if len(t) > 160:
                yield "factbook", f"{name}: {t}"[:1400], passage_queries(f"{name} {key}".lower(), t[:1400], .4)
        else:
            for k, v in node.items():
                if isinstance(v, dict):
                    yield from walk(name, k, v)

    for f in sorted(glob.glob(S + "/factbook/*/*.json")):
        try:
            country = json.loads(read(f))
        except ValueError:
            continue
        name = (country.get("Government", {}).get("Country name", {}).get("conventional short form") or {}).get("text")
        if name and name != "none":
            yield from walk(name, "", country)


def gcide(S):
    """-> {headword: definitions}"""
    out = collections.defaultdict(list)
    for head, s in dictd(S + "/gcide/gcide"):
        s = squash(re.sub(r"\[[^\]]*\]|\\[^\\\n]*\\|^\s+--?[A-Z].*$|\{|\}", " ", s, flags=re.M))
        s = squash(re.sub(r"--[A-Z][\w. ]{2,20}", "", s))
        s = re.sub(r"^[\w' -]{1,40}\s*(,\s*)?(n|a|v|adj|adv|v\. t|v\. i|p\. p)\.\s*", "", s, flags=re.I)  # the headword and part of speech
        if len(s) >= 40:
            out[head.lower()].append(s)
    return out


def synsets(S):
    """-> {key: (part of speech, words, definition, examples, relations, whether the sense occurs in WordNet's tagged text)}"""
    senses = (l.split() for l in read(S + "/wordnet/index.sense").splitlines())
    occurs, out = {(p[0].split("%")[1][0], p[1]) for p in senses if len(p) >= 4 and int(p[3]) > 0}, {}
    for pos, letter, types in (("noun", "n", "1"), ("verb", "v", "2"), ("adj", "a", "35"), ("adv", "r", "4")):
        for line in read(f"{S}/wordnet/data.{pos}").split("\n"):
            if line.startswith("  ") or not line:
                continue
            head, _, gloss = line.partition(" | "); f = head.split(); n = int(f[3], 16); k = 4 + 2 * n
            words = [f[4 + 2 * i].replace("_", " ").split("(")[0] for i in range(n)]
            related = [(f[k + 1 + 4 * i], f[k + 3 + 4 * i] + f[k + 2 + 4 * i]) for i in range(int(f[k]))]
            definition, *examples = squash(gloss).split('; "')
            examples = [e.strip('" ;') for e in examples]; common = any((t, f[0]) in occurs for t in types)
            out[letter + f[0]] = (pos, words, definition.strip(), examples, related, common)
    return out


def wordnet(S, definitions):
    """all synsets that occur in WordNet's tagged text, and a part of the others, most of which are rare words and names"""
    def selected(pos, words, definition, _, __, occurs):
        if len(definition) < 12 or any(w[:1].isupper() for w in words) and not occurs and rnd.random() < .7:
            return False
        return rnd.random() < (1 if occurs else .35 if pos == "noun" else .1)

    every = synsets(S)
    for pos, words, definition, examples, related, _ in [s for s in every.values() if selected(*s)]:
        words_of = lambda *kinds: [every[k][1][0] for r, k in related if r in kinds and k in every]
        wider, narrower = words_of("@", "@i"), words_of("~", "%p", "%m", "#p")
        doc = (words[0] if rnd.random() < .5 else ", ".join(words[:4])) + ": " + definition
        if examples and rnd.random() < .4:
            doc += "; " + examples[0]
        q = [words[-1] if rnd.random() < .5 else rnd.choice(DEFINE).format(words[0]),
             definition if rnd.random() < .4 else thinned(definition, .3)]
        others = [s for w in words for s in definitions.get(w.lower(), [])]
        if others:  # another dictionary's definition of the same word, not necessarily of the same sense
            s = rnd.choice(others[:2]); q.append(([x for x in re.split(r"(?<=[;.]) ", s) if len(x.split()) >= 4] or [s])[0][:200])
        q.append(rnd.choice(examples) if examples and rnd.random() < .5 else keywords(definition, rnd.randint(2, 4)))
        if wider and rnd.random() < .5:
            q.append(f"{wider[0]} {keywords(definition, 2)}")
        elif narrower:
            q.append(rnd.choice(narrower))
        yield "wordnet", doc, q[:4]


def headwords(definitions):
    heads = sorted(definitions); rnd.shuffle(heads)
    heads = [h for h in heads if len(definitions[h][0]) >= 150 and re.match(r"[a-z][a-z-]+$", h)]
    for h in heads[:CAP["gcide"]]:
        b = definitions[h][0][:800]; yield "gcide", f"{h}: {b}", passage_queries(h, b, .3)


def prepare(a):
    """items: documents with one to four queries each, followed by those of the first stage"""
    tok, definitions = Tokenizer(a.tokenizer), gcide(a.sources)
    found = [*openstax(a.sources), *medquad(a.sources), *factbook(a.sources), *wordnet(a.sources, definitions), *headwords(definitions)]
    print("found", dict(collections.Counter(s for s, _, _ in found)), flush=True)
    rnd.shuffle(found); used, docs, queries, held = collections.Counter(), [], [], []
    for s, d, q in found:
        used[s] += 1; q = [x for x in q if len(x) >= 3]
        if used[s] <= HELD_OUT.get(s, 0):
            held.append((s, d, q[:3]))
        elif used[s] <= CAP[s]:
            ids = tok.encode(d, 128)
            if len(ids) >= 6:
                docs.append(ids); queries.append([tok.encode(x, 64) for x in q])
    first = pickle.load(open(a.first, "rb")); docs += first[0]; queries += first[1]
    every = [q for some in queries for q in some]
    flat = lambda seqs: np.concatenate([np.array(s, np.uint16) for s in seqs])
    lengths = lambda seqs: np.array([len(s) for s in seqs], np.uint8)
    np.savez(a.out, docs=flat(docs), doc_lengths=lengths(docs), queries=flat(every), query_lengths=lengths(every),
             queries_per_doc=lengths(queries))
    if a.held_out:
        json.dump(held, open(a.held_out, "w"))
    print(len(docs), "documents,", len(every), "queries,", len(held), "documents held out")


# ---------------------------------------------------------------- model

class Encoder:
    """a frozen BERT of width 384 with 12 heads: fp32 with matrix multiplications in bf16"""

    def __init__(self, path, layers, device):
        graph = onnx.load(path).graph; w = {i.name: torch.tensor(numpy_helper.to_array(i)).to(device) for i in graph.initializer}
        mats = [w[n.input[1]].T.contiguous() for n in graph.node if n.op_type == "MatMul" and n.input[1] in w]
        if len(mats) != 6 * layers:
            raise SystemExit(f"{path} has {len(mats)} weight matrices, not {6 * layers}. Use the fp32 ONNX file of the model.")
        names = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense",
                 "output.dense")
        self.mats = [mats[6 * l:6 * l + 6] for l in range(layers)]
        self.biases = [[w[f"encoder.layer.{l}.{n}.bias"].to(BF16) for n in names] for l in range(layers)]
        self.linear = [[(m.to(BF16), b) for m, b in zip(*pair)] for pair in zip(self.mats, self.biases)]
        self.norms = {k[:-len(".LayerNorm.weight")]: (v, w[k[:-6] + "bias"]) for k, v in w.items() if k.endswith("LayerNorm.weight")}
        self.word = w["embeddings.word_embeddings.weight"]
        self.position = w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0]

    def __call__(self, ids, mask, linear=None):
        """-> last hidden states; linear: matrices and biases to use in place of the encoder's own"""
        B, S = ids.shape; norm = lambda x, name: F.layer_norm(x, (384,), *self.norms[name], 1e-12)
        x, visible = norm(self.word[ids] + self.position[:S], "embeddings"), (mask == 1)[:, None, None]
        for l, w in enumerate(linear or self.linear):
            q, k, v = (F.linear(x.to(BF16), *w[i]).view(B, S, 12, 32).transpose(1, 2) for i in range(3))
            o = F.scaled_dot_product_attention(q, k, v, attn_mask=visible).transpose(1, 2).reshape(B, S, 384)
            x = norm(x + F.linear(o, *w[3]).float(), f"encoder.layer.{l}.attention.output")
            x = norm(x + F.linear(F.gelu(F.linear(x.to(BF16), *w[4])), *w[5]).float(), f"encoder.layer.{l}.output")
        return x


class Sparse(nn.Module):
    """the encoder with LoRA on all layers, and the head"""

    def __init__(self, encoder, rank, piece):
        super().__init__(); self.encoder, self.piece = encoder, piece
        for l, mats in enumerate(encoder.mats):
            for k, m in zip(MATS, mats):
                self.register_parameter(f"lora_a_{l}_{k}", nn.Parameter(torch.randn(rank, m.shape[1]) / math.sqrt(m.shape[1])))
                self.register_parameter(f"lora_b_{l}_{k}", nn.Parameter(torch.zeros(m.shape[0], rank)))
        self.unit, self.norm = F.normalize(encoder.word), encoder.word.norm(dim=1); self.table = self.unit.T.contiguous().to(BF16)
        self.up, self.down = nn.Linear(384, 768), nn.Linear(768, 384)
        self.gain, self.bias, self.own = nn.Parameter(torch.ones(V)), nn.Parameter(torch.full((V,), -2.9)), nn.Parameter(torch.zeros(V))

    def merged(self):
        """the encoder's matrices with the low-rank updates added; computed once per step"""
        update = lambda l, k: getattr(self, f"lora_b_{l}_{k}") @ getattr(self, f"lora_a_{l}_{k}")
        return [[((m + update(l, k)).to(BF16), b) for k, m, b in zip(MATS, self.encoder.mats[l], self.encoder.biases[l])]
                for l in range(len(self.encoder.mats))]

    def hidden(self, ids, mask, linear):
        x = self.encoder(ids, mask, linear); project = lambda t, m: F.linear(t, m.weight.to(BF16), m.bias.to(BF16))
        h = x + project(F.gelu(project(x.to(BF16), self.up)), self.down).float() + self.own[ids][..., None] * self.unit[ids]
        return h * ((mask == 1) & (ids != CLS) & (ids != SEP))[..., None]

    def candidates(self, h, block=64):
        """-> row, term and token position of each maximum above -MARGIN, without autograd; forward computes these again with it"""
        found, S = [], h.shape[1]
        with torch.no_grad():
            bias, h = self.bias.clone(), h.to(BF16); bias[:FIRST_TERM] = -1e4
            for i in range(0, len(h), block):
                v, p = (h[i:i + block].reshape(-1, 384) @ self.table).view(-1, S, V).max(1)
                r, c = (v.float() * self.gain + bias > -MARGIN).nonzero(as_tuple=True); found.append((r + i, c, p[r, c]))
        return (torch.cat(t) for t in zip(*found))

    def forward(self, ids, mask, linear):
        """-> [B, V] term weights; the same weights with a gradient for terms up to MARGIN below the threshold; the sum of weights
        expanded from word pieces, per text"""
        h = self.hidden(ids, mask, linear); B, S = ids.shape; r, c, p = self.candidates(h); zero = torch.zeros(B, V, device=ids.device)
        logit = (h.reshape(-1, 384).index_select(0, r * S + p) * self.unit.index_select(0, c)).sum(-1) * self.gain[c] + self.bias[c]
        y = torch.log1p(F.relu(logit))
        # ReLU has no gradient below 0, so an inactive term could not become active. This value is 0 below the threshold, too, but has
        # the gradient SLOPE. The scores and the floor use it. The penalties do not, because they would push inactive terms further down.
        soft = torch.where(logit > 0, y, SLOPE * (logit - logit.detach()))
        # A piece of a split word ("##ase", or a token that "##..." follows) has a meaning of its own, so its expansions are often
        # unrelated to the word. Their weights are penalized; those of the text's own tokens are not.
        split = self.piece[ids[r, p]] | self.piece[ids[r, (p + 1).clamp(max=S - 1)]]
        own = torch.zeros(B, V, dtype=torch.bool, device=ids.device).scatter_(1, ids, True)
        return zero.index_put((r, c), y), zero.index_put((r, c), soft), (y * (split & ~own[r, c])).sum() / B

    def save(self, path):
        """gain and own are scaled for the word embeddings of the encoder, which are not of unit length"""
        z = {k: v.detach().cpu() for k, v in self.named_parameters()}; n = self.norm.cpu()
        z["gain"], z["own"] = z["gain"] / n, z["own"] / n
        write_weights(path, {k: v.half().numpy() for k, v in z.items()})

    def restore(self, path):
        """updates that the head lacks start at 0"""
        z = {k: torch.tensor(v).float() for k, v in read_weights(path).items()}; n = self.norm.cpu()
        z["gain"], z["own"] = z["gain"] * n, z["own"] * n; unexpected = self.load_state_dict(z, strict=False).unexpected_keys
        if unexpected:
            raise SystemExit(f"{path} contains unknown weights ({unexpected[0]}). Use a head that splade.py or further.py wrote.")


# ---------------------------------------------------------------- training

MARGIN, SLOPE = .3, .2  # terms up to MARGIN below the threshold get a gradient, of this SLOPE
PREFIX = "represent this sentence for searching relevant passages :"  # of the teacher bge-small-en-v1.5, for queries only


def present(lengths, width):
    return (torch.arange(width, device=lengths.device) < lengths[:, None]).long()


class Items:
    """padded token ids of documents and queries, on the device; the queries of document i start at first[i]"""

    def __init__(self, path, documents, device):
        z = np.load(path); put = lambda t: torch.tensor(t, device=device)

        def padded(ids, lengths, width):
            out = np.zeros((len(lengths), width), np.int32); out[np.arange(width) < lengths[:, None]] = ids
            return put(out), put(lengths.astype(np.int64))

        self.docs, self.doc_lengths = padded(z["docs"], z["doc_lengths"], 128)
        self.queries, self.query_lengths = padded(z["queries"], z["query_lengths"], 64)
        self.asked = put(z["queries_per_doc"].astype(np.int64)); self.first = torch.cumsum(self.asked, 0) - self.asked
        if documents < len(self.docs):  # a sample, for trial runs
            keep = put(np.random.default_rng(0).permutation(len(self.docs))[:documents])
            own = torch.cat([torch.arange(f, f + n) for f, n in zip(self.first[keep].tolist(), self.asked[keep].tolist())]).to(device)
            self.docs, self.doc_lengths, self.asked = self.docs[keep], self.doc_lengths[keep], self.asked[keep]
            self.queries, self.query_lengths = self.queries[own], self.query_lengths[own]
            self.first = torch.cumsum(self.asked, 0) - self.asked


def embed(encoder, ids, lengths, pool, prefix=()):
    """dense vectors of unit length"""
    cuda = ids.is_cuda; out = torch.zeros(len(ids), 384, device=ids.device, dtype=torch.float16 if cuda else torch.float32)
    prefix = torch.tensor(prefix, device=ids.device, dtype=torch.long)
    for ix in torch.argsort(lengths).split(1024 if cuda else 32):
        t = ids[ix, :int(lengths[ix].max())].long(); t = torch.cat([t[:, :1], prefix.expand(len(t), -1), t[:, 1:]], 1)
        mask = present(lengths[ix] + len(prefix), t.shape[1])
        with torch.no_grad():
            x = encoder(t, mask)
        x = x[:, 0] if pool == "cls" else (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        out[ix] = F.normalize(x, dim=-1).to(out.dtype)
    return out


def clusters(E, k, rounds):
    E = E.float(); C = E[torch.randperm(len(E), generator=torch.Generator().manual_seed(0))[:k].to(E.device)]
    for _ in range(rounds):
        at = torch.cat([(e @ C.T).argmax(1) for e in E.split(8192)])
        C = F.normalize(torch.zeros(k, E.shape[1], device=E.device).index_add_(0, at, E) + 1e-6 * C)
    return at


def idf_of(n, df):
    return torch.log((n - df + .5) / (df + .5) + 1)


class Statistics:
    """fields (clusters), groups of near neighbors (small clusters) and idf, also per field"""

    def __init__(self, items, vectors):
        N, dev = len(items.docs), items.docs.device; number = lambda n: torch.tensor(float(n), device=dev)

        def df(ix):
            out = torch.zeros(V, device=dev)
            for part in ix.split(4096):
                out += torch.zeros(len(part), V, device=dev).scatter_(1, items.docs[part].long(), 1.).sum(0)
            return out

        self.near, self.field = clusters(vectors, max(2, N // 110), 12), clusters(vectors, max(2, min(60, N // 400)), 20)
        self.fields = int(self.field.max()) + 1
        by_field = torch.stack([df((self.field == f).nonzero()[:, 0]) for f in range(self.fields)])
        self.field_idf = idf_of(torch.bincount(self.field, minlength=self.fields).float()[:, None], by_field)
        self.idf = idf_of(number(N), by_field.sum(0))
        prose = (items.doc_lengths > 70).nonzero()[:, 0]  # short definitions lack function words, whose idf would be too high
        self.rare = torch.minimum(self.idf, idf_of(number(len(prose)), df(prose)))
        self.stop = ((2.5 - self.rare) / 2.5).clamp(0, 1); self.stop[:FIRST_TERM] = 0  # articles, prepositions, punctuation


def batches(field, near, B, groups, rng):
    """-> (field, documents) pairs. Batches consist of groups of near neighbors, which are hard negatives of one another. Three quarters
    of the groups of a field form batches of that field, like a collection. The others are mixed with those of other fields (-1)."""
    per, out, mixed, by = B // groups, [], [], collections.defaultdict(lambda: collections.defaultdict(list))
    for i, (f, n) in enumerate(zip(field, near)):
        by[f][n].append(i)
    join = lambda f, full: [(f, sum(full[i:i + groups], [])) for i in range(0, len(full) - groups + 1, groups)]
    for f in by:
        full, rest = [], []
        for l in by[f].values():
            rng.shuffle(l); n = len(l) // per * per; full += [l[i:i + per] for i in range(0, n, per)]; rest += l[n:]
        rng.shuffle(rest); full += [rest[i:i + per] for i in range(0, len(rest) - per + 1, per)]; rng.shuffle(full)
        cut = len(full) * 3 // 4; mixed += full[cut:]; out += join(f, full[:cut])
    rng.shuffle(mixed); out += join(-1, mixed); rng.shuffle(out)
    return out


def take(ids, lengths, ix, limit):
    """-> token ids and lengths; a longer sequence is truncated, with [SEP] as its last token"""
    n = lengths[ix].clamp(max=limit); width = int(n.max()); t = ids[ix, :width].long() * present(n, width)
    t[torch.arange(len(ix), device=ids.device), n - 1] = SEP
    return t, n


def sample(items, ix, limit):
    """-> documents and two queries for each (token ids, lengths, indices), both sorted by length, and the document of each query"""
    dev, B, asked = ix.device, len(ix), items.asked[ix]; docs, dn = take(items.docs, items.doc_lengths, ix, limit)
    two = torch.argsort(torch.rand(B, 4, device=dev) + (torch.arange(4, device=dev) >= asked[:, None]) * 2, 1)[:, :2]
    two[asked < 2, 1] = two[asked < 2, 0]  # the only query, twice
    qi, y = (items.first[ix][:, None] + two).reshape(-1), torch.arange(B, device=dev).repeat_interleave(2)
    by_length = torch.argsort(items.query_lengths[qi]); qi, y = qi[by_length], y[by_length]
    qs, qn = take(items.queries, items.query_lengths, qi, 64)
    by_length = torch.argsort(dn); place = torch.empty_like(by_length); place[by_length] = torch.arange(B, device=dev)
    return (docs[by_length], dn[by_length], ix[by_length]), (qs, qn, qi), place[y]


def counts(ids, n):
    X = torch.zeros(len(ids), V, device=ids.device).scatter_add_(1, ids, present(n, ids.shape[1]).float()); X[:, [0, CLS, SEP]] = 0
    return X


def vectors(net, ids, n, linear):
    """the network's three results; in two parts, so that short texts are padded less"""
    half = len(ids) // 2; got = []
    for t, m in ((ids[:half], n[:half]), (ids[half:], n[half:])):
        w = int(m.max()); got.append(net(t[:, :w], present(m, w), linear))
    return torch.cat([g[0] for g in got]), torch.cat([g[1] for g in got]), sum(g[2] for g in got) / 2


def rank_loss(S, T, y):
    kl = lambda s, t: F.kl_div(F.log_softmax(s, 1), F.softmax(t, 1), reduction="batchmean")
    return kl(S, T) + 2 * kl(S / 3, T / 3) + .2 * kl(S.T, T.T) + .1 * F.cross_entropy(S, y)


def floor_loss(X, C, rare):
    """lower bound for a text's own rarer terms: .7 sqrt(.3 idf)"""
    own = (C > 0) & (rare > 2.5); own[:, :FIRST_TERM] = False; r, c = own.nonzero(as_tuple=True)
    return (F.relu(.7 * torch.sqrt(.3 * rare[c].clamp(max=9)) - X[r, c]) ** 2).mean()


def optimizer(net):
    groups = dict(body=[], small=[], lora=[])
    for k, v in net.named_parameters():
        groups["lora" if k.startswith("lora") else "small" if k in ("gain", "bias", "own") else "body"].append(v)
    return torch.optim.AdamW([dict(params=v, weight_decay=.01 if k == "body" else 0.) for k, v in groups.items()], betas=(.9, .98))


def train(a):
    torch.manual_seed(a.seed); rng = random.Random(a.seed); torch.backends.cuda.matmul.allow_tf32 = True; start = time.time()
    items, vocab = Items(a.items, a.documents, a.device), Tokenizer(a.tokenizer).vocab
    docs, queries = (items.docs, items.doc_lengths), (items.queries, items.query_lengths)
    minilm, bge = Encoder(a.onnx, 6, a.device), Encoder(a.teacher, 12, a.device); prefix = [vocab[t] for t in PREFIX.split()]
    teachers = ((10, embed(minilm, *docs, "mean"), embed(minilm, *queries, "mean")),
                (25, embed(bge, *docs, "cls"), embed(bge, *queries, "cls", prefix)))
    stats = Statistics(items, teachers[0][1]); rare, field, near = stats.rare, stats.field.tolist(), stats.near.tolist()
    piece = torch.zeros(V, dtype=torch.bool, device=a.device); piece[[i for t, i in vocab.items() if t.startswith("##")]] = True
    net = Sparse(minilm, a.rank, piece); net.restore(a.init); net = net.to(a.device); opt = optimizer(net)
    push = lambda lam, n, target: min(2., max(1e-4, lam * math.exp(.03 * max(-1, min(1, n / target - 1)))))
    active = lambda X: (X > 0).sum(1).float().mean(); lq, ld, order, step = .005, .01, [], 0
    print(f"{len(field)} documents in {stats.fields} fields, prepared in {time.time() - start:.0f}s", flush=True); start = time.time()
    while (done := max((time.time() - start) / a.seconds, step / a.steps)) < 1:
        for g, r in zip(opt.param_groups, (4e-4, 5e-3, 1e-3)):
            g["lr"] = a.lr * r * min(1, (step + 1) / 100) * max(.005, .5 * (1 + math.cos(math.pi * done)))
        order = order or batches(field, near, a.batch, a.groups, rng); f, ix = order.pop()
        (ds, dn, di), (qs, qn, qi), y = sample(items, torch.tensor(ix, device=a.device), 128 if rng.random() < .4 else 80)
        linear = net.merged(); (D, Dsoft, dp), (Q, Qsoft, qp) = vectors(net, ds, dn, linear), vectors(net, qs, qn, linear)
        with torch.no_grad():
            cd, cq = counts(ds, dn), counts(qs, qn); idf = stats.field_idf[f] if f >= 0 else stats.idf
            T = sum(w * (eq[qi].float() @ ed[di].float().T) for w, ed, eq in teachers)
            T = T + .2 * bm25(cq, cd, idf * (rare > 1.5), cd.sum(1).mean())
        rank, floor = rank_loss(Qsoft @ Dsoft.T, T, y), floor_loss(Dsoft, cd, rare) + floor_loss(Qsoft, cq, rare)
        loss = rank + .3 * floor + ld * (D.mean(0) ** 2).sum() + .1 * (Q.mean(0) ** 2).sum() + lq * Q.sum(1).mean() \
            + .05 * (Q @ stats.stop).mean() + .02 * (D @ stats.stop).mean() + a.pieces * (dp + qp)
        opt.zero_grad(); loss.backward(); torch.nn.utils.clip_grad_norm_(net.parameters(), 2.); opt.step()
        with torch.no_grad():
            net.gain.clamp_(min=.05); net.bias.clamp_(max=-.05)
            nd, nq, tokens_d, tokens_q = torch.stack([active(D), active(Q), dn.float().mean(), qn.float().mean()]).tolist()
        ld, lq = push(ld, nd, a.terms_d * (tokens_d / 103) ** .75), push(lq, nq, a.terms_q * (tokens_q / 14) ** .6); step += 1
        if step % 50 == 0 and not math.isfinite(loss.item()):
            raise SystemExit(f"The loss is not finite at step {step}. Lower --lr.")
        if step % 200 == 0 or step in (1, 5, 20):
            print(f"{step} {time.time() - start:.0f}s rank {rank.item():.3f} floor {floor.item():.3f} "
                  f"pieces {dp.item():.1f}/{qp.item():.1f} terms {nq:.0f}/{nd:.0f} lambda {lq:.4f}/{ld:.4f}", flush=True)
    print(step, "steps"); net.save(a.out)


def average(a):
    """the weighted sum of heads; its low-rank updates are of rank --rank again, and updates that a head lacks count as 0"""
    weights = lambda path: {k: v.astype(np.float64) for k, v in read_weights(path).items()}
    heads = [(float(share), weights(path)) for share, path in (h.split("*", 1) for h in a.heads)]
    out = {k: sum(s * z[k] for s, z in heads) for k in heads[0][1] if not k.startswith("lora")}; out["bias"] += a.bias
    for k in sorted({k[len("lora_a"):] for _, z in heads for k in z if k.startswith("lora_a")}):
        U, S, W = np.linalg.svd(sum(s * z["lora_b" + k] @ z["lora_a" + k] for s, z in heads if "lora_a" + k in z), full_matrices=False)
        r = np.sqrt(S[:a.rank]); out["lora_a" + k], out["lora_b" + k] = r[:, None] * W[:a.rank], U[:, :a.rank] * r
    write_weights(a.out, {k: v.astype(np.float16) for k, v in out.items()})


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(required=True)
    for name, fn, required, options in (
            ("prepare", prepare, "tokenizer sources first out", dict(held_out="")),
            ("train", train, "onnx teacher tokenizer items init out", dict(
                device="cuda", seconds=300., steps=10 ** 9, documents=10 ** 9, batch=192, groups=12, rank=32, seed=0,
                terms_q=26., terms_d=120., lr=1., pieces=.01)),
            ("average", average, "out", dict(bias=0., rank=32))):
        s = sub.add_parser(name); s.set_defaults(run=fn)
        for o in required.split():
            s.add_argument("--" + o, required=True)
        for o, default in options.items():
            s.add_argument("--" + o.replace("_", "-"), type=type(default), default=default)
        if name == "average":
            s.add_argument("heads", nargs="+", metavar="SHARE*HEAD")
    args = p.parse_args(); args.run(args)
