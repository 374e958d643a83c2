import FoundationEssentials
public import Market
public import Postgres

/// A sample on its way into the database, and what `collect` knows beside it.
public struct SampleRecord: Equatable, Sendable {
    public var sample: Sample
    /// `LIVE`, `REPLAY` or `SYNTHETIC`.
    public var source: String
    /// How often trades were lost since the sample before.
    public var gaps: Int

    public init(_ sample: Sample, source: String = "LIVE", gaps: Int = 0) {
        self.sample = sample
        self.source = source
        self.gaps = gaps
    }
}

/// A product whose samples the database did not take.
public struct RejectedProduct: Sendable {
    public let product: String
    /// Nil: the product is not, or no longer, on show.
    public let cause: PostgresError?
}

/// The writing side of `crypto_gaf.samples`.
public struct SampleRepository {
    let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// Appends the samples in their order, trims each of their products to its `max_size`, and notes in `feeds` where it stands:
    /// one statement, one round trip, one transaction.
    ///
    /// A value that Postgres refuses costs only its product's samples; then each product goes by itself. Any other error is
    /// thrown, and none of the samples is in the database, unless the connection was lost, which leaves that open.
    ///
    /// - Returns: the products whose samples were not taken.
    public func append(_ records: [SampleRecord]) throws(PostgresError) -> [RejectedProduct] {
        guard !records.isEmpty else { return [] }
        do {
            return try appendTogether(records)
        } catch {
            guard error.isFaultOfValue else { throw error }
            return try appendSeparately(records)
        }
    }

    private func appendSeparately(_ records: [SampleRecord]) throws(PostgresError) -> [RejectedProduct] {
        var rejected: [RejectedProduct] = []
        for product in Set(records.map(\.sample.product)).sorted() {
            do {
                rejected += try appendTogether(records.filter { $0.sample.product == product })
            } catch {
                guard error.isFaultOfValue else { throw error }
                rejected.append(RejectedProduct(product: product, cause: error))
            }
        }
        return rejected
    }

    /// How many samples each product has before this statement, as `feeds` knows. Counting them takes 600 index entries a product, so
    /// that is done only when the oldest is not the one that we left, since then others have trimmed, and about once a minute, in case
    /// others wrote; not for all products in the same tick.
    private static let counted: SQL = """
        SELECT k.product, k.max_size, k.fresh,
            CASE WHEN due.recount THEN (SELECT count(*) FROM crypto_gaf.samples s WHERE s.product = k.product) ELSE f.kept END AS kept,
            CASE WHEN due.recount THEN clock_timestamp() ELSE f.counted_at END AS counted_at
        FROM (SELECT product, max_size, count(*) AS fresh FROM known GROUP BY product, max_size) k
        LEFT JOIN crypto_gaf.feeds f USING (product)
        CROSS JOIN LATERAL (SELECT f.kept IS NULL OR f.counted_at IS NULL
            OR f.oldest IS DISTINCT FROM (SELECT s.sample_id FROM crypto_gaf.samples s WHERE s.product = k.product ORDER BY s.sample_id LIMIT 1)
            OR f.counted_at > clock_timestamp()
            OR f.counted_at + (45 + abs(hashtext(k.product) % 30)) * interval '1 s' < clock_timestamp() AS recount) due
        """

