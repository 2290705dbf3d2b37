package io.github.flinksplade.encoder.layout;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The modules of a model of sentence-transformers: {@code modules.json}, and the configuration of
 * its router if it has one. Packages of module types have moved between versions, so that only the
 * class names are compared.
 */
final class ModuleChain {

    private static final List<String> ROUTER_FIELDS = List.of("types", "structure", "parameters");
    private static final List<String> ROUTER_PARAMETERS =
            List.of("default_route", "allow_empty_key", "route_mappings");

    /** A key of {@code route_mappings}: a Python tuple of a task and a modality. */
    private static final Pattern MAPPING =
            Pattern.compile("\\(\\s*(None|'[^']*'|\"[^\"]*\")\\s*,\\s*(.*?)\\s*\\)");

    /**
     * A module.
     *
     * @param type the name of its class, without the package
     * @param path its folder in the model's; empty for the model's own
     * @param statedIn the location of the file that names it
     */
    record Module(String type, String path, String statedIn) {}

    private record Router(
            String location,
            Map<String, List<Module>> routes,
            String defaultRoute,
            Map<String, String> mappings) {}

    private final List<Module> modules;
    private final Map<String, Router> routers = new LinkedHashMap<>();
    private final Set<String> warnings = new LinkedHashSet<>();

    private ModuleChain(List<Module> modules) {
        this.modules = modules;
    }

    /**
     * @throws ModelException if a file is missing or invalid
     */
    static ModuleChain read(ModelFolder folder) {
        JsonFile file = JsonFile.read(folder, SentenceTransformersLayout.MODULES);
        if (!file.json().isArray() || file.json().isEmpty()) {
            throw file.invalid(
                    "contains "
                            + JsonFile.abbreviate(file.json())
                            + ", not a list of modules; download or export the model again");
        }
        List<Module> modules = new ArrayList<>();
        for (JsonNode entry : file.json()) {
            JsonNode type = entry.path("type");
            JsonNode path = entry.path("path");
            if (!type.isTextual() || !path.isTextual()) {
                throw file.invalid(
                        "has the module "
                                + JsonFile.abbreviate(entry)
                                + " without a type or a path; download or export the model again");
            }
            modules.add(module(file, type.textValue(), path.textValue()));
        }
        ModuleChain chain = new ModuleChain(modules);
        for (Module module : modules) {
            if (isRouter(module)) {
                chain.routers.put(module.path(), router(folder, module));
            }
        }
        return chain;
    }

    private static Module module(JsonFile file, String type, String path) {
        String normalized = path.equals(".") ? "" : path.replaceFirst("^\\./", "");
        if (normalized.startsWith("/")
                || normalized.contains("\\")
                || List.of(normalized.split("/")).contains("..")) {
            throw file.invalid("has the path '" + path + "', which is outside the model");
        }
        return new Module(type.substring(type.lastIndexOf('.') + 1), normalized, file.location());
    }

    private static boolean isRouter(Module module) {
        return module.type().equals("Router") || module.type().equals("Asym");
    }

