package io.github.flinksplade.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.Set;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The dependencies between modules; docs/architecture.md has a diagram. */
class ArchitectureTest {

    private static final String ROOT = "io.github.flinksplade.";
    private static JavaClasses classes;

    @BeforeAll
    static void read() {
        classes =
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .withImportOption(location -> !location.contains("-tests.jar"))
                        .importPackages("io.github.flinksplade");
        for (String part :
                new String[] {
                    "vector.SparseVector",
                    "environment.HomeDirectory",
                    "encoder.SpladeEncoder",
                    "builtin.BuiltinModelProvider",
                    "bench.EncodeBenchmark",
                    "pipeline.SpladeJob",
                    "connector.Connector",
                    "connector.kafka.KafkaConnector",
                    "connector.files.FilesConnector",
                    "connector.lucene.LuceneConnector",
                    "connector.opensearch.OpenSearchConnector",
                    "connector.qdrant.QdrantConnector",
                    "connector.solr.SolrConnector",
                    "connector.pinecone.PineconeConnector",
                    "search.Searcher",
                    "serve.SpladeServer",
                    "evaluation.Evaluator",
                    "app.Main"
                }) {
            Assertions.assertThat(classes.contain(ROOT + part)).as(part).isTrue();
        }
    }

    @Test
    void encoderDependsOnNeitherFlinkNorOtherModules() {
        forbid("encoder..", "org.apache.flink..", ROOT + "connector..", ROOT + "pipeline..");
        forbid("encoder..", ROOT + "app..", ROOT + "builtin..");
    }

