import Foundation
import Postgres
import TestSupport
import Warehouse

/// The program's `serve` behind a real nginx, on free ports and a database of its own.
final class NginxStack {
    let cluster: PostgresCluster
    let database: String
    let page: Int
    let old: Int
    let venue: Int
    let serve: Subprocess
    private let nginx: Subprocess
    /// nginx' own words: its error log.
    var nginxOutput: String { nginx.output }
    private let directory: String

    static let program: String? = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static var isPresent: Bool { program != nil }

    /// - Parameters:
    ///   - own: a server of its own, for a test that stops it.
    ///   - settings: of nginx' template, other than usual.
    init(own: Bool = false, settings: [String: String] = [:]) throws {
        if own {
            cluster = try PostgresCluster()
            database = "postgres"
            try Migrator(Connection(cluster.options()), directory: Repository.sql).run()
        } else {
            let test = try TestPostgres.database()
            (cluster, database) = (test.cluster, test.name)
        }
        (page, old, venue) = (try Free.port(), try Free.port(), try Free.port())
        directory = try Free.directory()
        serve = try NginxStack.startServe(directory, cluster, database)
        let values = [
            "LISTEN": "127.0.0.1:\(page)", "API_LISTEN": "127.0.0.1:\(old)", "VENUE_LISTEN": "127.0.0.1:\(venue)",
            "SERVE": "unix:\(directory)/serve", "EXCHANGE": "unix:\(directory)/exchange", "KEEP_CONNECTIONS": "on",
            "SITE": "\(Repository.root)/nginx/site/*.conf", "NGINX_DIR": "\(Repository.root)/nginx",
            "SWAGGER_UI": "\(directory)/ui", "ACCESS_LOG": "\(directory)/access.log", "WORKERS": "1", "CLIENT_RATE": "100",
            "CLIENT_CONNECTIONS": "100", "UNLIMITED": "127.0.0.0/8 0; ::1 0;", "ALLOW_ORIGIN": "*",
        ]
        nginx = try NginxStack.startNginx(directory, values.merging(settings) { $1 })
        try waitUntilItAnswers()
    }

    deinit {
        for process in [nginx, serve] { process.signal(SIGTERM) }
        for process in [nginx, serve] { _ = process.wait(for: .seconds(10)) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    func connect() throws -> Connection { try Connection(cluster.options(database: database)) }

    func get(_ target: String, _ headers: [String: String] = [:], method: String = "GET", port: Int? = nil) throws -> HTTPAnswer {
        try HTTPClient(port: port ?? page).ask(target, headers, method: method)
    }

    /// nginx' log, with what it still holds back.
    func accessLog() throws -> [String] {
        nginx.signal(SIGUSR1)
        usleep(300_000)
        // What clients sent need not be UTF-8.
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/access.log"))
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func startServe(_ directory: String, _ cluster: PostgresCluster, _ database: String) throws -> Subprocess {
        try Program.start(
            ["serve", "--socket", "\(directory)/serve", "--threads", "4"],
            environment: [
                "POSTGRES_HOST": cluster.directory, "POSTGRES_PORT": String(cluster.port), "POSTGRES_USER": "postgres",
                "POSTGRES_DB": database,
            ])
    }

    private static func startNginx(_ directory: String, _ values: [String: String]) throws -> Subprocess {
        var text = try String(contentsOfFile: "\(Repository.root)/nginx/nginx.conf.template", encoding: .utf8)
        for (name, value) in values { text = text.replacingOccurrences(of: "${\(name)}", with: value) }
        try text.write(toFile: "\(directory)/nginx.conf", atomically: false, encoding: .utf8)
        try FileManager.default.createDirectory(atPath: "\(directory)/ui", withIntermediateDirectories: false)
        try "/* style */".write(toFile: "\(directory)/ui/swagger-ui.css", atomically: false, encoding: .utf8)
        // Root's workers would become somebody who may not enter our folders.
        let user = getuid() == 0 ? "user root;" : ""
        return try Subprocess(
            program ?? "nginx",
            ["-p", directory, "-c", "\(directory)/nginx.conf", "-e", "stderr", "-g", "daemon off; \(user)"])
    }

    private func waitUntilItAnswers() throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if let answer = try? get("/healthz"), answer.status == 200 { return }
            usleep(20_000)
        }
        throw HTTPClient.Failure(what: "nginx does not answer: \(nginx.output) \(serve.output)")
    }
}
