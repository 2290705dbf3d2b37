package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.ChangeDetectorState.Content;
import io.github.flinksplade.pipeline.internal.ChangeDetectorState.Versioning;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The decision table of the change detector.
 *
 * <ul>
 *   <li>Contents: {@code x} and {@code y} are documents with these texts, {@code x+p} is {@code x}
 *       with another field.
 *   <li>Versions: {@code @5} is explicit, {@code ~100} is generated, and {@code ?100} is generated
 *       for a delete whose id has no kind of versions yet. The clock is at 1,000.
 * </ul>
 */
class ChangeRulesTest {

    private static final long NOW = 1_000;
    private static final long ENCODER = 1;
    private static final long OTHER_ENCODER = 2;
    private static final long SEQUENCE = 7;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            useHeadersInDisplayName = true,
            textBlock =
                    """
                    LAST STATE          | DOCUMENT   | OPTION     | DECISION         | REASON                 | NEXT STATE
                    # unknown ids
                    -                   | x          | -          | encode           | changed                | x~1000
                    -                   | x@5        | -          | encode           | changed                | x@5
                    -                   | x          | no-vectors | encode           | changed                | x~1000 no-vector
                    -                   | delete     | -          | delete           | unknown deleted        | deleted?1000
                    -                   | delete@5   | -          | delete           | unknown deleted        | deleted@5
                    # generated versions
                    x~100               | x          | -          | skip             | -                      | -
                    x~100               | y          | -          | encode           | changed                | y~1000
                    x~2000              | y          | -          | encode           | changed                | y~2001
                    x~100               | x+p        | -          | reuse            | fields changed         | x+p~1000
                    x~100 no-vector     | x+p        | -          | encode           | changed                | x+p~1000
                    x~100               | x+p        | no-vectors | encode           | changed                | x+p~1000 no-vector
                    x~100               | x+p        | no-skip    | encode           | changed                | x+p~1000
                    x~100               | delete     | -          | delete           | changed                | deleted~1000
                    deleted~100         | delete     | -          | skip             | -                      | -
                    deleted~100         | x          | -          | encode           | changed                | x~1000
                    deleted?100         | delete     | -          | skip             | -                      | -
                    deleted?100         | x          | -          | encode           | changed                | x~1000
                    # explicit versions
                    x@5                 | x@4        | -          | superseded       | -                      | -
                    x@5                 | y@4        | -          | superseded       | -                      | -
                    x@5                 | delete@4   | -          | superseded       | -                      | -
                    x@5                 | x@5        | -          | skip             | -                      | -
                    x@5                 | x@9        | -          | skip             | -                      | x@9
                    x@5                 | y@5        | -          | equal version 5  | -                      | -
                    x@5                 | x+p@5      | -          | equal version 5  | -                      | -
                    x@5                 | y@6        | -          | encode           | changed                | y@6
                    x@5                 | x+p@6      | -          | reuse            | fields changed         | x+p@6
                    x@5                 | delete@5   | -          | delete           | changed                | deleted@5
                    x@5                 | delete@6   | -          | delete           | changed                | deleted@6
                    x@5                 | delete     | -          | delete           | changed                | deleted@5
                    deleted@5           | delete     | -          | skip             | -                      | -
                    deleted@5           | delete@5   | -          | skip             | -                      | -
                    deleted@5           | delete@9   | -          | skip             | -                      | deleted@9
                    deleted@5           | x@4        | -          | superseded       | -                      | -
                    deleted@5           | x@5        | -          | superseded       | -                      | -
                    deleted@5           | x@6        | -          | encode           | changed                | x@6
                    # deletes before the first version of an id
                    deleted?100         | x@5        | -          | encode           | changed                | x@5
                    deleted?100         | delete@5   | -          | skip             | -                      | deleted@5
                    # explicit and generated versions of one id
                    x~100               | x@5        | -          | mixed versions   | -                      | -
                    x~100               | delete@5   | -          | mixed versions   | -                      | -
                    deleted~100         | x@5        | -          | mixed versions   | -                      | -
                    x@5                 | x          | -          | mixed versions   | -                      | -
                    deleted@5           | y          | -          | mixed versions   | -                      | -
                    # another encoder
                    x~100 other-encoder | x          | -          | encode           | reindexed              | x~1000
                    x~100 other-encoder | x+p        | -          | encode           | changed                | x+p~1000
                    x@5 other-encoder   | x@5        | -          | encode           | reindexed, same version | x@5
                    x@5 other-encoder   | x@9        | -          | encode           | reindexed              | x@9
                    x@5 other-encoder   | x@4        | -          | superseded       | -                      | -
                    deleted~100 other-encoder | delete | -        | skip             | -                      | -
                    # a new sink, and one that is removed
                    x~100 new-sink      | x          | -          | reuse            | reindexed, same version | x~100
                    x~100 new-sink no-vector | x     | -          | encode           | reindexed, same version | x~100
                    x@5 new-sink        | x@9        | -          | reuse            | reindexed              | x@9
                    x@5 new-sink        | y@5        | -          | equal version 5  | -                      | -
                    deleted~100 new-sink | delete    | -          | delete           | reindexed, same version | deleted~100
                    x~100 removed-sink  | x          | -          | skip             | -                      | -
                    # options and replays
                    x~100               | x          | reindex    | reuse            | reindexed, same version | x~100
                    x~100               | y          | reindex    | encode           | changed                | y~1000
                    deleted~100         | delete     | reindex    | delete           | reindexed, same version | deleted~100
                    x@5                 | y@5        | reindex    | equal version 5  | -                      | -
                    x~100               | x          | no-skip    | encode           | reindexed, same version | x~100
                    x~100               | x replayed | -          | encode           | reindexed, same version | x~100
                    x~100               | x+p replayed | -        | encode           | changed                | x+p~1000
                    x@5                 | x@4 replayed | -        | superseded       | -                      | -
                    """)
    void decides(
            String last,
            String document,
            String option,
            String decision,
            String reason,
            String next) {
        ChangeDetectorState state = last == null ? null : state(last);
        Document incoming = document(document);
        Decision decided =
                new ChangeRules(options(option), ENCODER, Hashes.ofNames(List.of("a", "b")))
                        .decide(state, incoming, NOW);
        assertThat(describe(decided)).isEqualTo(decision);
        if (decided instanceof Decision.Emit emit) {
            assertThat(reason(emit)).isEqualTo(reason);
            assertThat(describe(emit.next())).isEqualTo(next);
            assertThat(emit.next().fingerprint()).isEqualTo(ENCODER);
            assertThat(emit.next().sinks()).isEqualTo(Hashes.ofNames(List.of("a", "b")));
            assertThat(emit.next().sequence()).isEqualTo(state == null ? 1 : SEQUENCE + 1);
            assertThat(emit.change().document()).isSameAs(incoming);
            assertThat(emit.change().sequence()).isEqualTo(emit.next().sequence());
            assertThat(emit.change().version()).isEqualTo(emit.next().version());
            assertThat(emit.change().explicit())
                    .isEqualTo(emit.next().versioning() == Versioning.EXPLICIT);
            assertThat(emit.change().textHash())
                    .isEqualTo(incoming.isDelete() ? null : Hashes.of(incoming.text()));
        } else {
            assertThat(reason).isNull();
            ChangeDetectorState skipped =
                    decided instanceof Decision.Skip skip ? skip.next() : null;
            assertThat(skipped == null ? null : describe(skipped)).isEqualTo(next);
        }
    }

    private static PipelineOptions options(String option) {
        PipelineOptions.Builder builder = PipelineOptions.builder();
        if (option == null) {
            return builder.build();
        }
        return switch (option) {
            case "reindex" -> builder.reindex(true).build();
            case "no-skip" -> builder.skipUnchanged(false).build();
            case "no-vectors" -> builder.keepVectors(false).build();
            default -> throw new IllegalArgumentException(option);
        };
    }

    private static Document document(String text) {
        String content = text.replaceFirst("[@ ].*", "");
        String version = text.contains("@") ? text.replaceFirst(".*@(\\d+).*", "$1") : null;
        Long number = version == null ? null : Long.valueOf(version);
        Document document =
                switch (content) {
                    case "delete" -> Documents.delete("id", number);
                    case "x+p" -> Documents.upsert("id", "x", "{\"p\":1}", number);
                    default -> Documents.upsert("id", content, "{}", number);
                };
        return text.endsWith(" replayed") ? Documents.replayed(document) : document;
    }

    private static ChangeDetectorState state(String text) {
        String content = text.replaceFirst("[@~?].*", "");
        long version = Long.parseLong(text.replaceFirst(".*[@~?](\\d+).*", "$1"));
        return new ChangeDetectorState(
                text.contains("@")
                        ? Versioning.EXPLICIT
                        : text.contains("~") ? Versioning.GENERATED : Versioning.UNDECIDED,
                version,
                content.equals("deleted") ? null : Content.of(document(content)),
                SEQUENCE,
                !content.equals("deleted") && !text.contains("no-vector"),
                text.contains("other-encoder") ? OTHER_ENCODER : ENCODER,
                Hashes.ofNames(
                        text.contains("new-sink")
                                ? List.of("a")
                                : text.contains("removed-sink")
                                        ? List.of("a", "b", "c")
                                        : List.of("a", "b")),
                null);
    }

    private static String describe(Decision decision) {
        if (decision instanceof Decision.Emit emit) {
            return switch (emit.change().work()) {
                case ENCODE -> "encode";
                case REUSE -> "reuse";
                case NONE -> "delete";
            };
        }
        if (decision instanceof Decision.DropEqualVersion drop) {
            return "equal version " + drop.version();
        }
        return decision instanceof Decision.Skip
                ? "skip"
                : decision instanceof Decision.DropSuperseded ? "superseded" : "mixed versions";
    }

    private static String reason(Decision.Emit emit) {
        return emit.reason().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                + (emit.change().repeatsVersion() ? ", same version" : "");
    }

    private static String describe(ChangeDetectorState state) {
        String content = "deleted";
        for (String candidate : List.of("x", "y", "x+p")) {
            if (Content.of(document(candidate)).isSame(state.content())) {
                content = candidate;
            }
        }
        String kind =
                switch (state.versioning()) {
                    case EXPLICIT -> "@";
                    case GENERATED -> "~";
                    case UNDECIDED -> "?";
                };
        boolean missesVector = !state.isDeleted() && !state.vectorStored();
        return content + kind + state.version() + (missesVector ? " no-vector" : "");
    }
}
