package io.github.flinksplade.connector.solr;
