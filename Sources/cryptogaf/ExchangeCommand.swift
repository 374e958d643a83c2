import API
import Exchanges
import FastCGI
import FoundationEssentials
import HTTP
import Market
import Runtime
import Synchronization

/// `cryptogaf exchange`: a market that needs no network, for demonstrations, tests and replay.
struct ExchangeCommand: Command {
    static let name = "exchange"
    static let summary = "a local venue that speaks coinbase-local's REST API, from a capture or a synthetic market"
    static let options: [Option] =
        [
            .values(
                "--capture", "PATH", "replay a recorded feed of Coinbase, Kraken or OKX: a file, a folder of files, or several of them"),
            .value("--synthetic", "SEED", "make up a market from a whole number; the same number gives the same market"),
            .value("--products", "N", "how many products the synthetic market has, 1 to \(SyntheticVenue.productLimit); default 6"),
            .value("--speed", "X", "run the market's clock X times as fast; default 1"),
            .flag("--loop", "begin the capture again at its end"),
            .value("--step", "SECONDS", "no clock: each request of an interval moves its product on by so much capture time"),
            .value("--threads", "N", "how many requests are answered at once, 1 to 256; default 8"),
            .flag("--list-products", "print each product with a bucket width that suits it, and end"),
        ] + Endpoint.options
    static let details = """
        Answers GET /api/orderBook/interval, /api/orderBook/marketOrders, /api/products, /healthz and /readyz as FastCGI, behind nginx.

          cryptogaf exchange --capture COINBASE.ws.28.0 --loop --socket /run/exchange.sock
          cryptogaf exchange --capture KRAKEN.ws.48.0 --capture KRAKEN.ws.50.0 --step 0.1 --listen :9000
          cryptogaf exchange --synthetic 42 --products 200 --listen 127.0.0.1:9000
        """

    private enum Market {
        case capture(paths: [String], loops: Bool, speed: Double)
        case stepped(paths: [String], loops: Bool, step: Duration)
        case synthetic(seed: UInt64, products: Int, speed: Double)
    }

    private let market: Market
    private let endpoint: Endpoint?
    private let threads: Int

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        guard arguments.operands.isEmpty else { throw UsageError("exchange takes no operand (got \"\(arguments.operands[0])\")") }
        market = try Self.market(arguments)
        threads = try arguments.int("--threads", default: 8, in: 1...256)
        endpoint = arguments.flag("--list-products") ? nil : try Endpoint(arguments)
    }

    private static func market(_ arguments: Arguments) throws -> Market {
        let speed = try speed(arguments)
        let step = try arguments.duration("--step", in: .milliseconds(1) ... .seconds(3600))
        let products = try arguments.int("--products", in: 1...SyntheticVenue.productLimit)
        let paths = arguments.strings("--capture")
        switch (paths.isEmpty, arguments.string("--synthetic")) {
        case (false, nil):
            guard products == nil else { throw UsageError("--products goes with --synthetic; a capture has the products it has") }
            let loops = arguments.flag("--loop")
            guard let step else { return .capture(paths: paths, loops: loops, speed: speed ?? 1) }
            guard speed == nil else { throw UsageError("--step has no clock that --speed could run faster") }
            return .stepped(paths: paths, loops: loops, step: step)
        case (true, let text?):
            guard let seed = UInt64(text) else { throw UsageError("--synthetic takes a whole number as its seed (got \"\(text)\")") }
            guard step == nil, !arguments.flag("--loop") else { throw UsageError("--step and --loop go with --capture") }
            return .synthetic(seed: seed, products: products ?? 6, speed: speed ?? 1)
        default:
            throw UsageError("exchange needs one of --capture and --synthetic")
        }
    }

    private static func speed(_ arguments: Arguments) throws -> Double? {
        try arguments.string("--speed").map { text in
            guard let speed = (try? Decimal(strict: text))?.nearestDouble, (0.001...10_000).contains(speed) else {
                throw UsageError("--speed takes a number from 0.001 to 10000 (got \"\(text)\")")
            }
            return speed
        }
    }

    func run(_ program: Program) throws {
        let venue = try venue(FaultLog(program.log))
        guard let endpoint else {
            for product in venue.products { print("\(product.symbol)\t\(product.aggregation.plainText)") }
            return
        }
        var router = Router<Void>()
        OrderBookRoutes(venue).register(on: &router)
        let listening = try ListeningSocket(endpoint)
        program.log.info(
            "exchange.started",
            [
                "source": .text(venue.source.rawValue), "products": .integer(venue.products.count), "endpoint": "\(listening.endpoint)",
                "threads": .integer(threads),
            ])
        Server(listening, threads: threads, log: program.log).run(router, stop: program.stop) {}
        program.log.info("exchange.stopped")
    }

    private func venue(_ faults: FaultLog) throws -> any SimulatedVenue {
        switch market {
        case .capture(let paths, let loops, let speed):
            try CaptureVenue(paths: paths, loops: loops, clock: .running(speed: speed), report: faults.record)
        case .stepped(let paths, let loops, let step):
            try SteppedCaptureVenue(paths: paths, step: step.nanoseconds, loops: loops, report: faults.record)
        case .synthetic(let seed, let products, let speed):
            SyntheticVenue(seed: seed, productCount: products, start: Date(), clock: .running(speed: speed))
        }
    }
}

/// Logs the first lines that a replay leaves out, and then only how many there are by now; so also, for each product, the messages after
/// which its book is not the venue's.
private final class FaultLog: Sendable {
    private static let loggedLimit = 10
    private static let tallyInterval = 1_000

    private let log: Log
    private let counts = Mutex((linesLeftOut: 0, mismatches: [String: Int]()))

    init(_ log: Log) { self.log = log }

    @Sendable func record(_ fault: CaptureFault) {
        switch fault.kind {
        case .lineLeftOut:
            let count = counts.withLock { counts in
                counts.linesLeftOut += 1
                return counts.linesLeftOut
            }
            if count <= Self.loggedLimit {
                log.warning(
                    "exchange.line_left_out",
                    ["file": .text(fault.path), "line": .integer(fault.line), "reason": .text(fault.reason), "count": .integer(count)])
            } else if count.isMultiple(of: Self.tallyInterval) {
                log.warning("exchange.lines_left_out", ["count": .integer(count)])
            }
        case .checksumMismatch(let product): record(fault, mismatching: product)
        }
    }

    private func record(_ fault: CaptureFault, mismatching product: String) {
        let count = counts.withLock { counts in
            counts.mismatches[product, default: 0] += 1
            return counts.mismatches[product, default: 0]
        }
        if count <= Self.loggedLimit {
            log.warning(
                "exchange.checksum_mismatch",
                [
                    "product": .text(product), "file": .text(fault.path), "line": .integer(fault.line), "reason": .text(fault.reason),
                    "count": .integer(count),
                ])
        } else if count.isMultiple(of: Self.tallyInterval) {
            log.warning("exchange.checksum_mismatches", ["product": .text(product), "count": .integer(count)])
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}

extension CaptureError: ExitCoded {
    var exitCode: ExitCode { .data }
}