    @Test
    void vectorDependsOnTheJdkAndAJsonWriterOnly() {
        classes()
                .that()
                .resideInAPackage(ROOT + "vector..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "com.fasterxml.jackson.core..", ROOT + "vector..")
                .check(classes);
    }

    @Test
    void environmentDependsOnTheJdkOnly() {
        classes()
                .that()
                .resideInAPackage(ROOT + "environment..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", ROOT + "environment..")
                .check(classes);
    }

    @Test
    void builtinModelDependsOnTheEncoderOnly() {
        forbid("builtin..", "org.apache.flink..", ROOT + "connector..", ROOT + "pipeline..");
        forbid("builtin..", ROOT + "app..");
    }

    @Test
    void onlyTheAppDependsOnBenchmarks() {
        forbid("encoder..", ROOT + "bench..");
        forbid("builtin..", ROOT + "bench..");
        forbid("pipeline..", ROOT + "bench..");
        forbid("connector..", ROOT + "bench..");
        forbid("bench..", ROOT + "app..");
    }

    @Test
    void benchmarksDependOnNoConnector() {
        forbid("bench..", ROOT + "connector.*..", ROOT + "builtin..");
    }

    @Test
    void connectorsDependOnNeitherEncoderNorPipeline() {
        forbid("connector..", ROOT + "encoder..", ROOT + "pipeline..", ROOT + "app..");
    }

    @Test
    void apiDependsOnNoConnector() {
        forbidConnectors("connector");
    }

    @Test
    void jsonDependsOnNothingElseOfTheProject() {
        forbid("connector.json", ROOT + "connector", ROOT + "connector.http");
    }

    @Test
    void connectorsDoNotDependOnEachOther() {
        SlicesRuleDefinition.slices()
                .matching(ROOT + "connector.(*)..")
                .should()
                .notDependOnEachOther()
                // what they share: the HTTP client, and JSON
                .ignoreDependency(
                        JavaClass.Predicates.resideInAPackage(ROOT + "connector.."),
                        JavaClass.Predicates.resideInAnyPackage(
                                ROOT + "connector.http", ROOT + "connector.json"))
                .check(classes);
    }

    @Test
    void pipelineDependsOnNoConnector() {
        forbidConnectors("pipeline..");
        forbid("pipeline..", ROOT + "app..", ROOT + "builtin..");
    }

    @Test
    void searchDependsOnEncoderAndConnectorApiOnly() {
        forbidConnectors("search..");
        forbid("search..", ROOT + "app..", ROOT + "pipeline..", ROOT + "bench..");
        forbid("search..", ROOT + "builtin..");
    }

    @Test
    void serveDependsOnSearchEncoderAndConnectorApiOnly() {
        forbidConnectors("serve..");
        forbid("serve..", ROOT + "app..", ROOT + "pipeline..", ROOT + "bench..");
        forbid("serve..", ROOT + "builtin..", "org.apache.flink..");
        forbid("search..", ROOT + "serve..");
    }

    @Test
    void evaluationDependsOnSearchAndConnectorApiOnly() {
        forbidConnectors("evaluation..");
        forbid("evaluation..", ROOT + "app..", ROOT + "pipeline..", ROOT + "bench..");
        forbid("evaluation..", ROOT + "builtin..");
        forbid("search..", ROOT + "evaluation..");
    }

    @Test
    void packagesOfTheAppHaveNoCycles() {
        SlicesRuleDefinition.slices()
                .matching(ROOT + "app.(*)..")
                .should()
                .beFreeOfCycles()
                .check(classes);
        // nor by way of the main classes, which are in no slice
        forbid("app.*..", ROOT + "app");
    }

    @Test
    void internalPackagesAreUsedInsideTheirModuleOnly() {
        for (String module : new String[] {"builtin", "pipeline"}) {
            noClasses()
                    .that()
                    .resideOutsideOfPackage(ROOT + module + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage(ROOT + module + ".internal..")
                    .check(classes);
        }
    }

    @Test
    void otherModulesUseOnlyThePublicPackageOfTheEncoder() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + "encoder..", ROOT + "bench..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(ROOT + "encoder.*..")
                .check(classes);
    }

    /** The benchmarks measure inference alone, so they call the engine directly. */
    @Test
    void benchmarksUseThePublicPackageAndTheEngineOfTheEncoder() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + "bench..")
                .should()
                .dependOnClassesThat(
                        JavaClass.Predicates.resideInAPackage(ROOT + "encoder.*..")
                                .and(
                                        JavaClass.Predicates.resideOutsideOfPackage(
                                                ROOT + "encoder.engine")))
                .check(classes);
    }

    /**
     * The public package has two layers: types such as options and exceptions that all packages
     * below use, and the entry points, which use all of them.
     */
    @Test
    void packagesOfTheEncoderAreFreeOfCycles() {
        Set<String> entryPoints =
                Set.of(
                        "SpladeEncoder",
                        "ModelOpener",
                        "ModelStore",
                        "MicroBatcher",
                        "BatchPlanner");
        SlicesRuleDefinition.slices()
                .assignedFrom(
                        new SliceAssignment() {
                            @Override
                            public SliceIdentifier getIdentifierOf(JavaClass type) {
                                String name = type.getPackageName();
                                if (!(name + ".").startsWith(ROOT + "encoder.")) {
                                    return SliceIdentifier.ignore();
                                }
                                if (!name.equals(ROOT + "encoder")) {
                                    return SliceIdentifier.of(name);
                                }
                                JavaClass outermost = type;
                                while (outermost.getEnclosingClass().isPresent()) {
                                    outermost = outermost.getEnclosingClass().get();
                                }
                                return SliceIdentifier.of(
                                        entryPoints.contains(outermost.getSimpleName())
                                                ? "entry points"
                                                : name);
                            }

                            @Override
                            public String getDescription() {
                                return "packages of the encoder, its entry points apart";
                            }
                        })
                .should()
                .beFreeOfCycles()
                .check(classes);
    }

    private static void forbidConnectors(String from) {
        noClasses()
                .that()
                .resideInAPackage(ROOT + from)
                .should()
                .dependOnClassesThat(
                        JavaClass.Predicates.resideInAPackage(ROOT + "connector.*..")
                                .and(
                                        DescribedPredicate.not(
                                                JavaClass.Predicates.resideInAPackage(
                                                        ROOT + "connector.json"))))
                .check(classes);
    }

    private static void forbid(String from, String... to) {
        ArchRule rule =
                noClasses()
                        .that()
                        .resideInAPackage(ROOT + from)
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(to);
        rule.check(classes);
    }
}
