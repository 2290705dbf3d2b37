package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorUri;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The files of this machine. */
enum LocalFiles implements FileStorage {
    INSTANCE;

    @Override
    public Kind kind(String path) {
        Path file = Path.of(path);
        if (Files.isRegularFile(file)) {
            return Kind.FILE;
        }
        if (Files.isDirectory(file)) {
            return Kind.FOLDER;
        }
        return Files.exists(file) ? Kind.OTHER : Kind.MISSING;
    }

    @Override
    public List<FilePattern.ListedFile> list(String folder) throws IOException {
        Path root = Path.of(folder);
        List<FilePattern.ListedFile> files = new ArrayList<>();
        try (Stream<Path> paths = Files.list(root)) {
            for (Path file : (Iterable<Path>) paths::iterator) {
                if (!isHidden(file) && Files.isRegularFile(file)) {
                    add(file, nameIn(root, file), files);
                }
            }
        }
        return files;
    }

    @Override
    public List<FilePattern.ListedFile> walk(String folder, int depth, Predicate<String> matches)
            throws IOException {
        Path root = Path.of(folder);
        List<FilePattern.ListedFile> files = new ArrayList<>();
        Files.walkFileTree(
                root,
                EnumSet.of(FileVisitOption.FOLLOW_LINKS),
                depth,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes a) {
                        return !visited.equals(root) && isHidden(visited)
                                ? FileVisitResult.SKIP_SUBTREE
                                : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        if (!isHidden(file)
                                && attributes.isRegularFile()
                                && matches.test(nameIn(root, file))) {
                            add(file, nameIn(root, file), files);
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        return files;
    }

    /** Skips a file that was removed after its folder was listed. */
    private static void add(Path file, String name, List<FilePattern.ListedFile> files)
            throws IOException {
        FileVersion version;
        try {
            version = FileVersion.of(file);
        } catch (NoSuchFileException e) {
            return;
        }
        files.add(new FilePattern.ListedFile(file.toString(), name, version));
    }

    private static boolean isHidden(Path file) {
        return FileStorage.isHidden(file.getFileName().toString());
    }

    @Override
    public FileVersion version(String path) throws IOException {
        return FileVersion.of(Path.of(path));
    }

    @Override
    public boolean isReadable(String path) {
        return Files.isReadable(Path.of(path));
    }

    @Override
    public OpenFile open(String path) throws IOException {
        FileChannel file = FileChannel.open(Path.of(path), StandardOpenOption.READ);
        return new OpenFile() {
            @Override
            public long size() throws IOException {
                return file.size();
            }

            @Override
            public InputStream from(long position) throws IOException {
                return Channels.newInputStream(file.position(position));
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        };
    }

    @Override
    public String nameIn(String folder, String file) {
        return nameIn(Path.of(folder), Path.of(file));
    }

    private static String nameIn(Path folder, Path file) {
        return folder.relativize(file).toString().replace(File.separatorChar, '/');
    }

    @Override
    public String fileName(String path) {
        return Path.of(path).getFileName().toString();
    }

    @Override
    public String suggestion(String missing) {
        Path path = Path.of(missing);
        Path folder = path.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return null;
        }
        try (Stream<Path> siblings = Files.list(folder)) {
            return ConnectorUri.nearest(
                    path.getFileName().toString(),
                    siblings.map(sibling -> sibling.getFileName().toString()).sorted().toList());
        } catch (IOException e) {
            return null; // report the missing file, not that its folder cannot be listed
        }
    }
}
