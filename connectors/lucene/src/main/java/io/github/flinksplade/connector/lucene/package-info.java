/**
 * {@code lucene:DIR}: an embedded Lucene index, committed with the job's checkpoints and searchable
 * while the job writes.
 *
 * <p><b>One directory, one machine, one writer.</b> The index is created where the job is
 * submitted. A writer that does not find it, because its task runs on another machine, fails at its
 * start.
 *
 * <p><b>Exactly once.</b> Each checkpoint creates a Lucene commit, whose name is the state of the
 * writer. A restored writer opens that commit, which rolls back everything that was committed after
 * it. The last 10 commits are kept: a job cannot resume from an older checkpoint or savepoint. A
 * job without state continues with the newest commit, and so does a job with {@code --reindex} if
 * its own commit is missing.
 *
 * <p><b>Order.</b> The index contains each id once, with the version of its last change. An older
 * upsert does not overwrite a newer change, in any run. A delete leaves a tombstone with its
 * version for 30 days, so an older upsert does not restore the document in that time either.
 *
 * <p><b>Search is exact.</b> Lucene's feature fields find the candidates. They keep 9 significant
 * bits of a weight, so the exact weights are stored next to them, and every score is the dot
 * product of these. Hits are ordered by their exact scores, equal scores by id.
 *
 * <p><b>Filters and words.</b> Each value of the fields is a term of {@code field_values}. With
 * {@code bm25=english} or {@code standard} the words of the texts are indexed in {@code words}; the
 * choice is in the user data of the commits, so that queries are analyzed like the texts.
 *
 * <p><b>Library.</b> The index is written and read with Lucene itself, version 9, because Lucene 10
 * requires Java 21. Other programs can read it with Lucene 9: ids in {@code id}, weights in {@code
 * vector} for {@code FeatureField.newLinearQuery("vector", "2040", 1f)}. A document without {@code
 * id} is a tombstone.
 */
package io.github.flinksplade.connector.lucene;
