/**
 * Measures the quality of rankings as TREC's {@code trec_eval} does, and what they cost.
 *
 * <p>{@link io.github.flinksplade.evaluation.Qrels} are relevance judgments, a {@link
 * io.github.flinksplade.evaluation.Run} is a ranking per query, and a {@link
 * io.github.flinksplade.evaluation.Metric} turns the two into a number per query. {@link
 * io.github.flinksplade.evaluation.Evaluator} creates the run of a {@link
 * io.github.flinksplade.evaluation.Ranker}: {@link io.github.flinksplade.evaluation.SparseRanker}
 * searches an index of sparse vectors, {@link io.github.flinksplade.evaluation.Bm25} is the
 * baseline. {@link io.github.flinksplade.evaluation.RandomizationTest} compares two of them. {@link
 * io.github.flinksplade.evaluation.EvaluationReport} are all of it, and are written as text, as
 * JSON and as a page of HTML.
 */
package io.github.flinksplade.evaluation;
