"""Writes the fixture of TrecEvalTest: random runs with ties, and the values of trec_eval for them.

pip install pytrec-eval-terrier   # trec_eval itself, as a Python module
python trec_eval_fixture.py ../resources/io/github/flinksplade/evaluation
"""

import random
import sys

import pytrec_eval

folder = sys.argv[1]
rng = random.Random(7)
ids = [f"d{i}" for i in range(60)] + ["\u00e9t\u00e9", "\uffee", "\U0001f600", "Z", "a-1", "10", "9"]
measures = {
    "ndcg_cut.5,10,100",
    "ndcg",
    "recip_rank",
    "map",
    "map_cut.5",
    "recall.5,100,1000",
    "P.5,10",
}
qrels, run = {}, {}
for q in range(40):
    query = f"q{q}"
    judged = rng.sample(ids, rng.randint(1, 30))
    qrels[query] = {d: rng.choice([-1, 0, 0, 1, 1, 2, 3]) for d in judged}
    if q % 10 == 3:  # no relevant document
        qrels[query] = {d: rng.choice([-1, 0]) for d in judged}
    if q % 10 == 7:  # not in the run
        continue
    found = rng.sample(ids, rng.randint(1, len(ids)))
    # few different scores, so that many are equal; some differ only beyond 32-bit floats
    run[query] = {
        d: rng.choice([3.0, 2.5, 2.5 + 1e-9, 1.0, 0.25, -1.0, rng.random()]) for d in found
    }
run["unjudged"] = {"d1": 1.0}

with open(f"{folder}/qrels.txt", "w", encoding="utf-8") as out:
    for query, grades in qrels.items():
        for document, grade in grades.items():
            out.write(f"{query} 0 {document} {grade}\n")
with open(f"{folder}/run.trec", "w", encoding="utf-8") as out:
    for query, scores in run.items():
        # the ranks are wrong on purpose: trec_eval ignores them
        for rank, (document, score) in enumerate(scores.items(), 1):
            out.write(f"{query} Q0 {document} {rank} {score!r} random\n")

names = {
    "nDCG@5": "ndcg_cut_5",
    "nDCG@10": "ndcg_cut_10",
    "nDCG@100": "ndcg_cut_100",
    "nDCG": "ndcg",
    "MRR": "recip_rank",
    "MAP": "map",
    "MAP@5": "map_cut_5",
    "Recall@5": "recall_5",
    "Recall@100": "recall_100",
    "Recall@1000": "recall_1000",
    "P@5": "P_5",
    "P@10": "P_10",
}
values = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
with open(f"{folder}/expected.tsv", "w", encoding="utf-8") as out:
    for query, of_query in values.items():
        if not any(grade > 0 for grade in qrels[query].values()):
            continue
        for name, measure in names.items():
            out.write(f"{query}\t{name}\t{of_query[measure]:.10f}\n")
        # recip_rank of the first ten documents, which is trec_eval -M 10
        reciprocal = of_query["recip_rank"]
        out.write(f"{query}\tMRR@10\t{reciprocal if reciprocal > 0.0999 else 0:.10f}\n")
