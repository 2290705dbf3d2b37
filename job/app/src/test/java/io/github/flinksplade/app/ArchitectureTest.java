package io.github.flinksplade.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

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

/** Who may know whom; docs/architecture.md has the picture. */
class ArchitectureTest {

    private static final String HOUSE = "io.github.flinksplade.";
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
                    "app.Main"
                }) {
            Assertions.assertThat(classes.contain(HOUSE + part)).as(part).isTrue();
        }
    }

    @Test
    void encoderKnowsNeitherFlinkNorTheRestOfTheHouse() {
        forbid("encoder..", "org.apache.flink..", HOUSE + "connector..", HOUSE + "pipeline..");
        forbid("encoder..", HOUSE + "app..", HOUSE + "builtin..");
    }

    @Test
    void vectorDependsOnTheJdkAndAJsonWriterOnly() {
        classes()
                .that()
                .resideInAPackage(HOUSE + "vector..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "com.fasterxml.jackson.core..", HOUSE + "vector..")
                .check(classes);
    }

    @Test
    void environmentDependsOnTheJdkOnly() {
        classes()
                .that()
                .resideInAPackage(HOUSE + "environment..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", HOUSE + "environment..")
                .check(classes);
    }

    @Test
    void builtinModelKnowsTheEncoderOnly() {
        forbid("builtin..", "org.apache.flink..", HOUSE + "connector..", HOUSE + "pipeline..");
        forbid("builtin..", HOUSE + "app..");
    }

    @Test
    void nothingButTheCommandLineKnowsTheBenchmarks() {
        forbid("encoder..", HOUSE + "bench..");
        forbid("builtin..", HOUSE + "bench..");
        forbid("pipeline..", HOUSE + "bench..");
        forbid("connector..", HOUSE + "bench..");
        forbid("bench..", HOUSE + "app..");
    }

    @Test
    void benchmarksNameNoConnector() {
        forbid("bench..", HOUSE + "connector.*..", HOUSE + "builtin..");
    }

    @Test
    void connectorsKnowNeitherEncoderNorPipeline() {
        forbid("connector..", HOUSE + "encoder..", HOUSE + "pipeline..", HOUSE + "app..");
    }

    @Test
    void apiKnowsNoConnector() {
        forbid("connector", HOUSE + "connector.*..");
    }

    @Test
    void connectorsDoNotKnowEachOther() {
        SlicesRuleDefinition.slices()
                .matching(HOUSE + "connector.(*)..")
                .should()
                .notDependOnEachOther()
                // the client that they share
                .ignoreDependency(
                        JavaClass.Predicates.resideInAPackage(HOUSE + "connector.."),
                        JavaClass.Predicates.resideInAPackage(HOUSE + "connector.http"))
                .check(classes);
    }

    @Test
    void pipelineNamesNoConnector() {
        forbid("pipeline..", HOUSE + "connector.*..", HOUSE + "app..", HOUSE + "builtin..");
    }

    @Test
    void packagesOfTheAppHaveNoCycles() {
        SlicesRuleDefinition.slices()
                .matching(HOUSE + "app.(*)..")
                .should()
                .beFreeOfCycles()
                .check(classes);
        // nor by way of the main classes, which are in no slice
        forbid("app.*..", HOUSE + "app");
    }

    @Test
    void internalsStayInside() {
        for (String module : new String[] {"builtin", "pipeline"}) {
            noClasses()
                    .that()
                    .resideOutsideOfPackage(HOUSE + module + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage(HOUSE + module + ".internal..")
                    .check(classes);
        }
    }

    @Test
    void otherModulesUseOnlyThePublicPackageOfTheEncoder() {
        noClasses()
                .that()
                .resideOutsideOfPackages(HOUSE + "encoder..", HOUSE + "bench..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(HOUSE + "encoder.*..")
                .check(classes);
    }

    /** The benchmarks measure inference alone, so they call the engine directly. */
    @Test
    void benchmarksUseThePublicPackageAndTheEngineOfTheEncoder() {
        noClasses()
                .that()
                .resideInAPackage(HOUSE + "bench..")
                .should()
                .dependOnClassesThat(
                        JavaClass.Predicates.resideInAPackage(HOUSE + "encoder.*..")
                                .and(
                                        JavaClass.Predicates.resideOutsideOfPackage(
                                                HOUSE + "encoder.engine")))
                .check(classes);
    }

    /**
     * The public package has two layers: types such as options and exceptions that all packages
     * below use, and the entry points, which use all of them.
     */
    @Test
    void packagesOfTheEncoderAreFreeOfCycles() {
        Set<String> entryPoints =
                Set.of("SpladeEncoder", "ModelStore", "MicroBatcher", "BatchPlanner");
        SlicesRuleDefinition.slices()
                .assignedFrom(
                        new SliceAssignment() {
                            @Override
                            public SliceIdentifier getIdentifierOf(JavaClass type) {
                                String name = type.getPackageName();
                                if (!(name + ".").startsWith(HOUSE + "encoder.")) {
                                    return SliceIdentifier.ignore();
                                }
                                if (!name.equals(HOUSE + "encoder")) {
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

    private static void forbid(String from, String... to) {
        ArchRule rule =
                noClasses()
                        .that()
                        .resideInAPackage(HOUSE + from)
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(to);
        rule.check(classes);
    }
}
