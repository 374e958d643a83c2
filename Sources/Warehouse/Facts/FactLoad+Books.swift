import FoundationEssentials
import Market
import Postgres

extension FactLoad {
    /// A book is whole: of two received in the same millisecond one goes with all its levels.
    func settleBooks(_ books: [SettledBatch.Book], _ exchange: String) throws(PostgresError) {
        let staged = staged(books)
        // Of two that are loaded at once neither would see the other. A lock for ten minutes of a venue, since locks are few.
        _ = try connection.query(
            """
            SELECT pg_advisory_xact_lock(\(AdvisoryLock.Purpose.books.rawValue)::integer, place) FROM (
                SELECT DISTINCT hashtext(\(exchange)::text || ' ' || floor(extract(epoch FROM s.captured_at) / 600)::bigint) AS place
                FROM \(staged) ORDER BY 1) AS places
            """)
        let sameBook: SQL = "f.exchange = \(exchange) AND f.symbol = s.symbol AND f.captured_at = s.captured_at"
        try connection.execute(
            "DELETE FROM crypto_gaf.fact_orderbook f USING \(staged) WHERE \(sameBook) AND f.object_hash < s.object_hash")
        try connection.execute(
            """
            DELETE FROM pg_temp.\(unescaped: FactTable.orderbook.staging) f USING \(staged) WHERE \(sameBook) AND EXISTS (
                SELECT FROM crypto_gaf.fact_orderbook f WHERE \(sameBook) AND f.object_hash > s.object_hash)
            """)
    }

    /// The columns that tell books and their objects, as `s`.
    func staged(_ books: [SettledBatch.Book]) -> SQL {
        """
        unnest(\(books.map(\.symbol))::text[], \(books.map { Date(milliseconds: $0.time) })::timestamptz[],
            \(books.map(\.hash))::bigint[]) AS s (symbol, captured_at, object_hash)
        """
    }
}
