/**
 * {@code lucene:DIR}: an embedded index, committed with the job's checkpoints and searchable while
 * the job writes.
 *
 * <p><b>One directory, one machine, one writer.</b> The index is created where the job is
 * submitted. A writer that does not find it there, because its task runs on another machine,
 * refuses to start.
 *
 * <p><b>Exactly once.</b> Each checkpoint makes a Lucene commit, whose name is the writer's state.
 * A restored writer opens that commit; what was committed after it is taken back. The last 10
 * commits are kept: a checkpoint or savepoint older than these cannot be gone on from. A job
 * without earlier state goes on from the newest commit, as does one that sends everything again and
 * does not find its own.
 *
 * <p><b>Order.</b> The index holds each id once, with the version of its last change, and keeps a
 * change that is newer than the one that comes: an older upsert overwrites nothing, in any run. A
 * delete leaves its id and version for 30 days, so that within these an older upsert does not bring
 * the document back either.
 *
 * <p><b>Search is exact.</b> Lucene's feature fields find the candidates; they keep 9 significant
 * bits of a weight, so the exact weights stand beside them, and every score is the dot product of
 * these. The order of hits is that of the exact scores, equal ones by id.
 *
 * <p><b>Other programs</b> can read the index with Lucene 9: ids in {@code id}, weights in {@code
 * vector} for {@code FeatureField.newLinearQuery("vector", "2040", 1f)}. A document that has no
 * {@code id} remembers a deleted one.
 */
package io.github.flinksplade.connector.lucene;
