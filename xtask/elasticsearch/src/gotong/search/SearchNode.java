package gotong.search;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One Elasticsearch node for development, reachable on 127.0.0.1 only and without security.
 *
 * <p>Arguments: the home folder with {@code modules}, the folder for data and logs, and the HTTP port.
 */
public final class SearchNode {
    private static final String NAME = "gotong-local";

    private SearchNode() {}

    public static void main(String[] args) throws Exception {
        if (args.length != 3) {
            System.err.println("usage: SearchNode HOME DATA HTTP_PORT");
            System.exit(2);
        }
        Settings settings = settings(Path.of(args[0]), Path.of(args[1]), args[2]);
        LogConfigurator.configureESLogging();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
            settings, Map.of(), Path.of(args[1], "config"), () -> NAME);
        PluginsLoader plugins = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir()), Set.of(), Map.of(), false);
        Node node = new Node(environment, plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node), "close-node"));
        node.start();
        // The node's own threads are daemons: this one keeps the process alive until a signal ends it.
        new CountDownLatch(1).await();
    }

    private static Settings settings(Path home, Path data, String port) throws Exception {
        for (String folder : new String[] {"config", "index", "logs", "snapshots"}) {
            Files.createDirectories(data.resolve(folder));
        }
        return Settings.builder()
            .put("path.home", home)
            .put("path.data", data.resolve("index"))
            .put("path.logs", data.resolve("logs"))
            .put("path.repo", data.resolve("snapshots"))
            .put("cluster.name", NAME)
            .put("node.name", NAME)
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", port)
            // A single node talks to nobody; any free port does.
            .put("transport.port", "0")
            // A developer's disk is often nearly full, and an index that turns read-only is a riddle.
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("cluster.max_shards_per_node", 5000)
            .build();
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
