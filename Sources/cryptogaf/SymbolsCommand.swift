import Exchanges
import FoundationEssentials
import Jobs
import Market
import Postgres
import Runtime
import Warehouse

/// The markets that the ingest jobs ask for.
struct SymbolsCommand: Command {
    static let name = "symbols"
    static let summary = "the markets that the ingest jobs ask for: track, untrack, list"
    static let operands = "track|untrack VENUE:SYMBOL…, or list"
    static let options: [Option] = [
        .value("--interval", "LIST", "candles to fetch, such as 1m,5m,1h (new markets: 1m)"),
        .value("--since", "TIME", "account for every candle from then on, such as 2025-01-31 or 2025-01-31T12:00Z (new markets: now)"),
        .value(
            "--depth-levels", "N", "levels of the order book to fetch, a side, from 1 to 1000, or what the venue tells (new markets: 50)"),
        .flag("--no-klines", "fetch no candles"),
        .flag("--no-depth", "fetch no order books"),
        .flag("--no-tickers", "fetch no tickers"),
        .flag("--tickers", "fetch tickers again"),
        .flag("--no-check", "track without asking the venue whether it has the market"),
        .flag("--json", "list as JSON"),
    ]
    static let requires: Set<Configuration.Section> = [.postgres]
    static let details = """
        A SYMBOL is BASE-QUOTE, at every venue. Tracking again changes what the options say and nothing else; --interval and
        --depth-levels switch on again what --no-klines and --no-depth switched off. Candles that the venue has since --since are fetched
        by ingest-klines, fill-gaps or cryptogaf backfill. untrack leaves what was fetched. A venue that can be reached must have the
        market; its tick and lot sizes are told.

        Example: cryptogaf symbols track binance:BTC-USDT kraken:BTC-USD --interval 1m,1h --no-depth
        """

    private enum Action {
        case track([VenueMarket])
        case untrack([VenueMarket])
        case list
    }

    private let action: Action
    private let changes: TrackingChanges
    private let asJSON: Bool
    private let isChecked: Bool
    private let venues: [VenueSite]
    private let timeout: Duration
    private let database: ConnectionOptions

    init(_ arguments: Arguments, _ configuration: Configuration) throws {
        action = try Self.action(arguments.operands)
        changes = try Self.changes(arguments)
        asJSON = arguments.flag("--json")
        isChecked = !arguments.flag("--no-check")
        (venues, timeout) = (configuration.venues, configuration.httpTimeout)
        database = configuration.postgres(as: Self.name)
        switch action {
        case .track(let markets):
            if asJSON { throw UsageError("--json goes with symbols list") }
            for market in markets {
                try market.require(changes.intervals ?? [])
                if let levels = changes.depthLevels { try market.require(depthLevels: levels) }
            }
        case .untrack, .list:
            guard changes == TrackingChanges(), isChecked else { throw UsageError("symbols untrack and symbols list set nothing") }
            if case .untrack = action, asJSON { throw UsageError("--json goes with symbols list") }
        }
    }

    func run(_ program: Program) throws {
        let connection = try Connection(database)
        try Schema.verify(connection)
        let symbols = TrackedSymbolRepository(connection)
        switch action {
        case .list: print(try asJSON ? Self.json(symbols.list()) : Self.table(symbols.list()))
        case .track(let markets):
            let check = isChecked ? try MarketCheck(markets, at: venues, connection, timeout: timeout, program) : MarketCheck()
            try connection.transaction { for market in markets { _ = try symbols.track(market.venue.name, market.pair, changes) } }
            for market in markets { Self.tell(market, check.listings[market.text], program.log) }
        case .untrack(let markets):
            try connection.transaction {
                for market in markets where try !symbols.untrack(market.venue.name, market.pair) {
                    throw DataFault("\(market.text) is not tracked")
                }
            }
            for market in markets { program.log.info("symbols.untracked", ["symbol": .text(market.text)]) }
        }
    }
}

// MARK: - Arguments

extension SymbolsCommand {
    private static func action(_ operands: [String]) throws -> Action {
        guard let verb = operands.first else { throw UsageError("symbols needs one of track, untrack and list") }
        switch verb {
        case "list":
            guard operands.count == 1 else { throw UsageError("symbols list takes no market") }
            return .list
        case "track", "untrack":
            guard operands.count > 1 else { throw UsageError("symbols \(verb) takes at least one VENUE:SYMBOL") }
            let markets = try operands.dropFirst().map { try VenueMarket($0) }
            // Two who took the same rows in another order would wait for each other.
            let sorted = markets.sorted { ($0.venue.name, $0.pair) < ($1.venue.name, $1.pair) }
            return verb == "track" ? .track(sorted) : .untrack(sorted)
        default: throw UsageError("symbols knows track, untrack and list (got \"\(verb)\")")
        }
    }

    private static func changes(_ arguments: Arguments) throws -> TrackingChanges {
        func off(_ flag: String, unless other: String) throws -> Bool? {
            guard arguments.flag(flag) else { return arguments.string(other) == nil ? nil : true }
            guard arguments.string(other) == nil else { throw UsageError("\(flag) and \(other) exclude each other") }
            return false
        }
        return TrackingChanges(
            klines: try off("--no-klines", unless: "--interval"), depth: try off("--no-depth", unless: "--depth-levels"),
            tickers: try tickers(arguments), intervals: try intervals(arguments.string("--interval")),
            depthLevels: try arguments.int("--depth-levels", in: TrackingChanges.depthLevelsRange), since: try since(arguments))
    }

    /// A time that is far ahead is a slip: no candle would be accounted for until then.
    private static func since(_ arguments: Arguments) throws -> Date? {
        guard let since = try arguments.time("--since") else { return nil }
        let now = Date()
        guard since <= now.addingTimeInterval(86_400) else {
            throw UsageError("--since must not be more than a day ahead of now, which is \(now.utcText)")
        }
        return since
    }

    private static func tickers(_ arguments: Arguments) throws -> Bool? {
        guard arguments.flag("--no-tickers") else { return arguments.flag("--tickers") ? true : nil }
        guard !arguments.flag("--tickers") else { throw UsageError("--tickers and --no-tickers exclude each other") }
        return false
    }

    private static func intervals(_ text: String?) throws -> [KlineInterval]? {
        guard let text else { return nil }
        let intervals = try text.split(separator: ",", omittingEmptySubsequences: false).map { code in
            guard let interval = KlineInterval(rawValue: String(code)) else {
                let known = KlineInterval.allCases.map(\.code).joined(separator: ", ")
                throw UsageError("--interval takes a list of \(known) (got \"\(code)\")")
            }
            return interval
        }
        return Array(Set(intervals)).sorted()
    }
}
