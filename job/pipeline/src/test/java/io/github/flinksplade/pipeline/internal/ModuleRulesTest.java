package io.github.flinksplade.pipeline.internal;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.github.flinksplade.pipeline.PipelineMetrics;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import org.junit.jupiter.api.Test;

class ModuleRulesTest {

    private static final JavaClasses PIPELINE =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("io.github.flinksplade.pipeline");

    @Test
    void dependsOnEncoderAndConnectorApiOnly() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..",
                        "org.apache.flink..",
                        "org.slf4j..",
                        "com.fasterxml.jackson.core..",
                        "com.fasterxml.jackson.databind..",
                        "io.github.flinksplade.pipeline..",
                        "io.github.flinksplade.vector",
                        "io.github.flinksplade.encoder",
                        "io.github.flinksplade.connector",
                        "io.github.flinksplade.connector.json")
                .check(PIPELINE);
    }

    @Test
    void onlyEngineRegistryHasStaticState() {
        fields().that()
                .areStatic()
                .and()
                .areDeclaredInClassesThat()
                .doNotHaveSimpleName("EngineRegistry")
                .and()
                // immutable lists
                .doNotHaveFullName(DocumentMapping.class.getName() + ".OPTIONS")
                .and()
                .areDeclaredInClassesThat()
                .doNotHaveFullyQualifiedName(PipelineMetrics.class.getName())
                .should()
                .haveModifier(JavaModifier.FINAL)
                .andShould()
                .notHaveRawType(
                        DescribedPredicate.describe(
                                "a collection",
                                type ->
                                        type.isAssignableTo(java.util.Map.class)
                                                || type.isAssignableTo(java.util.Collection.class)))
                .check(PIPELINE);
    }

    @Test
    void asyncOperatorDoesNotRetry() {
        noClasses()
                .should()
                .callMethodWhere(
                        DescribedPredicate.describe(
                                "is one of *WaitWithRetry",
                                call -> call.getName().endsWith("WaitWithRetry")))
                .check(PIPELINE);
    }
}
