// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A C library of the system; only the Swift module beside it may import it.
func library(_ name: String, _ pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "cryptogaf",
    products: [.executable(name: "cryptogaf", targets: ["cryptogaf"])],
    targets: [
        library("CPostgres", "libpq", apt: "libpq-dev"),
        library("CFastCGI", "fcgi", apt: "libfcgi-dev"),
        library("CCurl", "libcurl", apt: "libcurl4-openssl-dev"),
        library("CPNG", "libpng", apt: "libpng-dev"),
        library("CISAL", "libisal", apt: "libisal-dev"),
        library("CCrypto", "libcrypto", apt: "libssl-dev"),
        .systemLibrary(name: "CSystem"),
        .target(
            name: "CGramian",
            // Contracted multiply-adds round once where the reference rounds twice: pixels would move.
            cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),
        .target(name: "CBase64", cSettings: [.unsafeFlags(["-O3"])]),

        // Pure: no I/O, no clock.
        module("Market"),
        module("Analysis", ["CGramian"]),
        module("HTTP"),
        module("Base64", ["CBase64"]),

        // Wrappers: the only importers of their C library; they know nothing of markets.
        module("Runtime", ["CSystem"]),
        module("Postgres", ["CPostgres"]),
        module("FastCGI", ["CFastCGI", "HTTP", "Runtime"]),
        module("Curl", ["CCurl"]),
        module("Deflate", ["CISAL"]),
        module("Digest", ["CCrypto"]),
        module("PNG", ["CPNG", "Deflate"]),

        // Adapters: they never import each other.
        module("Exchanges", ["Market", "Curl", "Runtime"]),
        module("Warehouse", ["Market", "Postgres"]),
        module("Lake", ["Curl", "Deflate", "Digest", "Runtime"]),

        // Use cases.
        module("API", ["Base64", "HTTP", "Market", "Exchanges", "Warehouse", "Postgres"]),
        module("Jobs", ["Market", "Analysis", "PNG", "Curl", "Exchanges", "Warehouse", "Lake", "Digest", "Postgres", "Runtime"]),

        .executableTarget(
            name: "cryptogaf",
            dependencies: ["API", "Jobs", "FastCGI", "HTTP", "Exchanges", "Warehouse", "Lake", "Postgres", "Runtime", "Market"],
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["Runtime", "Postgres", "Warehouse", "Lake", "Market", "Analysis"],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .executableTarget(
            name: "cryptogaf-bench",
            dependencies: ["Market", "Exchanges", "Analysis", "PNG", "Jobs", "Warehouse", "Lake", "Postgres", "Runtime", "TestSupport"],
            path: "Tests/Benchmarks/Bench",
            swiftSettings: strict
        ),
        tests("RuntimeTests", ["Runtime"]),
        tests("MarketTests", ["Market", "TestSupport"]),
        tests("AnalysisTests", ["Analysis", "TestSupport"]),
        tests("HTTPTests", ["HTTP"]),
        tests("Base64Tests", ["Base64"]),
        tests("PostgresTests", ["Postgres", "TestSupport"]),
        tests("FastCGITests", ["FastCGI", "HTTP", "Runtime", "TestSupport"]),
        tests("CurlTests", ["Curl", "TestSupport"]),
        tests("DeflateTests", ["Deflate", "TestSupport"]),
        tests("DigestTests", ["Digest", "TestSupport"]),
        tests("PNGTests", ["PNG", "CPNG", "TestSupport"]),
        tests("LakeTests", ["Lake", "Curl", "Deflate", "Digest", "Runtime", "TestSupport"]),
        tests("ExchangesTests", ["Exchanges", "Market", "TestSupport"]),
        tests("WarehouseTests", ["Warehouse", "Postgres", "Market", "TestSupport"]),
        tests("APITests", ["API", "HTTP", "Curl", "Warehouse", "Postgres", "Exchanges", "Market", "TestSupport"]),
        tests(
            "JobsTests",
            [
                "Jobs", "API", "HTTP", "Curl", "Warehouse", "Lake", "Postgres", "Exchanges", "Market", "Runtime", "Analysis", "PNG",
                "TestSupport",
            ]),
        tests("cryptogafTests", ["cryptogaf", "Jobs", "Digest", "Lake", "Warehouse", "Market", "TestSupport", "Postgres"]),
        tests("HouseRulesTests", ["TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