    private static Router router(ModelFolder folder, Module module) {
        String name = ModelFolder.name(module.path(), "router_config.json");
        if (!folder.contains(name)) {
            // Asym, before version 5
            name = ModelFolder.name(module.path(), "config.json");
        }
        if (!folder.contains(name)) {
            throw missing(folder, module, "router_config.json");
        }
        JsonFile file = JsonFile.readObject(folder, name);
        if (file.get("structure") == null || file.get("types") == null) {
            throw file.invalid(
                    "has no 'types' and 'structure', so the routes of the "
                            + module.type()
                            + " in modules.json are unknown; download or export the model again");
        }
        file.requireKnown(ROUTER_FIELDS);
        Map<String, String> types = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> type : file.entries("types")) {
            types.put(type.getKey(), type.getValue().asText());
        }
        Map<String, List<Module>> routes = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> route : file.entries("structure")) {
            List<Module> modules = new ArrayList<>();
            for (JsonNode id : route.getValue()) {
                String type = types.get(id.asText());
                if (type == null) {
                    throw file.invalid(
                            "has the module '"
                                    + id.asText()
                                    + "' in the route '"
                                    + route.getKey()
                                    + "', but no type for it; download or export the model again");
                }
                Module child = module(file, type, id.asText());
                String path =
                        child.path().isEmpty()
                                ? module.path()
                                : ModelFolder.name(module.path(), child.path());
                modules.add(new Module(child.type(), path, file.location()));
            }
            if (modules.isEmpty()) {
                throw file.invalid("has no modules in the route '" + route.getKey() + "'");
            }
            routes.put(route.getKey(), modules);
        }
        if (routes.isEmpty()) {
            throw file.invalid("has no routes; supported are the routes query and document");
        }
        JsonNode parameters = file.get("parameters");
        JsonFile options =
                new JsonFile(
                        name,
                        file.location(),
                        parameters == null ? JsonNodeFactory.instance.objectNode() : parameters);
        options.requireKnown(ROUTER_PARAMETERS);
        String defaultRoute = options.text("default_route", null);
        JsonNode allowEmpty = options.get("allow_empty_key");
        if (defaultRoute == null && (allowEmpty == null || allowEmpty.asBoolean())) {
            defaultRoute = routes.keySet().iterator().next();
        }
        if (defaultRoute != null && !routes.containsKey(defaultRoute)) {
            throw file.invalid(
                    "has the default_route '"
                            + defaultRoute
                            + "', but only the routes "
                            + String.join(", ", routes.keySet()));
        }
        return new Router(file.location(), routes, defaultRoute, mappings(file, options, routes));
    }

    /** The route of each "task" and "task|modality"; the task None is empty. */
    private static Map<String, String> mappings(
            JsonFile file, JsonFile options, Map<String, List<Module>> routes) {
        Map<String, String> mappings = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> mapping : options.entries("route_mappings")) {
            Matcher key = MAPPING.matcher(mapping.getKey());
            String route = mapping.getValue().asText();
            if (!key.matches() || !routes.containsKey(route)) {
                throw file.invalid(
                        "has the route mapping "
                                + mapping.getKey()
                                + ": "
                                + mapping.getValue()
                                + "; supported are tuples of a task and a modality, and the routes "
                                + String.join(", ", routes.keySet()));
            }
            mappings.put(unquoted(key.group(1)) + "|" + unquoted(key.group(2)), route);
        }
        return mappings;
    }

    private static String unquoted(String python) {
        return python.equals("None") ? "" : python.replaceAll("^['\"]|['\"]$", "");
    }

    /** An error about a file that a module does not have. */
    static ModelException missing(ModelFolder folder, Module module, String file) {
        return new ModelException(
                folder.location(ModelFolder.name(module.path(), file))
                        + " is missing, but "
                        + module.statedIn()
                        + " names the module "
                        + module.type()
                        + "; download or export the model again");
    }

    /** The folders of all modules. */
    Set<String> paths() {
        Set<String> paths = new LinkedHashSet<>();
        for (Module module : modules) {
            Router router = routers.get(module.path());
            if (isRouter(module) && router != null) {
                router.routes().values().stream()
                        .flatMap(List::stream)
                        .map(Module::path)
                        .forEach(paths::add);
            } else {
                paths.add(module.path());
            }
        }
        return paths;
    }

    /**
     * The modules that encode texts of a task, {@code query} or {@code document}.
     *
     * @throws ModelException if a router has no route for it
     */
    List<Module> route(String task) {
        List<Module> route = new ArrayList<>();
        for (Module module : modules) {
            if (isRouter(module)) {
                Router router = routers.get(module.path());
                route.addAll(router.routes().get(routeName(router, task)));
            } else {
                route.add(module);
            }
        }
        return route;
    }

    private String routeName(Router router, String task) {
        for (String key : List.of(task + "|text", task + "|", "|text", "|")) {
            String mapped = router.mappings().get(key);
            if (mapped != null) {
                return mapped;
            }
        }
        if (router.routes().containsKey(task)) {
            return task;
        }
        String names = String.join(", ", router.routes().keySet());
        if (router.defaultRoute() == null) {
            throw new ModelException(
                    router.location()
                            + " has only the routes "
                            + names
                            + " and no default_route, so no route encodes "
                            + task
                            + " texts; supported are the routes query and document");
        }
        warnings.add(
                router.location()
                        + " has no route '"
                        + task
                        + "', only "
                        + names
                        + "; its default_route '"
                        + router.defaultRoute()
                        + "' is used for it");
        return router.defaultRoute();
    }

    /** What was assumed when routes were chosen. */
    Set<String> warnings() {
        return warnings;
    }
}
