package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.ModelMetadata.QuerySide;
import io.github.flinksplade.encoder.SpladeEncoder.Side;
import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.encoder.lookup.TokenWeightEngine;
import io.github.flinksplade.encoder.lookup.TokenWeights;
import io.github.flinksplade.encoder.model.ModelDigests;
import io.github.flinksplade.encoder.onnxruntime.EngineFactory;
import io.github.flinksplade.encoder.onnxruntime.EngineFactory.OpenModel;
import io.github.flinksplade.encoder.tokenizer.ModelTokenizer;
import io.github.flinksplade.encoder.tokenizer.TokenizerFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Opens the sides of a model that are requested: the model itself, and what encodes queries if that
 * is a table of weights or another model.
 */
final class ModelOpener {

    private final ModelFiles files;
    private final EncoderOptions options;
    private final Set<Role> roles;
    private final Progress progress;
    private final Path cache;
    private final TokenizerFile tokenizer;
    private final Optional<QuerySide> querySide;

    private ModelOpener(
            ModelFiles files, EncoderOptions options, Set<Role> roles, Progress progress) {
        if (roles.isEmpty()) {
            throw new IllegalArgumentException("a model is opened for at least one role");
        }
        this.files = files;
        this.options = options;
        this.roles = roles;
        this.progress = progress;
        this.cache = ModelStore.cache(options);
        this.tokenizer = TokenizerFile.read(files.tokenizer());
        this.querySide =
                options.queryModel() == null
                        ? files.metadata().query()
                        : Optional.of(queryModel(options, progress));
    }

    private static QuerySide queryModel(EncoderOptions options, Progress progress) {
        ModelFiles model =
                ModelStore.resolve(
                        options.queryModel(), options.toBuilder().sha256(null).build(), progress);
        return model.metadata().query().orElse(new QuerySide.Model(model));
    }

    /**
     * @throws ModelException if the model cannot be used
     */
    static SpladeEncoder open(
            ModelFiles files, EncoderOptions options, Set<Role> roles, Progress progress) {
        return new ModelOpener(files, options, roles, progress).open();
    }

    private void warn(String message) {
        progress.warn(message);
    }

    /** A side of the model, and what {@link ModelInfo} has of it. */
    private record OpenSide(
            String architecture,
            String precision,
            String device,
            String graph,
            Map<Role, Integer> tokens,
            Side side) {

        static OpenSide of(OpenModel model) {
            return new OpenSide(
                    model.architecture(),
                    model.precision(),
                    model.device(),
                    model.graph(),
                    model.tokens(),
                    new Side(model.tokenizer(), model.engine()));
        }
    }

    private SpladeEncoder open() {
        Set<Role> own = EnumSet.copyOf(roles);
        boolean hasQuerySide = querySide.isPresent() && own.remove(Role.QUERY);
        List<OpenSide> open = new ArrayList<>();
        Map<Role, Side> sides = new EnumMap<>(Role.class);
        try {
            if (!own.isEmpty()) {
                OpenSide side = OpenSide.of(open(files, own, tokenizer));
                open.add(side);
                own.forEach(role -> sides.put(role, side.side()));
            }
            if (hasQuerySide) {
                OpenSide side = openQuerySide();
                open.add(side);
                sides.put(Role.QUERY, side.side());
            }
            return new SpladeEncoder(info(open), sides, options);
        } catch (RuntimeException | Error e) {
            open.forEach(side -> side.side().close());
            throw e;
        }
    }

    private OpenModel open(ModelFiles model, Set<Role> modelRoles, TokenizerFile modelTokenizer) {
        return EngineFactory.open(
                model,
                ModelStore.inPrecision(model, options, progress).graph(),
                options,
                modelRoles,
                cache,
                modelTokenizer,
                this::warn);
    }

    private OpenSide openQuerySide() {
        QuerySide side = querySide.orElseThrow();
        if (side instanceof QuerySide.Model other) {
            TokenizerFile queryTokenizer = queryTokenizer(other.files().tokenizer());
            return OpenSide.of(open(other.files(), EnumSet.of(Role.QUERY), queryTokenizer));
        }
        QuerySide.TokenWeights table = (QuerySide.TokenWeights) side;
        return openTable(table, queryTokenizer(table.tokenizer()));
    }

    private OpenSide openTable(QuerySide.TokenWeights table, TokenizerFile queryTokenizer) {
        Engine engine =
                new TokenWeightEngine(
                        TokenWeights.read(table.weights(), queryTokenizer, this::warn));
        int limit = EngineFactory.lookupTokens(options, files);
        return new OpenSide(
                "",
                "fp32",
                "cpu",
                "token weights",
                Map.of(Role.QUERY, limit),
                new Side(
                        ModelTokenizer.open(queryTokenizer)
                                .forLookup(
                                        limit,
                                        files.metadata().prompts(),
                                        table.withSpecialTokens()),
                        engine));
    }

    /**
     * Reads the tokenizer of the query side.
     *
     * @throws ModelException if it has other terms than that of the documents
     */
    private TokenizerFile queryTokenizer(Path path) {
        if (path.equals(files.tokenizer())) {
            tokenizer.warnings().forEach(this::warn);
            return tokenizer;
        }
        TokenizerFile query = TokenizerFile.read(path);
        query.warnings().forEach(this::warn);
        String difference = "";
        for (int id = 0; id < Math.max(query.size(), tokenizer.size()); id++) {
            if (!query.term(id).equals(tokenizer.term(id))) {
                difference =
                        "the term "
                                + id
                                + " is '"
                                + tokenizer.term(id)
                                + "' for documents, but '"
                                + query.term(id)
                                + "' for queries";
                break;
            }
        }
        if (query.size() != tokenizer.size()) {
            difference =
                    "there are "
                            + tokenizer.size()
                            + " terms for documents, but "
                            + query.size()
                            + " for queries";
        }
        if (!difference.isEmpty()) {
            throw new ModelException(
                    "the vocabularies of "
                            + files.tokenizer()
                            + " and "
                            + path
                            + " differ: "
                            + difference
                            + "; documents and queries need the same one");
        }
        return query;
    }

    private ModelInfo info(List<OpenSide> open) {
        OpenSide first = open.get(0);
        return new ModelInfo(
                files.name(),
                files.sha256(),
                tokenizer.sha256(files.tokenizerSha256()),
                first.architecture(),
                files.metadata().formula(),
                querySide.map(this::describe).orElse(""),
                first.precision(),
                first.side().tokenizer().vocabularySize(),
                tokens(open, Role.DOCUMENT),
                tokens(open, Role.QUERY),
                first.device(),
                first.graph(),
                files.metadata().notes());
    }

    private int tokens(List<OpenSide> open, Role role) {
        return open.stream()
                .flatMap(side -> Optional.ofNullable(side.tokens().get(role)).stream())
                .findFirst()
                .orElseGet(() -> EngineFactory.requestedTokens(options, files, role));
    }

    private String describe(QuerySide side) {
        if (side instanceof QuerySide.Model other) {
            return "the model "
                    + other.files().name()
                    + " (SHA-256 "
                    + other.files().sha256()
                    + "), "
                    + other.files().metadata().formula();
        }
        Path weights = ((QuerySide.TokenWeights) side).weights();
        return "token weights of "
                + weights.getFileName()
                + " (SHA-256 "
                + new ModelDigests(cache, true, progress).file(weights)
                + ")";
    }
}