    private func appendTogether(_ records: [SampleRecord]) throws(PostgresError) -> [RejectedProduct] {
        let rows = try connection.query(
            """
            WITH input AS (
                SELECT * FROM \(SampleColumnsInput(records).unnested)
            ), known AS (
                SELECT i.*, coalesce(g.max_size, 600) AS max_size
                FROM input i JOIN crypto_gaf.gafs g USING (product)
            ), inserted AS (
                INSERT INTO crypto_gaf.samples (product, sampled_at, midpoint, ask_prices, ask_sizes, ask_orders,
                    bid_prices, bid_sizes, bid_orders, buys, sells, last_trade)
                SELECT product, sampled_at, midpoint, ask_prices::numeric[], ask_sizes::numeric[], ask_orders::integer[],
                    bid_prices::numeric[], bid_sizes::numeric[], bid_orders::integer[], buys::numeric[], sells::numeric[], last_trade
                FROM known ORDER BY position
            ), counted AS (
                \(Self.counted)
            ), stock AS (
                SELECT *, least(kept, greatest(kept + fresh - max_size, 0)) AS surplus FROM counted
            ), trimmed AS (
                -- An array, since the planner expects few elements of it and so never scans the table.
                DELETE FROM crypto_gaf.samples WHERE sample_id = ANY (ARRAY(
                    SELECT old.sample_id FROM stock CROSS JOIN LATERAL (SELECT s.sample_id FROM crypto_gaf.samples s
                        WHERE s.product = stock.product ORDER BY s.sample_id LIMIT stock.surplus) old))
            ), fed AS (
                INSERT INTO crypto_gaf.feeds AS f (product, source, last_trade, last_sample_at, gaps, kept, counted_at, oldest)
                SELECT DISTINCT ON (k.product) k.product, k.source, k.last_trade, k.sampled_at, sum(k.gaps) OVER (PARTITION BY k.product),
                    s.kept + s.fresh - s.surplus, s.counted_at, (SELECT o.sample_id FROM crypto_gaf.samples o
                        WHERE o.product = k.product ORDER BY o.sample_id OFFSET s.surplus LIMIT 1)
                FROM known k JOIN stock s USING (product) ORDER BY k.product, k.position DESC
                ON CONFLICT (product) DO UPDATE SET source = excluded.source, last_trade = excluded.last_trade,
                    last_sample_at = excluded.last_sample_at, gaps = f.gaps + excluded.gaps, kept = excluded.kept,
                    counted_at = excluded.counted_at, oldest = excluded.oldest
            )
            SELECT DISTINCT product FROM input WHERE product NOT IN (SELECT product FROM known) ORDER BY product
            """)
        return try rows.map { row throws(PostgresError) in RejectedProduct(product: try row.text(0), cause: nil) }
    }
}

extension PostgresError {
    /// Classes "data exception" and "integrity constraint violation", and what we refuse to send.
    fileprivate var isFaultOfValue: Bool {
        code == .value || sqlState.map { $0.hasPrefix("22") || $0.hasPrefix("23") } ?? false
    }
}

/// Samples as one array per column; a row's own arrays travel as text, since an array of arrays would have to be even.
private struct SampleColumnsInput {
    let records: [SampleRecord]

    init(_ records: [SampleRecord]) { self.records = records }

    var unnested: SQL {
        """
        unnest(\(column(\.product))::text[], \(column(\.sampledAt))::timestamptz[], \(column(\.book.midpoint))::numeric[],
            \(levels(\.asks, \.price))::text[], \(levels(\.asks, \.size))::text[], \(levels(\.asks, \.orders))::text[],
            \(levels(\.bids, \.price))::text[], \(levels(\.bids, \.size))::text[], \(levels(\.bids, \.orders))::text[],
            \(volumes(\.buy))::text[], \(volumes(\.sell))::text[], \(column(\.flow.sequence))::bigint[],
            \(records.map(\.source))::text[], \(records.map(\.gaps))::bigint[])
        WITH ORDINALITY AS input (product, sampled_at, midpoint, ask_prices, ask_sizes, ask_orders, bid_prices, bid_sizes, bid_orders,
            buys, sells, last_trade, source, gaps, position)
        """
    }

    private func column<T>(_ path: KeyPath<Sample, T>) -> [T] { records.map { $0.sample[keyPath: path] } }

    private func levels<T: SQLElement>(_ side: KeyPath<BookSnapshot, [PriceLevel]>, _ value: KeyPath<PriceLevel, T>) -> [String] {
        records.map { $0.sample.book[keyPath: side].map { $0[keyPath: value] }.arrayLiteral }
    }

    /// Price, size, number: the order of the seed's columns.
    private func volumes(_ side: KeyPath<TakerFlow, TakerVolume>) -> [String] {
        records.map { record in
            let volume = record.sample.flow[keyPath: side]
            return [volume.price, volume.size, Decimal(volume.orders)].arrayLiteral
        }
    }
}
